// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// How the tokens of one audience are doing, for metrics and for people.
struct TokenStatus {
  // Fetches, by how they ended; transient is what IsTransientTokenFailure() names.
  int64_t fetches = 0, transient_failures = 0, permanent_failures = 0;

  // Tokens that were dropped because a server had refused them.
  int64_t forced_refreshes = 0;

  // Of the token that is kept; infinite past without one.
  absl::Time expires_at = absl::InfinitePast();

  // What was wrong with the last fetch; empty if nothing was.
  std::string last_error;
};

// Keeps the last token of each audience and gets a new one ahead of time.
//
// A token counts as expired 30 s early. From a minute before that, or when less than a fifth of its
// life is left if that is later, one background fetch runs while the old one is still given out.
// Failed fetches are followed by a pause of 1 s that doubles up to 30 s, in which callers without a
// token get the last error at once. Nothing runs while nobody asks.
//
// Thread-safe. Owns one thread; the destructor fails everybody who still waits, then joins it (or,
// when it runs on that thread, inside a callback, lets it end by itself).
class CachingTokenSource {
 public:
  explicit CachingTokenSource(std::shared_ptr<TokenSource> source,
                              std::shared_ptr<const Clock> clock = SystemClock());
  ~CachingTokenSource();

  using TokenPtr = std::shared_ptr<const BearerToken>;

  // A token that can be sent now, without waiting, or null; may start a refresh in the background.
  TokenPtr Cached(const std::string& audience);

  // Gives a token to `done`: before returning if there is one, else when the fetch that all callers
  // share has ended, on another thread. Exactly once.
  void Get(const std::string& audience, std::function<void(absl::StatusOr<TokenPtr>)> done);

  // Forgets the token of an audience, if it is still that one: the server has refused it. At most
  // once a minute for each audience, so that a server which refuses everything causes no stampede.
  void Drop(const std::string& audience, const TokenPtr& token);

  // By audience.
  std::map<std::string, TokenStatus> Status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_
