// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_BASE64URL_H_
#define LANYARD_SDK_INTERNAL_BASE64URL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Decodes base64url without padding (RFC 7515 section 2), appending to `out`. Strict, so that one
// byte string has one spelling: false for '=', white space, any other character, a length of
// 1 modulo 4, or tail bits that are not zero. On false `out` holds nothing useful.
bool Base64UrlDecode(absl::string_view text, std::string* out);

// Encodes without padding.
std::string Base64UrlEncode(absl::string_view bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_BASE64URL_H_
