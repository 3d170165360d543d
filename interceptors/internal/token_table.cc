// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/token_table.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/target_names.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShownBytes = 256;

// "/package.Service/" of a method.
absl::string_view ServiceOf(absl::string_view method) {
  return method.substr(0, method.rfind('/') + 1);
}

absl::Status CheckScopes(const std::vector<std::string>& scopes) {
  for (const std::string& scope : scopes) {
    if (absl::Status status = CheckScope(scope); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TokenTable>> TokenTable::Create(
    std::vector<TargetTokens> targets, std::map<std::string, TokenCache> caches) {
  std::shared_ptr<TokenTable> table(new TokenTable());
  table->targets_ = std::move(targets);
  table->caches_ = std::move(caches);
  for (const TargetTokens& target : table->targets_) {
    if (target.names.empty()) return absl::InvalidArgumentError("a target without a name");
    for (const std::string& name : target.names) {
      if (absl::Status status = CheckTargetName(name); !status.ok()) return status;
      const std::string normal = NormalTargetName(name);
      if (!table->exact_.emplace(normal, &target).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("target \"", Printable(name, kShownBytes), "\": stands twice"));
      }
      if (absl::StartsWith(normal, "*")) {
        table->endings_.emplace_back(normal.substr(1), &target);
      }
    }
    if (absl::Status status = CheckScopes(target.scopes); !status.ok()) return status;
    for (const auto& [method, tokens] : target.methods) {
      if (absl::Status status = CheckTokenMethod(method); !status.ok()) return status;
      if (absl::Status status = CheckScopes(tokens.scopes); !status.ok()) return status;
    }
  }
  std::stable_sort(table->endings_.begin(), table->endings_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  return std::shared_ptr<const TokenTable>(std::move(table));
}

const TargetTokens* TokenTable::Find(absl::string_view name) const {
  const std::string whole = NormalTargetName(name);
  const std::string authority = IsUnixSocket(name) ? whole : AuthorityOf(name);
  for (const std::string& exact : {whole, authority}) {
    const auto it = exact_.find(exact);
    if (it != exact_.end() && !absl::StartsWith(exact, "*")) return it->second;
  }
  for (const auto& [ending, target] : endings_) {
    if (ending.empty() || (IsPlainAuthority(authority) && absl::EndsWith(authority, ending) &&
                           authority.size() > ending.size())) {
      return target;
    }
  }
  return nullptr;
}

absl::Status TokenTable::NoTarget(absl::string_view name) const {
  std::vector<std::string> names;
  for (const auto& exact : exact_) names.push_back(exact.first);
  return absl::NotFoundError(absl::StrCat("no target is called \"", Printable(name, kShownBytes),
                                          "\"", DidYouMean(AuthorityOf(name), names),
                                          ", so its calls have no token"));
}

TokenChoice ChoiceFor(const TargetTokens& target, absl::string_view authority,
                      absl::string_view method) {
  TokenChoice choice{target.tokens, {target.audience, target.scopes}};
  const absl::string_view service = ServiceOf(method);
  auto it = target.methods.find(method);
  if (it == target.methods.end()) it = target.methods.find(absl::StrCat(service, "*"));
  if (it != target.methods.end()) {
    if (it->second.tokens != nullptr) choice.tokens = it->second.tokens;
    if (!it->second.audience.empty()) choice.request.audience = it->second.audience;
    if (!it->second.scopes.empty()) choice.request.scopes = it->second.scopes;
  }
  if (choice.request.audience.empty()) {
    choice.request.audience =
        absl::StrCat("https://", NormalTargetName(authority), absl::StripSuffix(service, "/"));
  }
  std::sort(choice.request.scopes.begin(), choice.request.scopes.end());
  return choice;
}

}  // namespace lanyard::internal
