// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/internal/call_failures.h"
#include "lanyard/interceptors/internal/call_wish.h"
#include "lanyard/interceptors/internal/token_credentials.h"
#include "lanyard/interceptors/internal/token_table.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/timer_queue.h"
#include "lanyard/sdk/tokens/checked_token_source.h"

namespace lanyard::internal {

// Which token a call takes, and what puts it on the call. Immutable, but for its caches.
struct CallTokens {
  // Null where the token is a caller's own.
  TokenCache tokens;
  TokenRequest request;
  CachingTokenSource::TokenPtr callers_own;

  std::shared_ptr<grpc::CallCredentials> credentials;

  CachingTokenSource::TokenPtr Cached(TokenUse use) const {
    return tokens == nullptr ? callers_own : tokens->Cached(request, use);
  }
};

// What the channels of a ClientAuth share.
struct ClientSettings {
  absl::Duration max_token_wait;
  bool authenticate_open_methods = false;
  TokenChecks checks;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<CallFailures> failures = std::make_shared<CallFailures>();
  std::shared_ptr<CurrentTokenTable> table;
  std::shared_ptr<TimerQueue> timers = std::make_shared<TimerQueue>();
};

// What all the calls of a channel share; gRPC's objects hold it by shared_ptr. Thread-safe.
class ClientState {
 public:
  // `target` is what the channel goes to, `authority` what its servers are called.
  ClientState(ClientSettings the_settings, std::string target, std::string authority,
              LocalTransport local);

  // What a call to `method` takes; `wish` may be null. An error if it may not have a token.
  absl::StatusOr<std::shared_ptr<const CallTokens>> TokensFor(absl::string_view method,
                                                              const CallWish* wish);

  const ClientSettings settings;

 private:
  absl::StatusOr<std::shared_ptr<const CallTokens>> ForCaller(const TargetTokens& target,
                                                              TokenChoice choice,
                                                              const CallWish& wish) const;
  std::shared_ptr<const CallTokens> Make(TokenChoice choice) const;

  const std::string target_, authority_;
  const LocalTransport local_;

  std::mutex mutex_;
  // By method; made of this table. Guarded by mutex_.
  std::shared_ptr<const TokenTable> table_;
  std::map<std::string, std::shared_ptr<const CallTokens>, std::less<>> by_method_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_
