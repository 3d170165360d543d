// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CREDENTIALS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "lanyard/interceptors/internal/call_failures.h"
#include "lanyard/interceptors/internal/token_table.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/tokens/caching_token_source.h"

namespace lanyard::internal {

// Over which channels without TLS tokens may go.
enum class LocalTransport { kRefused, kUnixSocket, kLoopbackIsTrusted };

// Call credentials that hand out what is cached. They never wait: gRPC calls them on its own
// thread, again for each retry, and with the channel's protection known.
std::shared_ptr<grpc::CallCredentials> CachedTokenCredentials(
    TokenCache tokens, TokenRequest request, std::shared_ptr<CallFailures> failures,
    LocalTransport local);

// Call credentials that hand out a caller's own token while it is good, over TLS alone.
std::shared_ptr<grpc::CallCredentials> ForwardedTokenCredentials(
    std::shared_ptr<const BearerToken> token, std::string audience,
    std::shared_ptr<const Clock> clock, std::shared_ptr<CallFailures> failures);

// What a call outside Lanyard's channels wants.
struct PlainCredentials {
  std::shared_ptr<CurrentTokenTable> table;
  std::string audience;
  std::vector<std::string> scopes;
  LocalTransport local = LocalTransport::kRefused;
  bool authenticate_open_methods = false;
  std::shared_ptr<CallFailures> failures;
};

// Call credentials for channels without Lanyard's interceptor, which find their target by where the
// call goes, and fail where its token is not at hand.
std::shared_ptr<grpc::CallCredentials> PlainTokenCredentials(PlainCredentials options);

// Call credentials that fail every call, as UNAUTHENTICATED.
std::shared_ptr<grpc::CallCredentials> FailingCredentials(std::string why);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TOKEN_CREDENTIALS_H_
