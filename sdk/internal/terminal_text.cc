// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/terminal_text.h"

#include "absl/strings/str_cat.h"

namespace lanyard::internal {

std::optional<char32_t> NextCodePoint(absl::string_view text, size_t* position) {
  const size_t begin = (*position)++;
  const auto first = static_cast<unsigned char>(text[begin]);
  if (first < 0x80) return first;
  const size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || text.size() - begin <= more) return std::nullopt;
  char32_t code_point = first & (0x3f >> more);
  for (size_t i = 1; i <= more; ++i) {
    const auto next = static_cast<unsigned char>(text[begin + i]);
    if ((next & 0xc0) != 0x80) return std::nullopt;
    code_point = code_point << 6 | (next & 0x3f);
  }
  // Longer spellings than needed, surrogates, and numbers past the last code point.
  constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  if (code_point < kSmallest[more] || code_point > 0x10ffff ||
      (code_point >= 0xd800 && code_point <= 0xdfff)) {
    return std::nullopt;
  }
  *position = begin + more + 1;
  return code_point;
}

bool ActsOnTerminal(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

std::string Printable(absl::string_view text, size_t max_bytes) {
  std::string out;
  for (size_t position = 0; position < text.size();) {
    if (out.size() >= max_bytes) return out + "...";
    const size_t begin = position;
    const auto code_point = NextCodePoint(text, &position);
    if (!code_point.has_value() || ActsOnTerminal(*code_point)) {
      out.push_back('?');
    } else {
      out.append(text.data() + begin, position - begin);
    }
  }
  return out;
}

std::string PrintableNames(const std::vector<std::string>& names) {
  constexpr size_t kMost = 5;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kMost; ++i) {
    absl::StrAppend(&text, i == 0 ? "\"" : ", \"", Printable(names[i], 128), "\"");
  }
  return absl::StrCat("[", text, names.size() > kMost ? ", ..." : "", "]");
}

}  // namespace lanyard::internal
