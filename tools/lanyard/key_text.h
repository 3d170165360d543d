// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_TEXT_H_
#define LANYARD_TOOLS_LANYARD_KEY_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::tools {

// Which half of a key is written.
enum class Half { kPublic, kPrivate };

// Keys in a format: "jwk", "jwks" or "pem", without a line's end after JSON. Errors: more than one
// key as "jwk", a half that a key does not have, an HMAC secret as PEM.
absl::StatusOr<internal::Secret> KeyText(const std::vector<Key>& keys, const std::string& format,
                                         Half half);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_TEXT_H_
