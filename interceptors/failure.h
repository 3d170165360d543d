// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_FAILURE_H_
#define LANYARD_INTERCEPTORS_FAILURE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace grpc {
class Status;
}

namespace lanyard {

// What a server tells a peer whom it refuses; the exact reason stands in the server's audit event.
// docs/reference/failures.md has the same for other languages.
enum class RefusalReason {
  kMissingToken,      // UNAUTHENTICATED "missing token".
  kInvalidToken,      // UNAUTHENTICATED "invalid token".
  kTokenExpired,      // UNAUTHENTICATED "token expired".
  kTokenNotYetValid,  // UNAUTHENTICATED "token not yet valid".
  kWrongAudience,     // UNAUTHENTICATED "wrong audience".
  kPermissionDenied,  // PERMISSION_DENIED "permission denied".
  kUnknownMethod,     // UNIMPLEMENTED "unknown method".
  kCannotBeVerified,  // UNAVAILABLE "token cannot be verified now".
  kServerOverloaded,  // UNAVAILABLE "server is overloaded".
};

// "WRONG_AUDIENCE", …: stable names for logs and metrics.
absl::string_view RefusalReasonName(RefusalReason reason);

struct Refusal {
  // Nothing for a text that this version does not know.
  std::optional<RefusalReason> reason;

  // Eight hex digits, the same in the server's audit event.
  std::string decision_id;
};

// How Lanyard on the server refused a call; nothing if the status is OK or of somebody else. It is
// a hint for logs: a handler can write such a text too, so nothing may be let in or out because of
// it.
//
//   if (auto refusal = lanyard::FailureOf(status)) LOG(INFO) << "ask for " << refusal->decision_id;
std::optional<Refusal> FailureOf(const grpc::Status& status);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_FAILURE_H_
