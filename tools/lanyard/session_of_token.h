// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_SESSION_OF_TOKEN_H_
#define LANYARD_TOOLS_LANYARD_SESSION_OF_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard::tools {

// What a token says it belongs to. Whoever shows the token must be trusted to have a real one: an
// access token is read without verifying it.
struct TokenOrigin {
  std::string session_id;  // sid; empty for a token of no session.
  std::string token_id;    // jti.
  std::string subject;     // sub; empty for a refresh token.
};

// Reads an access token or a refresh token of the config's issuer; an error for any other text,
// which it does not repeat.
absl::StatusOr<TokenOrigin> OriginOf(absl::string_view token, const v1::IssuerConfig& config);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_SESSION_OF_TOKEN_H_
