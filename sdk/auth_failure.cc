// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/auth_failure.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

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
    case AuthFailure::kAuditFailed:
      return "AUDIT_FAILED";
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
    case AuthFailure::kAuditFailed:
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
    case AuthFailure::kAuditFailed:
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

absl::string_view AuthFailureHint(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kMissingToken:
      return "the client sends no bearer token: its channel is not made with ClientAuth, or a "
             "proxy drops the authorization header";
    case AuthFailure::kMalformedToken:
      return "what came is not one compact JWT: look at what the client's token source gives (an "
             "opaque, cut or quoted token), and for a second authorization header";
    case AuthFailure::kUnsupportedAlgorithm:
      return "compare what the issuer signs with to algorithms of that issuer in the config";
    case AuthFailure::kUnknownIssuer:
      return "compare iss in the token (lanyard token inspect) with issuer in the config, byte for "
             "byte: a slash at the end counts";
    case AuthFailure::kUnknownKey:
      return "compare kid in the token (lanyard token inspect) with the keys of the issuer: the "
             "token is of another environment, or its key was withdrawn";
    case AuthFailure::kBadSignature:
      return "another key has the same kid, or the token was changed on its way: compare the key "
             "set of the config with that of the issuer";
    case AuthFailure::kWrongType:
      return "the client sends something else than an access token, an ID token perhaps; or "
             "profile or custom_types of the issuer do not fit its tokens";
    case AuthFailure::kExpired:
      return "the client must get a new token before exp; if its token is new, compare the clocks "
             "of issuer and server";
    case AuthFailure::kNotYetValid:
      return "compare the clocks of issuer and server";
    case AuthFailure::kLifetimeTooLong:
      return "let the issuer give tokens that live shorter, or raise max_lifetime of that issuer";
    case AuthFailure::kWrongAudience:
      return "add an audience mapper at the issuer, or let the client ask for this server's "
             "audience";
    case AuthFailure::kMissingClaim:
      return "let the issuer write the claim, or change profile or required_claims of the issuer";
    case AuthFailure::kNotBound:
      return "the token is bound to another certificate: the client's was renewed after the token "
             "was made, or a proxy ends its TLS";
    case AuthFailure::kRevoked:
      return "the token was withdrawn: the client must sign in again";
    case AuthFailure::kReplayed:
      return "a one-time token came twice: the client must get a new one for each call, retries "
             "included";
    case AuthFailure::kTooManyBadTokens:
      return "look for BAD_SIGNATURE just before; where a proxy brings many callers over one "
             "connection, raise bad_signatures_per_second";
    case AuthFailure::kDeniedByPolicy:
      return "lanyard policy explain says what the rule asks for; change the rule, or what the "
             "issuer grants the caller";
    case AuthFailure::kKeysUnavailable:
      return "the issuer's keys could not be fetched: ServerAuth::Ready() and lanyard doctor say "
             "why";
    case AuthFailure::kRevocationUnknown:
      return "the feed of revocations is down";
    case AuthFailure::kOverloaded:
      return "more calls wait for a handler than admission_bytes holds: the server is too slow for "
             "what comes";
    case AuthFailure::kAuditFailed:
      return "the audit sink lost the event: its disk is full, or it is too slow";
  }
  return "";
}

absl::Status AuthFailureStatus(AuthFailure failure, absl::string_view detail) {
  absl::Status status(AuthFailureCode(failure),
                      absl::StrCat(AuthFailureName(failure), ": ", detail));
  status.SetPayload(kPayload, absl::Cord(AuthFailureName(failure)));
  return status;
}

std::string AuthFailureDetail(const absl::Status& status) {
  absl::string_view detail = status.message();
  if (const auto failure = FailureOf(status); failure.has_value()) {
    absl::ConsumePrefix(&detail, absl::StrCat(AuthFailureName(*failure), ": "));
  }
  return std::string(detail);
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
