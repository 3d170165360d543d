// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
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

  // Of the token that is kept, of several the one that ends first; infinite past without one.
  // Tokens that speak for a caller do not count.
  absl::Time expires_at = absl::InfinitePast();

  // What was wrong with the last fetch that failed and was not made good; empty if there is none.
  std::string last_error;
};

// What a token is taken for.
enum class TokenUse {
  // A call that is over soon.
  kCall,
  // A stream, which its server ends with its token: one with enough of its life left is wanted.
  kStream,
};

struct CachingTokenSourceOptions {
  // How much of its life a token for a stream should have left; by default half. If it has less, a
  // new one is fetched first, at most once in 30 s, since the issuer may have no other; where that
  // fails, the old one is given.
  std::optional<absl::Duration> min_stream_token_life;

  // How many tokens are kept, one for each request that differs. Beyond that, those go that have
  // expired, then those unused for the longest.
  size_t max_tokens = 4096;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Keeps the last token of each request and gets a new one ahead of time.
//
// A token counts as expired 30 s early, one that speaks for a caller, and so ends with the caller's
// own, 5 s. From a minute before that, or when less than a fifth of its life, or half of what can
// be used of it, is left if that is later, one background fetch runs while the old one is still
// given out; up to a tenth sooner, by chance, so that a fleet does not ask all at once. Failed
// fetches are followed by a pause of about 1 s that doubles up to 30 s, in which callers without a
// token get the last error at once. A fetch that is not answered within two minutes is given up,
// and another may begin. Nothing runs while nobody asks.
//
// Thread-safe. Owns one thread; the destructor fails everybody who still waits, then joins it (or,
// when it runs on that thread, inside a callback, lets it end by itself).
class CachingTokenSource {
 public:
  explicit CachingTokenSource(std::shared_ptr<TokenSource> source,
                              CachingTokenSourceOptions options = {});
  ~CachingTokenSource();

  using TokenPtr = std::shared_ptr<const BearerToken>;

  // A token that can be sent now, without waiting, or null; may start a refresh in the background.
  TokenPtr Cached(const TokenRequest& request, TokenUse use = TokenUse::kCall);

  // The same for a call that was given a token a moment ago and is sent only now: a token that has
  // come to count as expired since will do, until half of that time before its end is over.
  TokenPtr CachedForSending(const TokenRequest& request);

  // The same for who cannot wait: where there is none, one is fetched, and the error says so, or
  // what was wrong the last time.
  absl::StatusOr<TokenPtr> CachedOrError(const TokenRequest& request);

  // Gives a token to `done`: before returning if there is one, else when the fetch that all callers
  // share has ended, on another thread. Exactly once.
  void Get(const TokenRequest& request, TokenUse use,
           std::function<void(absl::StatusOr<TokenPtr>)> done);

  // Forgets the token of a request, if it is still that one: the server has refused it. At most
  // once a minute for each request, so that a server which refuses everything causes no stampede.
  void Drop(const TokenRequest& request, const TokenPtr& token);

  // By audience. Of audiences beyond the first thousand, all together under "(other)".
  std::map<std::string, TokenStatus> Status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_CACHING_TOKEN_SOURCE_H_
