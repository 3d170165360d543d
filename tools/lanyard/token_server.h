// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TOKEN_SERVER_H_
#define LANYARD_TOOLS_LANYARD_TOKEN_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/audit.h"

namespace lanyard::tools {

struct TokenServerOptions {
  // Required: with config.serve, and the store that the config stands for.
  TokenIssuerOptions issuer;

  // Told of every decision about a call; null tells nobody.
  std::shared_ptr<AuditSink> audit_sink;
};

// What `lanyard serve` runs: a token service on its ports, behind the gate, with the website for
// its keys and the port for health checks, and the store freed of what has expired every minute.
//
// Thread-safe. Owns threads, joined by the destructor, which ends calls at once.
class TokenServer {
 public:
  // Serves from its return on. The error begins with the field of the config that it is about.
  static absl::StatusOr<std::unique_ptr<TokenServer>> Start(TokenServerOptions options);
  ~TokenServer();

  // Where it is reached, with the ports that were picked for 0; empty for what there is not.
  const std::vector<std::string>& addresses() const;
  const std::string& website_address() const;
  const std::string& health_address() const;

  // OK while every token can be judged, as health checks are told.
  absl::Status Ready() const;

  // Takes no more calls, and waits for those that run; those that still do after `grace` end then.
  // Whoever follows the revocations is told to come again.
  // From its beginning on health checks are told that nothing is served.
  void Shutdown(absl::Duration grace);

 private:
  struct State;
  explicit TokenServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TOKEN_SERVER_H_
