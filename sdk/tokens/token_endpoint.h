// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_TOKEN_ENDPOINT_H_
#define LANYARD_SDK_TOKENS_TOKEN_ENDPOINT_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/tokens/oauth_client.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

// How many requests a source runs at once.
inline constexpr int kTokenEndpointThreads = 4;

// Asks an OAuth 2.0 issuer for tokens, as one client, whatever the grant. Immutable, thread-safe.
class TokenEndpoint {
 public:
  // Fails for options that are missing or make no sense, and for files that cannot be used; the
  // message names the field.
  static absl::StatusOr<std::unique_ptr<const TokenEndpoint>> Create(OAuthClient client);

  // Sends the grant's fields with the client's proof, and blocks until there is an answer, at most
  // for the client's timeout, and not much longer than until `stop` is true. Errors are as
  // TokenSource wants them, and hold nothing of `secrets`, those that `grant` has.
  absl::StatusOr<BearerToken> Ask(Form grant, const std::atomic<bool>& stop,
                                  std::vector<Secret> secrets = {}) const;

  const std::string& client_id() const { return client_.client_id; }

 private:
  TokenEndpoint(OAuthClient client, std::string origin)
      : client_(std::move(client)), origin_(std::move(origin)) {}

  const OAuthClient client_;
  const std::string origin_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_TOKEN_ENDPOINT_H_
