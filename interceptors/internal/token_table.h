// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TOKEN_TABLE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TOKEN_TABLE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/tokens/caching_token_source.h"

namespace lanyard::internal {

using TokenCache = std::shared_ptr<CachingTokenSource>;

// TokenSettings with their caches.
struct TargetTokens {
  struct Method {
    std::string audience;
    TokenCache tokens;
    std::vector<std::string> scopes;
  };

  std::vector<std::string> names;
  std::string audience;  // Empty: from the service URL.
  TokenCache tokens;
  std::vector<std::string> scopes;
  TokenCache exchange;  // May be null.
  bool forward_callers_token = false;
  std::map<std::string, Method, std::less<>> methods;
};

// All targets of a ClientAuth. Immutable.
class TokenTable {
 public:
  // An error for a target without names or with names that another has, and for methods that are
  // none. `caches` are all there are, by the names of their sources.
  static absl::StatusOr<std::shared_ptr<const TokenTable>> Create(
      std::vector<TargetTokens> targets, std::map<std::string, TokenCache> caches);

  // The target that is meant by what was given to CreateChannel(); null if there is none.
  const TargetTokens* Find(absl::string_view name) const;

  // What no target is called, for an error.
  absl::Status NoTarget(absl::string_view name) const;

  const std::map<std::string, TokenCache>& caches() const { return caches_; }
  const std::vector<TargetTokens>& targets() const { return targets_; }

 private:
  TokenTable() = default;

  std::vector<TargetTokens> targets_;
  std::map<std::string, TokenCache> caches_;
  std::map<std::string, const TargetTokens*, std::less<>> exact_;
  std::vector<std::pair<std::string, const TargetTokens*>> endings_;  // The longest first.
};

// The table that counts now. Thread-safe.
class CurrentTokenTable {
 public:
  explicit CurrentTokenTable(std::shared_ptr<const TokenTable> table) : table_(std::move(table)) {}

  std::shared_ptr<const TokenTable> Get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return table_;
  }
  void Set(std::shared_ptr<const TokenTable> table) {
    std::lock_guard<std::mutex> lock(mutex_);
    table_.swap(table);  // The old one may end outside the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TokenTable> table_;  // Guarded by mutex_.
};

// What a call to a method of a target asks for. `authority` is for audiences made of service URLs.
struct TokenChoice {
  TokenCache tokens;
  TokenRequest request;
};
TokenChoice ChoiceFor(const TargetTokens& target, absl::string_view authority,
                      absl::string_view method);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TOKEN_TABLE_H_
