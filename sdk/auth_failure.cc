// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/auth_failure.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace lanyard {
namespace {

constexpr char kPayload[] = "lanyard.dev/AuthFailure";

}  // namespace

absl::string_view AuthFailureName(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kMissingToken:
      return "MISSING_TOKEN";
    case AuthFailure::kMalformedToken:
      return "MALFORMED_TOKEN";
    case AuthFailure::kUnsupportedAlgorithm:
      return "UNSUPPORTED_ALGORITHM";
    case AuthFailure::kUnknownIssuer:
      return "UNKNOWN_ISSUER";
    case AuthFailure::kUnknownKey:
      return "UNKNOWN_KEY";
    case AuthFailure::kBadSignature:
      return "BAD_SIGNATURE";
    case AuthFailure::kWrongType:
      return "WRONG_TYPE";
    case AuthFailure::kExpired:
      return "EXPIRED";
    case AuthFailure::kNotYetValid:
      return "NOT_YET_VALID";
    case AuthFailure::kLifetimeTooLong:
      return "LIFETIME_TOO_LONG";
    case AuthFailure::kWrongAudience:
      return "WRONG_AUDIENCE";
    case AuthFailure::kMissingClaim:
      return "MISSING_CLAIM";
    case AuthFailure::kNotBound:
      return "NOT_BOUND";
    case AuthFailure::kRevoked:
      return "REVOKED";
    case AuthFailure::kReplayed:
      return "REPLAYED";
    case AuthFailure::kTooManyBadTokens:
      return "TOO_MANY_BAD_TOKENS";
    case AuthFailure::kDeniedByPolicy:
      return "DENIED_BY_POLICY";
    case AuthFailure::kKeysUnavailable:
      return "KEYS_UNAVAILABLE";
    case AuthFailure::kRevocationUnknown:
      return "REVOCATION_UNKNOWN";
    case AuthFailure::kOverloaded:
      return "OVERLOADED";
  }
  return "";
}

absl::StatusCode AuthFailureCode(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kDeniedByPolicy:
      return absl::StatusCode::kPermissionDenied;
    case AuthFailure::kKeysUnavailable:
    case AuthFailure::kRevocationUnknown:
    case AuthFailure::kOverloaded:
      return absl::StatusCode::kUnavailable;
    case AuthFailure::kMissingToken:
    case AuthFailure::kMalformedToken:
    case AuthFailure::kUnsupportedAlgorithm:
    case AuthFailure::kUnknownIssuer:
    case AuthFailure::kUnknownKey:
    case AuthFailure::kBadSignature:
    case AuthFailure::kWrongType:
    case AuthFailure::kExpired:
    case AuthFailure::kNotYetValid:
    case AuthFailure::kLifetimeTooLong:
    case AuthFailure::kWrongAudience:
    case AuthFailure::kMissingClaim:
    case AuthFailure::kNotBound:
    case AuthFailure::kRevoked:
    case AuthFailure::kReplayed:
    case AuthFailure::kTooManyBadTokens:
      return absl::StatusCode::kUnauthenticated;
  }
  return absl::StatusCode::kUnauthenticated;
}

absl::string_view AuthFailureWireText(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kMissingToken:
      return "missing token";
    case AuthFailure::kExpired:
      return "token expired";
    case AuthFailure::kNotYetValid:
      return "token not yet valid";
    case AuthFailure::kWrongAudience:
      return "wrong audience";
    case AuthFailure::kDeniedByPolicy:
      return "permission denied";
    case AuthFailure::kKeysUnavailable:
    case AuthFailure::kRevocationUnknown:
      return "token cannot be verified now";
    case AuthFailure::kOverloaded:
      return "server is overloaded";
    case AuthFailure::kMalformedToken:
    case AuthFailure::kUnsupportedAlgorithm:
    case AuthFailure::kUnknownIssuer:
    case AuthFailure::kUnknownKey:
    case AuthFailure::kBadSignature:
    case AuthFailure::kWrongType:
    case AuthFailure::kLifetimeTooLong:
    case AuthFailure::kMissingClaim:
    case AuthFailure::kNotBound:
    case AuthFailure::kRevoked:
    case AuthFailure::kReplayed:
    case AuthFailure::kTooManyBadTokens:
      return "invalid token";
  }
  return "invalid token";
}

absl::Status AuthFailureStatus(AuthFailure failure, absl::string_view detail) {
  absl::Status status(AuthFailureCode(failure),
                      absl::StrCat(AuthFailureName(failure), ": ", detail));
  status.SetPayload(kPayload, absl::Cord(AuthFailureName(failure)));
  return status;
}

std::optional<AuthFailure> FailureOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return std::nullopt;
  for (const AuthFailure failure : kAllAuthFailures) {
    if (*payload == AuthFailureName(failure)) return failure;
  }
  return std::nullopt;
}

}  // namespace lanyard
