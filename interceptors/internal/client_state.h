// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_

#include <grpcpp/security/credentials.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/timer_queue.h"
#include "lanyard/sdk/tokens/caching_token_source.h"

namespace lanyard::internal {

// Why a call ended before it was sent.
enum class CallFailure { kNoToken, kTimeout, kCancelled, kConflict, kRefusedLocally };
inline constexpr size_t kCallFailures = 5;

// "no_token", …: for metrics.
absl::string_view CallFailureName(CallFailure failure);

// How many calls ended so. Thread-safe.
class CallFailures {
 public:
  void Count(CallFailure failure) { ++counts_[static_cast<size_t>(failure)]; }
  int64_t Of(CallFailure failure) const { return counts_[static_cast<size_t>(failure)]; }

 private:
  std::array<std::atomic<int64_t>, kCallFailures> counts_{};
};

// What all the calls of a channel share; gRPC's objects hold it by shared_ptr.
struct ClientState {
  std::string audience;
  absl::Duration max_token_wait;
  bool authenticate_open_methods = false;

  // Of all channels of a ClientAuth.
  std::shared_ptr<CallFailures> failures;

  // Where tokens come from; the credentials below hold it too.
  std::shared_ptr<CachingTokenSource> tokens;

  // Puts the cached token of `audience` on a call. One object for all calls.
  std::shared_ptr<grpc::CallCredentials> credentials;

  TimerQueue timers;
};

// Over which channels without TLS tokens may go.
enum class LocalTransport { kRefused, kUnixSocket, kLoopbackIsTrusted };

// Call credentials that hand out what is cached. They never wait: gRPC calls them on its own
// thread, again for each retry, and with the channel's protection known.
std::shared_ptr<grpc::CallCredentials> MakeTokenCredentials(
    std::string audience, std::shared_ptr<CachingTokenSource> tokens,
    std::shared_ptr<CallFailures> failures, LocalTransport local);

// Checks each token of `source` once, when it is fetched: that it can stand in a header, is not too
// long, and, where its claims can be read, is meant for the audience it was asked for.
std::shared_ptr<TokenSource> MakeCheckedSource(std::shared_ptr<TokenSource> source,
                                               size_t max_token_bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CLIENT_STATE_H_
