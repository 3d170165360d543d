// SPDX-License-Identifier: Apache-2.0
//
// Passwords: what comes out is UTF-8 that stays as it is, and no text is two passwords.
#include "absl/strings/match.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace {

bool IsUtf8(absl::string_view text) {
  for (size_t position = 0; position < text.size();) {
    if (!lanyard::internal::NextCodePoint(text, &position).has_value()) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view typed = lanyard::fuzz::TextOf(data, size);
  const auto text = lanyard::internal::PasswordText(typed);
  if (!text.ok()) {
    FUZZ_CHECK(!IsUtf8(typed) || absl::StrContains(typed, absl::string_view("\0", 1)) ||
               typed.size() > lanyard::internal::kMaxPasswordBytes / 3);
    FUZZ_CHECK(typed.size() < 16 || !absl::StrContains(text.status().message(), typed));
    return 0;
  }
  FUZZ_CHECK(IsUtf8(typed) && IsUtf8(text->view()));
  FUZZ_CHECK(text->view().size() <= lanyard::internal::kMaxPasswordBytes);
  FUZZ_CHECK(text->empty() == typed.empty());
  const auto again = lanyard::internal::PasswordText(text->view());
  FUZZ_CHECK(again.ok() && again->view() == text->view());
  return 0;
}
