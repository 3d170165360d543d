// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_rules.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxBlocklistBytes = 64 << 20;

uint64_t HashOf(const Secret& password) {
  std::string lower = absl::AsciiStrToLower(password.view());
  ScopedCleanse cleanse(&lower);
  return absl::Hash<absl::string_view>()(lower);
}

}  // namespace

absl::StatusOr<PasswordRules> PasswordRules::WithBlocklist(const std::string& path) {
  const auto text = ReadFile(path, kMaxBlocklistBytes);
  if (!text.ok()) return text.status();
  PasswordRules rules;
  absl::string_view rest = text->view();
  absl::ConsumePrefix(&rest, "\xef\xbb\xbf");  // A byte order mark is no part of the first line.
  for (size_t number = 1; !rest.empty(); ++number) {
    absl::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    absl::ConsumeSuffix(&line, "\r");
    if (line.empty()) continue;
    const auto password = PasswordText(line);
    if (!password.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintablePath(path), ":", number, ": ", password.status().message(),
                       "; the list has one password a line, in UTF-8"));
    }
    rules.blocked_.push_back(HashOf(*password));
  }
  if (rules.blocked_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(PrintablePath(path), ": holds no password"));
  }
  std::sort(rules.blocked_.begin(), rules.blocked_.end());
  rules.blocked_.erase(std::unique(rules.blocked_.begin(), rules.blocked_.end()),
                       rules.blocked_.end());
  rules.blocked_.shrink_to_fit();
  return rules;
}

absl::Status PasswordRules::Check(const Secret& password) const {
  const size_t size = password.view().size();
  if (size < min_bytes() || size > kMaxPasswordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the password must have ", min_bytes(), " to ", kMaxPasswordBytes, " bytes"));
  }
  if (std::binary_search(blocked_.begin(), blocked_.end(), HashOf(password))) {
    return absl::InvalidArgumentError(
        "the password is one of those that everybody guesses first; take another");
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
