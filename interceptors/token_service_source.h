// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_TOKEN_SERVICE_SOURCE_H_
#define LANYARD_INTERCEPTORS_TOKEN_SERVICE_SOURCE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/tls.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

struct TokenServiceSourceOptions {
  // Required: where the service is, as in "tokens.prod:8443".
  std::string target;

  // Required: the roots of the service's certificate; and the client's own certificate, unless it
  // proves itself by a key.
  TlsFiles tls;

  // Required: the name under which the service knows this client.
  std::string client_id;

  // In place of a certificate: a private key, PEM or JWK, in a file of mode 0600 or less that is
  // read for each request and signs an assertion (RFC 7523 section 2.2). The algorithm is required
  // if the key fits several; the id is by default the JWK's own, or the key's thumbprint.
  std::string private_key_file;
  std::optional<Algorithm> private_key_algorithm;
  std::string private_key_id;

  // Required with private_key_file: the service's iss, whom the assertion is for.
  std::string issuer;

  // Of one request: 1 s to 1 min.
  absl::Duration timeout = absl::Seconds(5);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Tokens of a lanyard.v1.TokenService: the client's own, one per audience, and those that speak for
// a caller and name this client as who acts.
//
//   lanyard::TokenServiceSourceOptions options;
//   options.target = "tokens.prod:8443";
//   options.tls = {"tls.crt", "tls.key", "ca.pem"};
//   options.client_id = "checkout";
//   auto source = lanyard::TokenServiceSource(options);
//
// Fails for options that make no sense and TLS files that are not good. Does not wait for the
// service, which may start later. Fetch() does not block. What is under way when the source goes
// ends as UNAVAILABLE.
//
// Thread-safe. Owns up to four threads, which the destructor ends.
absl::StatusOr<std::shared_ptr<TokenSource>> TokenServiceSource(TokenServiceSourceOptions options);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_TOKEN_SERVICE_SOURCE_H_
