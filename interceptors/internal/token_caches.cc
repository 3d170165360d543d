// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/token_caches.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace lanyard::internal {

absl::StatusOr<std::shared_ptr<const TokenTable>> TokenCaches::MakeTable(
    const std::vector<TokenTarget>& targets,
    const std::map<std::shared_ptr<TokenSource>, std::string>& names) {
  std::vector<std::shared_ptr<TokenSource>> used;  // In the order of their mention.
  std::map<std::shared_ptr<TokenSource>, TokenCache> caches;
  const auto cache_for = [&](const std::shared_ptr<TokenSource>& source) -> TokenCache {
    if (source == nullptr) return nullptr;
    const auto [it, added] = caches.emplace(source, nullptr);
    if (!added) return it->second;
    used.push_back(source);
    const auto kept = caches_.find(source);
    it->second = kept != caches_.end() ? kept->second
                                       : std::make_shared<CachingTokenSource>(
                                             CheckedTokenSource(source, checks_), options_);
    return it->second;
  };
  std::vector<TargetTokens> made;
  for (const TokenTarget& target : targets) {
    TargetTokens tokens;
    tokens.names = target.names;
    tokens.audience = target.audience;
    tokens.tokens = cache_for(target.token_source);
    tokens.scopes = target.scopes;
    tokens.exchange = cache_for(target.exchange_source);
    tokens.forward_callers_token = target.forward_callers_token;
    for (const MethodTokens& method : target.methods) {
      TargetTokens::Method of_method{method.audience, cache_for(method.token_source),
                                     method.scopes};
      if (!tokens.methods.emplace(method.method, std::move(of_method)).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("target \"", target.names.empty() ? "" : target.names[0], "\": method \"",
                         method.method, "\" stands twice"));
      }
    }
    made.push_back(std::move(tokens));
  }
  std::map<std::string, TokenCache> named;
  for (size_t i = 0; i < used.size(); ++i) {
    const auto name = names.find(used[i]);
    named.emplace(name != names.end() ? name->second
                  : used.size() == 1  ? "default"
                                      : absl::StrCat(i + 1),
                  caches[used[i]]);
  }
  auto table = TokenTable::Create(std::move(made), std::move(named));
  if (!table.ok()) return table;
  for (auto& [source, cache] : caches_) {
    if (caches.count(source) == 0) retired_.push_back(std::move(cache));
  }
  caches_ = std::move(caches);
  return table;
}

std::vector<TokenCache> TokenCaches::TakeUnused() {
  const auto unused = std::partition(retired_.begin(), retired_.end(),
                                     [](const TokenCache& cache) { return cache.use_count() > 1; });
  std::vector<TokenCache> taken(std::make_move_iterator(unused),
                                std::make_move_iterator(retired_.end()));
  retired_.erase(unused, retired_.end());
  return taken;
}

}  // namespace lanyard::internal
