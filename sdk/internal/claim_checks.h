// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CLAIM_CHECKS_H_
#define LANYARD_SDK_INTERNAL_CLAIM_CHECKS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// The end of VerifyToken, from where the claims are believed: only for claims whose signature has
// been verified, and for those that a person vouches for (`lanyard policy explain`). All checks of
// the claims, and what they say; the header is not in it. Valid as long as the document.
absl::StatusOr<IdentityFacts> BelieveClaims(const JsonDocument& document,
                                            std::shared_ptr<const IssuerRules> rules,
                                            absl::Time now);

// exp, nbf, iat and lifetime at `now`: the one function for fresh and for cached verdicts.
absl::Status CheckTime(const Identity& identity, const IssuerRules& rules, absl::Time now);

// cnf against the client's certificate. Never cached.
absl::Status CheckBinding(const Identity& identity, TokenConnection& connection);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CLAIM_CHECKS_H_
