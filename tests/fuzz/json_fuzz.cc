// SPDX-License-Identifier: Apache-2.0
//
// Headers and claims as JSON: both readers and a naive third one agree, and claims keep what they
// say through the message and back.
#include <google/protobuf/util/message_differencer.h>

#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/fuzz/naive_json.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/registered_claims.h"

namespace {

using namespace lanyard;
using internal::JsonDocument;
using internal::RegisteredClaims;

// A time in JSON is a double where it has a fraction, so a nanosecond may get lost.
constexpr absl::Duration kLost = absl::Nanoseconds(2);

void CheckTime(const std::optional<absl::Time>& before, const std::optional<absl::Time>& after) {
  FUZZ_CHECK(before.has_value() == after.has_value());
  if (before.has_value()) FUZZ_CHECK(absl::AbsDuration(*before - *after) <= kLost);
}

// Whether exp is so close after iat or nbf that it may not be after them any more.
bool TimesAreTooClose(const RegisteredClaims& claims) {
  for (const auto& start : {claims.issued_at, claims.not_before}) {
    if (start.has_value() && claims.expires_at.has_value() &&
        *claims.expires_at - *start <= kLost) {
      return true;
    }
  }
  return false;
}

void ClearTimes(v1::Claims* claims) {
  claims->clear_expires_at();
  claims->clear_issued_at();
  claims->clear_not_before();
}

void CheckClaimsRoundTrip(absl::string_view text, const RegisteredClaims& before) {
  v1::Claims message = internal::ClaimsFromJson(text);
  auto written = internal::ClaimsToJson(message);
  FUZZ_CHECK(written.ok());
  if (TimesAreTooClose(before)) return;
  auto document = JsonDocument::ParseObject(*written);
  FUZZ_CHECK(document.ok());
  auto after = internal::ReadClaims(document->root());
  FUZZ_CHECK(after.ok());
  CheckTime(before.expires_at, after->expires_at);
  CheckTime(before.issued_at, after->issued_at);
  CheckTime(before.not_before, after->not_before);
  FUZZ_CHECK(before.subject == after->subject && before.scopes == after->scopes);
  FUZZ_CHECK(before.has_actor == after->has_actor);
  FUZZ_CHECK(before.has_other_kinds_claim == after->has_other_kinds_claim);
  // Empty is absent in the message.
  FUZZ_CHECK(before.issuer.value_or("") == after->issuer.value_or(""));
  FUZZ_CHECK(before.token_id.value_or("") == after->token_id.value_or(""));
  FUZZ_CHECK(before.client_id.value_or("") == after->client_id.value_or(""));
  // What cannot be checked has no field.
  if (!before.has_confirmation || before.confirmation_is_checkable) {
    FUZZ_CHECK(before.has_confirmation == after->has_confirmation);
    FUZZ_CHECK(before.confirmation_is_checkable == after->confirmation_is_checkable);
    FUZZ_CHECK(before.certificate_sha256 == after->certificate_sha256);
  }
  v1::Claims again = internal::ClaimsFromJson(*written);
  ClearTimes(&message);
  ClearTimes(&again);
  FUZZ_CHECK(google::protobuf::util::MessageDifferencer::Equals(message, again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = fuzz::TextOf(data, size);
  const auto document = JsonDocument::ParseObject(text);
  const auto secret = JsonDocument::ParseSecretObject(text);
  const auto naive = fuzz::NaiveParseObject(text);
  FUZZ_CHECK(document.ok() == secret.ok());
  FUZZ_CHECK(document.ok() == naive.has_value());
  if (!document.ok()) {
    FUZZ_CHECK(document.status() == secret.status() && !document.status().message().empty());
    FUZZ_CHECK(internal::ClaimsFromJson(text).ByteSizeLong() == 0);
    return 0;
  }
  FUZZ_CHECK(fuzz::SameJson(*naive, document->root()));
  FUZZ_CHECK(fuzz::SameJson(*naive, secret->root()));

  const auto claims = internal::ReadClaims(document->root());
  if (claims.ok()) {
    CheckClaimsRoundTrip(text, *claims);
  } else {
    FUZZ_CHECK(FailureOf(claims.status()) == AuthFailure::kMalformedToken);
  }
  return 0;
}
