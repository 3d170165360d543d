// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/failure.h"

#include <grpcpp/support/status.h>

#include "lanyard/interceptors/internal/wire_status.h"

namespace lanyard {
namespace {

struct Form {
  RefusalReason reason;
  grpc::StatusCode code;
  absl::string_view text;
  absl::string_view name;
};

constexpr Form kForms[] = {
    {RefusalReason::kMissingToken, grpc::StatusCode::UNAUTHENTICATED, "missing token",
     "MISSING_TOKEN"},
    {RefusalReason::kInvalidToken, grpc::StatusCode::UNAUTHENTICATED, "invalid token",
     "INVALID_TOKEN"},
    {RefusalReason::kTokenExpired, grpc::StatusCode::UNAUTHENTICATED, "token expired",
     "TOKEN_EXPIRED"},
    {RefusalReason::kTokenNotYetValid, grpc::StatusCode::UNAUTHENTICATED, "token not yet valid",
     "TOKEN_NOT_YET_VALID"},
    {RefusalReason::kWrongAudience, grpc::StatusCode::UNAUTHENTICATED, "wrong audience",
     "WRONG_AUDIENCE"},
    {RefusalReason::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED, "permission denied",
     "PERMISSION_DENIED"},
    {RefusalReason::kUnknownMethod, grpc::StatusCode::UNIMPLEMENTED, "unknown method",
     "UNKNOWN_METHOD"},
    {RefusalReason::kCannotBeVerified, grpc::StatusCode::UNAVAILABLE,
     "token cannot be verified now", "CANNOT_BE_VERIFIED"},
    {RefusalReason::kServerOverloaded, grpc::StatusCode::UNAVAILABLE, "server is overloaded",
     "SERVER_OVERLOADED"},
};

}  // namespace

absl::string_view RefusalReasonName(RefusalReason reason) {
  for (const Form& form : kForms) {
    if (form.reason == reason) return form.name;
  }
  return "";
}

std::optional<Refusal> FailureOf(const grpc::Status& status) {
  const std::string message = status.error_message();
  const auto parts = internal::ReadWireMessage(message);
  if (status.ok() || !parts.has_value()) return std::nullopt;
  Refusal refusal;
  refusal.decision_id = std::string(parts->decision_id);
  for (const Form& form : kForms) {
    if (form.code == status.error_code() && form.text == parts->text) refusal.reason = form.reason;
  }
  return refusal;
}

}  // namespace lanyard
