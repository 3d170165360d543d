// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_MADE_CALLER_H_
#define LANYARD_TESTS_SDK_MADE_CALLER_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::testing {

// The identity that a verifier would make of these claims under that header type, which is lower
// case and without "application/"; empty stands for a header without typ.
inline Identity MadeCaller(const std::string& issuer_name, const std::string& claims_json,
                           const std::string& token_type = "at+jwt",
                           const std::vector<std::string>& roles = {}) {
  const auto document = internal::JsonDocument::ParseObject(claims_json);
  if (!document.ok()) ADD_FAILURE() << claims_json << ": " << document.status();
  auto claims = internal::ReadClaims(document->root());
  if (!claims.ok()) ADD_FAILURE() << claims_json << ": " << claims.status();
  auto issuer = std::make_shared<internal::IssuerRules>();
  issuer->name = issuer_name;
  issuer->issuer = std::string(claims->issuer.value_or(""));
  internal::IdentityFacts facts;
  facts.issuer = std::move(issuer);
  facts.claims = *std::move(claims);
  facts.roles.assign(roles.begin(), roles.end());
  facts.claims_json = claims_json;
  facts.token_type = token_type;
  return internal::IdentityAccess::Make(facts);
}

// A connection whose client has a certificate with these names, vouched for by the server's roots.
class PeerConnection final : public TokenConnection {
 public:
  PeerConnection() = default;
  explicit PeerConnection(PeerNames names) : names_(std::move(names)) {}
  PeerNames VerifiedPeerNames() override { return names_; }

 private:
  const PeerNames names_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_MADE_CALLER_H_
