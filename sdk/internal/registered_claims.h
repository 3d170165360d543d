// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REGISTERED_CLAIMS_H_
#define LANYARD_SDK_INTERNAL_REGISTERED_CLAIMS_H_

#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::internal {

// Strings of a document; few in nearly every token.
using ClaimStrings = absl::InlinedVector<absl::string_view, 8>;

// The claims that checks are made of, read out of the JSON once. Valid as long as its document.
struct RegisteredClaims {
  std::optional<absl::string_view> issuer;
  std::optional<absl::string_view> subject;
  std::optional<ClaimStrings> audiences;
  std::optional<absl::Time> expires_at;
  std::optional<absl::Time> not_before;
  std::optional<absl::Time> issued_at;
  std::optional<absl::string_view> token_id;
  std::optional<absl::string_view> client_id;
  std::optional<absl::string_view> authorized_party;
  ClaimStrings scopes;  // Of scope; where there is none, of scp.

  // cnf (RFC 7800): absent, or a thumbprint, or something that Lanyard cannot check.
  bool has_confirmation = false;
  bool confirmation_is_checkable = false;
  std::string certificate_sha256;

  // act (RFC 8693 section 4.1): the outermost actor, which alone counts.
  bool has_actor = false;
  absl::string_view actor_subject;
  std::optional<absl::string_view> actor_issuer;

  // auth_time and acr (OpenID Connect Core 1.0 section 2, RFC 9470 section 3).
  std::optional<absl::Time> authenticated_at;
  std::optional<absl::string_view> authentication_class;

  // sid (OpenID Connect Front-Channel Logout 1.0 section 3): what a whole session is revoked by.
  std::optional<absl::string_view> session_id;

  // Claims that only ID, logout and security-event tokens have (nonce, at_hash, c_hash, s_hash,
  // events).
  bool has_other_kinds_claim = false;
};

// Reads and type-checks the claims; failures carry AuthFailure::kMalformedToken. Times must be
// from 0 to the end of the year 9999; fractions are kept (RFC 7519 section 2).
absl::StatusOr<RegisteredClaims> ReadClaims(const JsonValue& claims);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REGISTERED_CLAIMS_H_
