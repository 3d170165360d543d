// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_ISSUER_RULES_H_
#define LANYARD_SDK_INTERNAL_ISSUER_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::internal {

// The checks that a valid issuer of the config stands for, its profile and defaults spelled out.
// What Identity::issuer() says: iss, or for a trust domain without one "spiffe://domain".
std::string IssuerText(const v1::Issuer& issuer);

IssuerRules RulesOf(const v1::Issuer& issuer);

// The algorithms of a valid issuer.
std::vector<Algorithm> AlgorithmsOf(const v1::Issuer& issuer);

// Says what an issuer that stands beside others may assert, where its config does not: for one of a
// trust domain, the subjects of that domain. An error for others, which must say it themselves.
absl::Status CompleteMayAssert(v1::Issuer* issuer);

// Checks one issuer of a config by itself; the error names the field and what would be right.
absl::Status ValidateIssuer(const v1::Issuer& issuer);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_ISSUER_RULES_H_
