// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_TOKEN_SERVICE_H_
#define LANYARD_ISSUER_TOKEN_SERVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/issuer/token_issuer.h"

namespace grpc {
class Service;
}

namespace lanyard {

struct TokenServiceOptions {
  // Required.
  std::shared_ptr<TokenIssuer> issuer;

  // How many requests may wait for the store at once, each on a thread, and how many more for
  // those; above it they are refused as RESOURCE_EXHAUSTED.
  int threads = 8;
  int max_waiting = 1000;

  // How many may follow the revocations at once.
  int max_watchers = 10'000;
};

// lanyard.v1.TokenService for a server of one's own, which ServerAuth must guard.
//
//   auto issuer = lanyard::TokenIssuer::Create(…);
//   auto service = lanyard::TokenService::Create({*issuer});
//   lanyard::ServerAuthOptions options;
//   (*service)->AddTo(&options);  // Trusts the issuer's tokens, for the issuer's own methods.
//   auto auth = lanyard::ServerAuth::Create(options);
//   builder.RegisterService((*service)->service());
//
// Nothing in it blocks a thread of gRPC. Calls that come past the gate are refused. Must outlive
// the server.
class TokenService {
 public:
  static absl::StatusOr<std::unique_ptr<TokenService>> Create(TokenServiceOptions options);
  ~TokenService();

  grpc::Service* service();

  // Adds the issuer itself to a config, as "self", for tokens whose audience is the issuer: so that
  // clients with the scopes tokens.introspect and tokens.revocations get in.
  void AddTo(ServerAuthOptions* options) const;

  // Ends the calls that follow the revocations, which otherwise never end, within a fraction of a
  // second; as UNAVAILABLE, so that they come again, to another replica. For before the server's
  // Shutdown(), which would wait for them.
  void EndWatches();

 private:
  struct State;
  explicit TokenService(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_TOKEN_SERVICE_H_
