// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_OAUTH_CLIENT_H_
#define LANYARD_SDK_TOKENS_OAUTH_CLIENT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/clock.h"

namespace lanyard {
namespace internal {
class HttpFetcher;
}

// Where a client secret travels (RFC 6749 section 2.3.1).
enum class ClientSecretIn {
  // client_secret_basic: id and secret, each form-encoded, as the user and password of HTTP Basic.
  // An issuer that does not decode them takes no secret with "+", "/" or "=".
  kBasicHeader,
  // client_secret_post: beside the other fields of the form.
  kForm,
};

// A client of an OAuth 2.0 issuer: where its tokens are asked for, and how it proves who it is.
//
// Files are checked when a source is made and read anew for each request, so they may be replaced
// at any time. Those that hold secrets must be their owner's alone: mode 0600 or less, and of this
// process's user or root.
struct OAuthClient {
  // Required. The issuer's token endpoint, https only.
  std::string token_url;

  // Required.
  std::string client_id;

  // Exactly one of three is required. First, a secret: a file that holds it and nothing else; white
  // space around it is cut off.
  std::string client_secret_file;
  ClientSecretIn client_secret_in = ClientSecretIn::kBasicHeader;

  // Second, a private key, PEM or JWK, that signs an assertion for each request (private_key_jwt:
  // RFC 7523 section 2.2), good for a minute and for one use.
  std::string private_key_file;
  // Required if the key fits several algorithms and does not say its own, as an RSA key from PEM.
  std::optional<Algorithm> private_key_algorithm;
  // kid: the name under which the issuer has the public half. By default the JWK's own, or the
  // key's thumbprint (RFC 7638).
  std::string private_key_id;
  // The assertion's aud. By default token_url; some issuers want their issuer identifier.
  std::string assertion_audience;

  // Third, a certificate, PEM with its chain, that is shown in the TLS handshake, and its key
  // (tls_client_auth: RFC 8705 section 2).
  std::string tls_certificate_file;
  std::string tls_private_key_file;

  // PEM certificates to trust in place of the system's.
  std::string ca_file;

  // How long a request may take in all: 1 s to 1 min.
  absl::Duration timeout = absl::Seconds(5);

  // Required: lanyard::Https() of @lanyard_https//:https.
  std::shared_ptr<const internal::HttpFetcher> https;

  std::shared_ptr<const Clock> clock = SystemClock();
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_OAUTH_CLIENT_H_
