// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {

Secret FormEncoded(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  // Room for all of it, so that growing leaves no copies.
  out.reserve(3 * text.size());
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return Secret::Take(out);
}

void Form::Add(absl::string_view name, absl::string_view value) {
  std::string out = absl::StrCat(text_.view(), text_.empty() ? "" : "&", FormEncoded(name).view(),
                                 "=", FormEncoded(value).view());
  text_ = Secret::Take(out);
}

}  // namespace lanyard::internal
