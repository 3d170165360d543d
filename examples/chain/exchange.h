// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_EXAMPLES_CHAIN_EXCHANGE_H_
#define LANYARD_EXAMPLES_CHAIN_EXCHANGE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/tokens/token_source.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/test_issuer.h"

namespace chain {

// An issuer that exchanges tokens (RFC 8693), in the same process, so that the example needs none.
// With a real one this is lanyard::TokenExchangeSource(), and nothing else changes.
class Exchange final : public lanyard::TokenSource {
 public:
  // For that service, which an issuer would know by its secret or key.
  Exchange(const lanyard::testing::TestIssuer& issuer, std::string service)
      : issuer_(issuer), service_(std::move(service)) {}

  void Fetch(const lanyard::TokenRequest& request, lanyard::TokenCallback done) override {
    if (request.subject_token == nullptr || !request.with_actor) {
      return done(absl::UnauthenticatedError("invalid_request: delegation only"));
    }
    lanyard::VerifierOptions options;
    options.issuers = {{issuer_.Config(), issuer_.Keys()}};
    // The token must be for the service that brings it.
    options.issuers[0].config.set_audiences(0, service_.substr(sizeof("svc:") - 1));
    const auto verifier = lanyard::Verifier::Create(options);
    if (!verifier.ok()) return done(verifier.status());
    const auto caller = (*verifier)->Verify(request.subject_token->text());
    if (!caller.ok()) return done(absl::UnauthenticatedError("invalid_grant"));

    auto token = issuer_.Token().Subject(caller->subject()).Audience(request.audience);
    auto* const actor = token.claims().mutable_actor();
    actor->set_subject(service_);
    if (caller->has_actor()) *actor->mutable_actor() = caller->claims().actor();
    done(lanyard::BearerToken(token.Sign(), absl::Now() + absl::Minutes(5)));
  }

 private:
  const lanyard::testing::TestIssuer& issuer_;
  const std::string service_;
};

}  // namespace chain

#endif  // LANYARD_EXAMPLES_CHAIN_EXCHANGE_H_
