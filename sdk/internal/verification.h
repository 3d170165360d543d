// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_VERIFICATION_H_
#define LANYARD_SDK_INTERNAL_VERIFICATION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// One issuer as of now.
struct IssuerKeys {
  std::shared_ptr<const IssuerRules> rules;
  std::shared_ptr<const KeySet> keys;
  const KeySource* source = nullptr;              // May be null: then no key will arrive.
  const RevocationSource* revocations = nullptr;  // Null where tokens end with exp alone.
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

// Everything up to and without the checks that must be made on every call: the token's form, its
// issuer, signature and claims, and the time.
struct Verdict {
  Identity identity;  // Which knows the rules and the key set that the verdict was made with.
  const KeySource* source = nullptr;  // As IssuerKeys has both.
  const RevocationSource* revocations = nullptr;
};
absl::StatusOr<Verdict> VerifyToken(absl::string_view token, size_t max_bytes,
                                    const IssuerLookup& issuers, TokenConnection& connection,
                                    absl::Time now,
                                    absl::Duration since_boot = absl::ZeroDuration());

// The middle of VerifyToken, which knows nothing of claims: alg is in the rules' list, exactly one
// key of the issuer can have signed (kid, type, algorithm), and it did. Null keys are keys that are
// not loaded yet. Gives the key. Apart so that it can be run over signed texts that are no JWTs.
absl::StatusOr<const Key*> VerifySignature(const UnverifiedJws& jws, const IssuerRules& rules,
                                           const KeySet* keys, TokenConnection& connection);

// Whether a verdict made earlier could still be made, but for the token's bytes and the time: the
// issuer's config is the same, and the key is still there. While there are no keys at all, none has
// been withdrawn.
absl::Status CheckStillTrusted(const Identity& identity, const IssuerRules& rules,
                               const KeySet* keys);

// Whether a token of that source's issuer is revoked: asked on every call, so that no verdict that
// was made before a revocation outlives it. Without a source none is.
absl::Status CheckRevocation(const Identity& identity, const RevocationSource* revocations);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_VERIFICATION_H_
