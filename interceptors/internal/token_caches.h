// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CACHES_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CACHES_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/interceptors/internal/token_table.h"
#include "lanyard/interceptors/token_target.h"
#include "lanyard/sdk/tokens/checked_token_source.h"

namespace lanyard::internal {

// Gives each token source one cache, whoever names it, and from one table to the next. Not
// thread-safe.
class TokenCaches {
 public:
  TokenCaches(TokenChecks checks, CachingTokenSourceOptions options)
      : checks_(checks), options_(std::move(options)) {}

  // A table of valid targets. `names` are those of sources, for people; a source without one is
  // called by its place among all, or "default" if it is alone. Caches that the table does not use
  // are retired.
  absl::StatusOr<std::shared_ptr<const TokenTable>> MakeTable(
      const std::vector<TokenTarget>& targets,
      const std::map<std::shared_ptr<TokenSource>, std::string>& names = {});

  // Retired caches that no call uses any more. Their end may wait for a source that blocks, so it
  // must not be a call that brings it about.
  std::vector<TokenCache> TakeUnused();

 private:
  const TokenChecks checks_;
  const CachingTokenSourceOptions options_;
  std::map<std::shared_ptr<TokenSource>, TokenCache> caches_;
  std::vector<TokenCache> retired_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CACHES_H_
