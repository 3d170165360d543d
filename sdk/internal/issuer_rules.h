// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_ISSUER_RULES_H_
#define LANYARD_SDK_INTERNAL_ISSUER_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::internal {

// What one issuer's tokens must be like: the checks, spelled out.
struct IssuerRules {
  std::string name;
  // Of the whole config of the issuer: another one means another config.
  uint64_t fingerprint = 0;
  // Empty only with a trust domain: then a token with any iss is refused.
  std::string issuer;
  // Of JWT-SVIDs: what sub must be in. They need no iss. Empty for other tokens.
  std::string trust_domain;
  // What stands for iss where there is none: "spiffe://domain".
  std::string trust_domain_uri;
  KeyUse key_use = KeyUse::kSignature;
  std::vector<std::string> audiences;
  // Only for an issuer that looks at its own tokens, which may be for anybody.
  bool any_audience_unchecked = false;
  std::vector<Algorithm> algorithms;

  // Header types, lower case and without "application/".
  std::vector<std::string> types;
  bool accept_no_type = false;
  // Only for `lanyard token verify`, which says that it did not look.
  bool any_type_unchecked = false;

  bool require_subject = true;
  bool require_issued_at = false;
  bool require_token_id = false;
  bool require_client_id = false;
  std::vector<v1::ClaimCondition> required_claims;
  std::vector<ClaimPath> roles;  // Where they stand.
  // What it is believed about; absent: everything.
  struct MayAssert {
    NamePatterns subjects, scopes, roles;
  };
  std::optional<MayAssert> may_assert;
  // Refuses claims that only ID, logout or security-event tokens have, and ones whose own typ says
  // that they are something else.
  bool refuse_other_kinds = true;
  bool single_audience_only = false;

  absl::Duration leeway = absl::Seconds(30);
  absl::Duration max_lifetime = absl::Hours(24);

  // Keys without an algorithm of their own take the token's; only for `lanyard token verify`.
  bool bind_keys_to_token_unchecked = false;
};

// What Identity::issuer() says: iss, or for a trust domain without one "spiffe://domain".
std::string IssuerText(const v1::Issuer& issuer);
inline absl::string_view IssuerTextOf(const IssuerRules& rules) {
  return rules.issuer.empty() ? rules.trust_domain_uri : rules.issuer;
}

// The checks that a valid issuer of the config stands for, its profile and defaults spelled out.
IssuerRules RulesOf(const v1::Issuer& issuer);

// The algorithms of a valid issuer.
std::vector<Algorithm> AlgorithmsOf(const v1::Issuer& issuer);

// How long what was heard of revocations counts, by a valid config.
absl::Duration MaxRevocationAge(const v1::Revocations& revocations);

// Says what an issuer that stands beside others may assert, where its config does not: for one of a
// trust domain, the subjects of that domain. An error for others, which must say it themselves.
absl::Status CompleteMayAssert(v1::Issuer* issuer);

// Checks one issuer of a config by itself; the error names the field and what would be right.
absl::Status ValidateIssuer(const v1::Issuer& issuer);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_ISSUER_RULES_H_
