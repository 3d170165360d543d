// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REDACTION_H_
#define LANYARD_SDK_INTERNAL_REDACTION_H_

#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// A path for messages. Where somebody gave the content of a file in place of its path, which may be
// a key or a token, it says so and does not repeat it.
std::string PrintablePath(absl::string_view path);

// What a parser says about a text that may hold secrets by mistake: words that look like one are
// left out.
std::string WithoutSecrets(absl::string_view message);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REDACTION_H_
