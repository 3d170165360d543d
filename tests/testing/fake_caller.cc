// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/fake_caller.h"
#include "lanyard/sdk/internal/registered_claims.h"

#include <grpcpp/server_context.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::testing {

Identity MakeIdentity(const std::string& issuer_name, const v1::Claims& claims,
                      const std::vector<std::string>& roles) {
  const auto json = internal::ClaimsToJson(claims);
  const auto document = json.ok() ? internal::JsonDocument::ParseObject(*json) : json.status();
  auto read = document.ok() ? internal::ReadClaims(document->root()) : document.status();
  if (!read.ok()) {
    std::fprintf(stderr, "lanyard::testing: %s\n", read.status().ToString().c_str());
    std::abort();
  }
  auto issuer = std::make_shared<internal::IssuerRules>();
  issuer->name = issuer_name;
  issuer->issuer = claims.issuer();
  issuer->leeway = absl::ZeroDuration();
  internal::IdentityFacts facts;
  facts.issuer = std::move(issuer);
  facts.claims = *std::move(read);
  facts.roles.assign(roles.begin(), roles.end());
  facts.claims_json = *json;
  return internal::IdentityAccess::Make(facts);
}

Identity MakeIdentity(const std::string& issuer_name, const std::string& subject,
                      const std::vector<std::string>& scopes,
                      const std::vector<std::string>& roles) {
  v1::Claims claims;
  claims.set_issuer("https://" + issuer_name + ".example.test");
  claims.set_subject(subject);
  for (const std::string& scope : scopes) claims.add_scopes(scope);
  return MakeIdentity(issuer_name, claims, roles);
}

FakeCaller::FakeCaller(grpc::ServerContextBase* context, Identity identity)
    : call_(std::make_unique<internal::BoundCall>()) {
  call_->identity = std::move(identity);
  // The map is the context's own, and not const there.
  internal::PutBoundCall(const_cast<internal::CallMetadata*>(&context->client_metadata()),
                         call_.get());
}

FakeCaller::~FakeCaller() = default;

FakeCaller::FakeCaller(grpc::ServerContextBase* context, const std::string& issuer_name,
                       const std::string& subject, const std::vector<std::string>& scopes,
                       const std::vector<std::string>& roles)
    : FakeCaller(context, MakeIdentity(issuer_name, subject, scopes, roles)) {}

}  // namespace lanyard::testing
