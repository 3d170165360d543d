// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_VERIFICATION_H_
#define LANYARD_SDK_INTERNAL_VERIFICATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/v1/annotations.pb.h"

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
  KeyUse key_use = KeyUse::kSignature;
  std::vector<std::string> audiences;
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

// Everything up to and without the checks that must be made on every call: the token's form, its
// issuer, signature and claims, and the time. `rules_of` gives the rules and keys of an issuer.
struct IssuerKeys {
  const IssuerRules* rules = nullptr;
  std::shared_ptr<const KeySet> keys;
  const KeySource* source = nullptr;  // May be null: then no key will arrive.
};
class IssuerLookup {
 public:
  virtual ~IssuerLookup() = default;
  // Null rules for an unknown issuer; null keys while there are none.
  virtual IssuerKeys Find(absl::string_view issuer) const = 0;
  // For tokens without iss, whose sub is a SPIFFE ID.
  virtual IssuerKeys FindTrustDomain(absl::string_view /*trust_domain*/) const { return {}; }
};

// Whose rules a token is checked by: only iss, or without it the trust domain of sub, is read
// before the signature, by the same reader that reads it again afterwards.
absl::StatusOr<IssuerKeys> FindIssuer(const JsonValue& claims, const IssuerLookup& issuers);

struct IdentityState;

struct Verdict {
  Identity identity;
  IssuerKeys issuer;  // With the set that the verdict was made with.
};
absl::StatusOr<Verdict> VerifyToken(absl::string_view token, size_t max_bytes,
                                    const IssuerLookup& issuers, TokenConnection& connection,
                                    absl::Time now,
                                    absl::Duration since_boot = absl::ZeroDuration());

// The end of VerifyToken, from where the claims are believed: only for claims whose signature has
// been verified, and for those that a person vouches for (`lanyard policy explain`). All checks of
// the claims, and what they say; the header is not in it.
absl::StatusOr<std::shared_ptr<IdentityState>> BelieveClaims(const JsonValue& claims,
                                                             const IssuerRules& rules,
                                                             absl::Time now);

// The middle of VerifyToken, which knows nothing of claims: alg is in the rules' list, exactly one
// key of the issuer can have signed (kid, type, algorithm), and it did. Null keys are keys that are
// not loaded yet. Apart so that it can be run over signed texts that are no JWTs.
// The key that did.
absl::StatusOr<const Key*> VerifySignature(const UnverifiedJws& jws, const IssuerRules& rules,
                                           const KeySet* keys, TokenConnection& connection);

// exp, nbf, iat and lifetime at `now`: the one function for fresh and for cached verdicts.
absl::Status CheckTime(const Identity& identity, const IssuerRules& rules, absl::Time now);

// Whether a verdict made earlier could still be made, but for the token's bytes and the time: the
// issuer's config is the same, and the key is still there. While there are no keys at all, none has
// been withdrawn.
absl::Status CheckStillTrusted(const Identity& identity, const IssuerRules& rules,
                               const KeySet* keys);

// cnf against the client's certificate. Never cached.
absl::Status CheckBinding(const Identity& identity, TokenConnection& connection);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_VERIFICATION_H_
