// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/tokens/oauth_client.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// How an issuer is told whom a token is for. There is no one way.
enum class AudienceAs {
  // The parameter "audience", as Auth0 and others take it.
  kAudience,
  // The parameter "resource" (RFC 8707): the audience must then be an absolute URI.
  kResource,
  // A scope, made by scope_for_audience.
  kScope,
  // Not at all: the issuer knows it from the client, or extra_parameters say it. One source is then
  // for one audience; ClientAuth still refuses a token that can be read and is for somebody else.
  kFixed,
};

struct ClientCredentialsOptions {
  // Required.
  OAuthClient client;

  AudienceAs audience_as = AudienceAs::kAudience;

  // For kScope: the scope, with "{audience}" once where the audience goes. "{audience}/.default" is
  // what Microsoft Entra wants.
  std::string scope_for_audience = "{audience}";

  // Asked for whatever the audience.
  std::vector<std::string> scopes;

  // Sent as they are. No secrets, and no names that are reserved: those which this source sends
  // itself, and those of secrets and of other grants.
  std::map<std::string, std::string> extra_parameters;
};

// Tokens that an issuer gives to this client for itself (OAuth 2.0 client credentials, RFC 6749
// section 4.4), one per audience.
//
//   lanyard::ClientCredentialsOptions options;
//   options.client.token_url = "https://sso.example.com/token";
//   options.client.client_id = "checkout";
//   options.client.client_secret_file = "/etc/checkout/client-secret";
//   options.client.https = lanyard::Https();
//   auto source = lanyard::ClientCredentialsTokenSource(options);
//
// TLS 1.2 or newer, host verified; no redirects, no proxies from the environment; answers of at
// most 64 KiB. A token lives as long as expires_in says; where the issuer does not say, until its
// own exp. A refresh token is ignored.
//
// Fails for options that are missing or out of range, and for files that cannot be used.
//
// Fetch() blocks for at most client.timeout. What may pass by itself is UNAVAILABLE: an endpoint
// that cannot be reached or proves not to be itself, statuses 408, 429 and 5xx, a file that cannot
// be read. Any other answer is UNAUTHENTICATED, with the endpoint, the status and the error code
// ("invalid_client"). No message holds a secret, an assertion, a key or a token, nor what the
// endpoint sends back of them.
absl::StatusOr<std::shared_ptr<TokenSource>> ClientCredentialsTokenSource(
    ClientCredentialsOptions options);

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_OAUTH_TOKEN_SOURCE_H_
