// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/grants.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

// As many as a grant may hold.
constexpr size_t kMaxAsked = 100;

bool Contains(const Scopes& scopes, const std::string& scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

}  // namespace

Scopes CommonScopes(const Scopes& a, const Scopes& b) {
  Scopes common;
  for (const std::string& scope : a) {
    if (Contains(b, scope) && !Contains(common, scope)) common.push_back(scope);
  }
  return common;
}

absl::StatusOr<Scopes> GrantedScopes(const std::vector<const Grants*>& granted,
                                     absl::string_view audience) {
  std::optional<Scopes> scopes;
  for (const Grants* grants : granted) {
    const auto grant = std::find_if(grants->begin(), grants->end(), [&](const v1::Grant& each) {
      return each.audience() == audience;
    });
    if (grant == grants->end()) {
      return InvalidTarget("no token for that audience may be had");
    }
    const Scopes these(grant->scopes().begin(), grant->scopes().end());
    scopes = scopes.has_value() ? CommonScopes(*scopes, these) : these;
  }
  return scopes.value_or(Scopes());
}

absl::StatusOr<Scopes> ChooseScopes(const Scopes& asked, const Scopes& may_have) {
  if (asked.empty()) return may_have;
  if (asked.size() > kMaxAsked) return InvalidScope("more than 100 are asked for");
  for (const std::string& scope : asked) {
    if (!Contains(may_have, scope)) {
      return InvalidScope(
          absl::StrCat("\"", Printable(scope, 128), "\" may not be had for that audience"));
    }
  }
  return CommonScopes(asked, may_have);
}

}  // namespace lanyard::internal
