// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_SELF_SIGNED_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_SELF_SIGNED_TOKEN_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

struct SelfSignedTokenOptions {
  // Required. Its key's public half stands in the key file of the servers' issuer.
  std::shared_ptr<const Signer> signer;

  // Required. iss and sub of the tokens; client_id is the subject too.
  std::string issuer;
  std::string subject;

  std::vector<std::string> scopes;

  // A PEM file with the certificate that the client shows to servers (TlsFiles.certificate_chain):
  // each token is then bound to it (cnf.x5t#S256, RFC 8705 section 3.1) and of no use to anybody
  // who has another. Read for each token, so a renewed certificate counts from the next token on; a
  // connection keeps the certificate that it began with, so connect anew after a renewal.
  std::string bind_to_certificate;

  // How long each token lives: 1 min to 1 h.
  absl::Duration lifetime = absl::Minutes(10);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Tokens that the client signs itself, one per audience, each RFC 9068 in form, with a random jti.
absl::StatusOr<std::shared_ptr<TokenSource>> SelfSignedTokenSource(SelfSignedTokenOptions options);

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_SELF_SIGNED_TOKEN_SOURCE_H_
