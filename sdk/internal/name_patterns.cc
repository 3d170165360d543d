// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/name_patterns.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

// "spiffe:*", "spiffe:/*" and "spiffe://*" would be every trust domain.
bool IsPrefix(absl::string_view pattern, absl::string_view separators) {
  if (pattern.size() < 3 || pattern.back() != '*') return false;
  const char separator = pattern[pattern.size() - 2];
  if (separators.find(separator) == separators.npos) return false;
  if (separator != '/') return !absl::StartsWith(pattern, "spiffe:");
  const char before = pattern[pattern.size() - 3];
  return before != ':' && before != '/';
}

}  // namespace

NamePatterns::NamePatterns(const Strings& patterns, absl::string_view separators) {
  for (const std::string& pattern : patterns) {
    if (IsPrefix(pattern, separators)) {
      prefixes_.push_back(pattern.substr(0, pattern.size() - 1));
    } else {
      exact_.push_back(pattern);
    }
  }
}

absl::Status NamePatterns::Validate(absl::string_view pattern, absl::string_view separators) {
  if (pattern.empty()) return absl::InvalidArgumentError("an empty string matches nothing");
  const size_t star = pattern.find('*');
  const bool bad =
      star != pattern.npos && (star + 1 != pattern.size() || !IsPrefix(pattern, separators));
  if (!bad) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", pattern, "\": a * stands only at the end, after a separator (", separators,
      ") with something before it, as in ",
      separators == kUriSeparators ? ""
                                   : absl::StrCat("\"team", separators.substr(0, 1), "*\" or "),
      "\"spiffe://domain/*\""));
}

bool NamePatterns::Covers(absl::string_view wide, absl::string_view narrow,
                          absl::string_view separators) {
  if (wide == narrow) return true;
  if (!IsPrefix(wide, separators)) return false;
  const absl::string_view prefix = wide.substr(0, wide.size() - 1);
  return narrow.size() > prefix.size() && absl::StartsWith(narrow, prefix);
}

bool NamePatterns::Match(absl::string_view name) const {
  return std::find(exact_.begin(), exact_.end(), name) != exact_.end() ||
         std::any_of(prefixes_.begin(), prefixes_.end(), [name](const std::string& prefix) {
           return name.size() > prefix.size() && absl::StartsWith(name, prefix);
         });
}

}  // namespace lanyard::internal
