// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/redaction.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

struct Letters {
  explicit Letters(absl::string_view word) {
    for (const char c : word) {
      upper = upper || absl::ascii_isupper(c);
      lower = lower || absl::ascii_islower(c);
      digit = digit || absl::ascii_isdigit(c);
    }
  }
  bool upper = false, lower = false, digit = false;
};

// What a part of a path seldom is, and a key or a token in base64 nearly always.
bool IsNoFileName(absl::string_view part) {
  const Letters letters(part);
  return part.size() > 128 ||
         (part.size() >= 24 && letters.upper && letters.lower && letters.digit);
}

// The same for a word of a parser's message: the names there are lower_case and CamelCase.
bool IsNoName(absl::string_view word) {
  const Letters letters(word);
  return word.size() > 64 || (word.size() >= 16 && (letters.digit || letters.upper));
}

bool IsWord(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '+' || c == '/' || c == '=';
}

}  // namespace

std::string PrintablePath(absl::string_view path) {
  bool is_path = path.size() <= 1024 && path.find_first_of("{}\"\n\r") == path.npos &&
                 !absl::StartsWith(path, "eyJ") && !absl::StrContains(path, "-----BEGIN");
  size_t begin = 0;
  // Part by part: a whole path has some of everything.
  while (is_path && begin < path.size()) {
    const size_t end = std::min(path.find_first_of("/.", begin), path.size());
    is_path = !IsNoFileName(path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (is_path) return Printable(path, 1024);
  return "a key or token itself, where a file's name should be";
}

std::string WithoutSecrets(absl::string_view message) {
  std::string out;
  size_t begin = 0;
  while (begin < message.size()) {
    size_t end = begin;
    while (end < message.size() && IsWord(message[end])) ++end;
    const absl::string_view word = message.substr(begin, end - begin);
    absl::StrAppend(&out, IsNoName(word) ? "…" : word);
    if (end < message.size()) out.push_back(message[end++]);
    begin = end;
  }
  return Printable(out, 512);
}

}  // namespace lanyard::internal
