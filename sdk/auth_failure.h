// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_AUTH_FAILURE_H_
#define LANYARD_SDK_AUTH_FAILURE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard {

// Why a call was refused: exactly one reason a verdict, the first check that failed
// (docs/concepts/verification.md has the order).
enum class AuthFailure : uint8_t {
  // UNAUTHENTICATED: the token does not say who calls.
  kMissingToken,          // No bearer token.
  kMalformedToken,        // Not a well-formed JWT: RFC 7515 section 7.1, RFC 7519 section 7.2.
  kUnsupportedAlgorithm,  // alg is not one that this issuer, or this key, may use.
  kUnknownIssuer,         // iss is no issuer of the config.
  kUnknownKey,            // No key, or more than one, could have signed it.
  kBadSignature,          // The signature is not by that key over these bytes.
  kWrongType,             // typ is not a type this issuer's access tokens have (RFC 8725 3.11).
  kExpired,               // exp, RFC 7519 section 4.1.4.
  kNotYetValid,           // nbf or iat, sections 4.1.5 and 4.1.6.
  kLifetimeTooLong,       // exp is too far from iat, or from now.
  kWrongAudience,         // aud does not name us, section 4.1.3.
  kMissingClaim,          // A claim that this issuer's tokens must have is absent.
  kNotBound,              // cnf names a proof that this connection does not give (RFC 8705).
  kRevoked,               // Withdrawn before its time.
  kReplayed,              // A one-time token, seen before.
  kTooManyBadTokens,      // Not checked: the connection sent too many bad signatures just now.
  // PERMISSION_DENIED: known, but not allowed.
  kDeniedByPolicy,
  // UNAVAILABLE: the token cannot be judged now; the same call may succeed later.
  kKeysUnavailable,
  kRevocationUnknown,
  kOverloaded,   // Too many admitted calls wait for their handlers.
  kAuditFailed,  // The decision could not be recorded, and the config says on_audit_failure: DENY.
};

inline constexpr AuthFailure kAllAuthFailures[] = {
    AuthFailure::kMissingToken,
    AuthFailure::kMalformedToken,
    AuthFailure::kUnsupportedAlgorithm,
    AuthFailure::kUnknownIssuer,
    AuthFailure::kUnknownKey,
    AuthFailure::kBadSignature,
    AuthFailure::kWrongType,
    AuthFailure::kExpired,
    AuthFailure::kNotYetValid,
    AuthFailure::kLifetimeTooLong,
    AuthFailure::kWrongAudience,
    AuthFailure::kMissingClaim,
    AuthFailure::kNotBound,
    AuthFailure::kRevoked,
    AuthFailure::kReplayed,
    AuthFailure::kTooManyBadTokens,
    AuthFailure::kDeniedByPolicy,
    AuthFailure::kKeysUnavailable,
    AuthFailure::kRevocationUnknown,
    AuthFailure::kOverloaded,
    AuthFailure::kAuditFailed,
};

// "EXPIRED", "BAD_SIGNATURE", …: stable names for logs, metrics and scripts.
absl::string_view AuthFailureName(AuthFailure failure);

// The status code of a call refused for that reason.
absl::StatusCode AuthFailureCode(AuthFailure failure);

// What the peer is told: only what it could read in its own token, else "invalid token".
absl::string_view AuthFailureWireText(AuthFailure failure);

// What an operator can look at or change, in a sentence without a full stop.
absl::string_view AuthFailureHint(AuthFailure failure);

// A status that carries the failure. `detail` is for operators, not for the peer; it must not hold
// any part of a token that was not verified.
absl::Status AuthFailureStatus(AuthFailure failure, absl::string_view detail);

// The detail that a status of AuthFailureStatus() was made with; the message of any other.
std::string AuthFailureDetail(const absl::Status& status);

// The failure that a status carries; nothing for OK and for other errors.
std::optional<AuthFailure> FailureOf(const absl::Status& status);

}  // namespace lanyard

#endif  // LANYARD_SDK_AUTH_FAILURE_H_
