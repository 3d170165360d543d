// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_OAUTH_ERROR_H_
#define LANYARD_ISSUER_OAUTH_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// What a token service says, as lanyard/v1/token_service.proto has it: an OAuth 2.0 error code (RFC
// 6749 section 5.2, RFC 8707 section 2) and why. The texts go to the client: they hold nothing that
// it has not said itself.
inline absl::Status InvalidRequest(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("invalid_request: ", why));
}
inline absl::Status InvalidClient() {
  return absl::UnauthenticatedError(
      "invalid_client: the client is unknown, or has not proved who it is");
}
inline absl::Status InvalidGrant(absl::string_view why) {
  return absl::UnauthenticatedError(absl::StrCat("invalid_grant: ", why));
}
inline absl::Status InvalidScope(absl::string_view why) {
  return absl::PermissionDeniedError(absl::StrCat("invalid_scope: ", why));
}
inline absl::Status InvalidTarget(absl::string_view why) {
  return absl::PermissionDeniedError(absl::StrCat("invalid_target: ", why));
}
inline absl::Status UnauthorizedClient(absl::string_view why) {
  return absl::PermissionDeniedError(absl::StrCat("unauthorized_client: ", why));
}

// Whether an error is one of these.
inline bool IsOAuthError(const absl::Status& status) {
  for (const absl::string_view code : {"invalid_request", "invalid_client", "invalid_grant",
                                       "invalid_scope", "invalid_target", "unauthorized_client"}) {
    if (absl::StartsWith(status.message(), code) &&
        absl::StartsWith(status.message().substr(code.size()), ": ")) {
      return true;
    }
  }
  return false;
}

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_OAUTH_ERROR_H_
