// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REPEATABLE_H_
#define LANYARD_SDK_INTERNAL_REPEATABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// What another party said, for a message of ours: one line that is safe to show (see Printable()),
// without words that look like a key or a token. Empty if the text holds eight characters in a row
// of one of the secrets (or all of a shorter one), since who was sent a secret can send it back;
// and if it is too long to be searched for them.
std::string Repeatable(absl::string_view text, const std::vector<Secret>& secrets,
                       size_t max_bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REPEATABLE_H_
