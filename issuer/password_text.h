// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_PASSWORD_TEXT_H_
#define LANYARD_ISSUER_PASSWORD_TEXT_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// The longest password, in bytes of the form that PasswordText() returns.
inline constexpr size_t kMaxPasswordBytes = 128;

// The longest text that may become one: nothing shrinks to less than a third of itself.
inline constexpr size_t kMaxTypedPasswordBytes = 4 * kMaxPasswordBytes;

// A password in the one form that is hashed, whatever keyboard it was typed on: UTF-8 in
// Normalization Form C (Unicode Standard Annex 15; RFC 8265 section 4.2.2 asks for the same). So a
// letter with an accent is one password, be it one code point or two.
//
// INVALID_ARGUMENT for what can be no password: not UTF-8, with U+0000, too long. The message does
// not repeat it. No copy of it stays in memory.
absl::StatusOr<Secret> PasswordText(absl::string_view typed);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_PASSWORD_TEXT_H_
