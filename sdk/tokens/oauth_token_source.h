// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "lanyard/sdk/tokens/oauth_request.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

struct ClientCredentialsOptions : OAuthRequestOptions {};

// Tokens that an issuer gives to this client for itself (OAuth 2.0 client credentials, RFC 6749
// section 4.4), one per audience and set of scopes.
//
//   lanyard::ClientCredentialsOptions options;
//   options.client.token_url = "https://sso.example.com/token";
//   options.client.client_id = "checkout";
//   options.client.client_secret_file = "/etc/checkout/client-secret";
//   options.client.https = lanyard::Https();
//   auto source = lanyard::ClientCredentialsTokenSource(options);
//
// TLS 1.2 or newer, host verified; no redirects, no proxies from the environment; answers of at
// most 64 KiB. A token lives as long as expires_in and its own exp say; without either it is
// refused. A refresh token is ignored.
//
// Fails for options that are missing or out of range, and for files that cannot be used.
//
// Fetch() does not block: up to four requests run on threads of the source, which end with it. What
// may pass by itself is UNAVAILABLE: an endpoint that cannot be reached or proves not to be itself,
// statuses 408, 429 and 5xx, a file that cannot be read. Any other answer is UNAUTHENTICATED, with
// the endpoint, the status and the error code ("invalid_client"). No message holds a secret, an
// assertion, a key or a token, nor what the endpoint sends back of them.
absl::StatusOr<std::shared_ptr<TokenSource>> ClientCredentialsTokenSource(
    ClientCredentialsOptions options);

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_
