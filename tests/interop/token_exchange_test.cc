// SPDX-License-Identifier: Apache-2.0
// Calls on behalf of a caller, with tokens that an issuer exchanges (RFC 8693).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/on_behalf_of.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/tokens/token_exchange_source.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interop/oauth_fixture.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FetchToken;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::Member;
using ::testing::Not;

constexpr char kFront[] = "https://front.example.test";
constexpr char kBack[] = "https://back.example.test";
constexpr char kLedger[] = "https://ledger.example.test";

class TokenExchangeTest : public OAuthFixture {
 protected:
  void SetUp() override {
    OAuthFixture::SetUp();
    if (!IsSkipped()) StartProvider();
  }

  // For the client, which also is who acts.
  TokenExchangeOptions ExchangeBy(const OAuthClient& client) const {
    TokenExchangeOptions options;
    options.client = client;
    options.audience_as = AudienceAs::kResource;
    options.actor_source = OwnTokens(client);
    options.actor_audience = provider_->url();
    return options;
  }
  // What a user's client has for the front server once she has logged in.
  std::string Alice(const std::string& more = "") const {
    return Member(provider_->LogIn("ES256", kFront, more), "resource_token");
  }
  static TokenRequest RequestFor(const std::string& subject_token, const std::string& audience,
                                 bool with_actor) {
    TokenRequest request;
    request.audience = audience;
    request.subject_token =
        std::make_shared<BearerToken>(subject_token, absl::Now() + absl::Hours(1));
    request.with_actor = with_actor;
    return request;
  }
  static absl::StatusOr<BearerToken> Exchange(const TokenExchangeOptions& options,
                                              const TokenRequest& request) {
    const auto source = TokenExchangeSource(options);
    if (!source.ok()) return source.status();
    return FetchToken(**source, request);
  }
  void ExpectRefused(const std::string& subject_token, const std::string& why) const {
    for (const bool with_actor : {false, true}) {
      const auto token =
          Exchange(ExchangeBy(WithSecret()), RequestFor(subject_token, kBack, with_actor));
      EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
      EXPECT_THAT(token, IsError(AllOf(HasSubstr(provider_->url()), HasSubstr("HTTP status 400"),
                                       HasSubstr(why), Not(HasSubstr(subject_token)))));
    }
  }
};

TEST_F(TokenExchangeTest, ExchangesForEveryKindOfClient) {
  const std::string alice = Alice();
  for (const OAuthClient& client : {WithSecret(), WithKey(), WithCertificate()}) {
    for (const bool with_actor : {false, true}) {
      const auto token = Exchange(ExchangeBy(client), RequestFor(alice, kBack, with_actor));
      ASSERT_THAT(token, IsOk()) << client.client_id;
      EXPECT_THAT(*internal::UnverifiedAudiences(token->text()), ElementsAre(kBack));
      const auto claims = internal::UnverifiedClaims(token->text());
      EXPECT_EQ(claims->root().Find("sub")->string(), "alice");
      EXPECT_EQ(claims->root().Find("client_id")->string(), client.client_id);
      const auto act = claims->root().Find("act");
      ASSERT_EQ(act.has_value(), with_actor);
      if (with_actor) {
        EXPECT_EQ(act->Find("sub")->string(), client.client_id);
      }
      EXPECT_LE(token->expires_at(), *internal::UnverifiedExpiry(alice));
    }
  }
}

TEST_F(TokenExchangeTest, AsksForTheAudienceInBothWays) {
  TokenExchangeOptions options = ExchangeBy(WithSecret());
  options.audience_as = AudienceAs::kAudience;
  EXPECT_THAT(Exchange(options, RequestFor(Alice(), kBack, true)), IsOk());
}

TEST_F(TokenExchangeTest, ATokenAllowsNoMoreThanTheCallersOwn) {
  TokenExchangeOptions options = ExchangeBy(WithSecret());
  options.scopes = {"orders.read"};
  const auto token = Exchange(options, RequestFor(Alice(), kBack, false));
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(internal::UnverifiedClaims(token->text())->root().Find("scope")->string(),
            "orders.read");
  options.scopes = {"orders.delete"};
  EXPECT_THAT(Exchange(options, RequestFor(Alice(), kBack, false)),
              IsError(HasSubstr("HTTP status 400: invalid_scope")));
}

TEST_F(TokenExchangeTest, AnExpiredTokenIsRefused) {
  ExpectRefused(Alice("&ttl=-10"), "invalid_request: subject_token: err jwt expired");
}

TEST_F(TokenExchangeTest, AForgedTokenIsRefused) {
  std::string token = Alice();
  const size_t middle = (token.rfind('.') + token.size()) / 2;
  token[middle] = token[middle] == 'A' ? 'B' : 'A';
  ExpectRefused(token, "invalid_request: subject_token: err jws signature verification failed");
}

TEST_F(TokenExchangeTest, ATokenOfAnotherIssuerIsRefused) {
  const testing::TestIssuer stranger;
  ExpectRefused(stranger.Token().Subject("alice").Sign(),
                "invalid_request: subject_token: err jwks no matching key");
  ExpectRefused(stranger.Token().Issuer(provider_->url()).Subject("alice").Sign(),
                "invalid_request: subject_token: err jwks no matching key");
}

TEST_F(TokenExchangeTest, WhatIsNoTokenNeverLeavesTheProcess) {
  const TokenExchangeOptions options = ExchangeBy(WithSecret());
  const int before = provider_->TokenRequests();
  EXPECT_THAT(Exchange(options, RequestFor("garbage", kBack, false)),
              IsError(HasSubstr("the caller's token cannot be read")));
  EXPECT_EQ(provider_->TokenRequests(), before);
}

TEST_F(TokenExchangeTest, AnUnknownTargetIsRefused) {
  for (const char* target : {"https://nobody.example.com", "no-uri"}) {
    EXPECT_THAT(Exchange(ExchangeBy(WithSecret()), RequestFor(Alice(), target, true)),
                IsError(HasSubstr("HTTP status 400: invalid_target")))
        << target;
  }
}

TEST_F(TokenExchangeTest, AnotherClientsActorIsRefused) {
  TokenExchangeOptions options = ExchangeBy(WithSecret());
  options.actor_source = OwnTokens(WithKey());
  EXPECT_THAT(Exchange(options, RequestFor(Alice(), kBack, true)),
              IsError(HasSubstr("invalid_request: actor_token: another client's")));
}

TEST_F(TokenExchangeTest, AClientThatCannotProveWhoItIsIsRefused) {
  TokenExchangeOptions options = ExchangeBy(WithSecret());
  options.client.client_secret_file = Private("wrong", "wrong");
  EXPECT_THAT(Exchange(options, RequestFor(Alice(), kBack, true)),
              IsError(HasSubstr("HTTP status 401: invalid_client")));
}

// Servers in a row, of which each calls the next on behalf of its caller.
class TokenExchangeCallTest : public TokenExchangeTest {
 protected:
  // A server, and its client for the next one.
  struct Hop {
    GatedServer server{Api::kSync};
    std::shared_ptr<grpc::Channel> next;
    OnBehalf how = OnBehalf::kDelegation;
    std::optional<grpc::Status> answer;  // Of the next server.
  };

  void SetUp() override {
    TokenExchangeTest::SetUp();
    if (IsSkipped()) return;
    const auto actors = [](const std::string& actor) {
      return absl::StrCat(
          "rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true allow { "
          "issuers: 'sso' subjects: 'alice' actors { issuer: 'sso' subjects: '",
          actor, "' } } } rules { method: '/lanyard.test.Echo/Unruled' allow { issuers: 'sso' ",
          "clients: '", actor, "' } }");
    };
    for (Hop* hop : {&front_, &back_}) {
      hop->server.options.keep_callers_tokens = true;
      hop->server.echo.handled().on_enter = [hop](const grpc::ServerContextBase& server) {
        if (hop->next == nullptr) return;
        const auto context =
            grpc::ClientContext::FromServerContext(static_cast<const grpc::ServerContext&>(server));
        OnBehalfOf(server, hop->how, context.get());
        const auto stub = Echo::NewStub(hop->next);
        Message request, reply;
        hop->answer = hop->how == OnBehalf::kDelegation
                          ? stub->Unary(context.get(), request, &reply)
                          : stub->Unruled(context.get(), request, &reply);
      };
    }
    ASSERT_NO_FATAL_FAILURE(Serve(&front_.server, kFront, ""));
    ASSERT_NO_FATAL_FAILURE(Serve(&back_.server, kBack, actors("signing-ES256")));
    ASSERT_NO_FATAL_FAILURE(Serve(&ledger_, kLedger, actors("showing-ES256")));
    Connect(&front_, WithKey(), kBack, back_.server.port);
  }
  void Connect(Hop* hop, const OAuthClient& client, const std::string& audience, int port) {
    ClientAuthOptions options;
    options.audience = audience;
    options.token_source = OwnTokens(client);
    options.exchange_source = *TokenExchangeSource(ExchangeBy(client));
    options.tls = files_.Client();
    const auto channel = CreateChannel(absl::StrCat("localhost:", port), options);
    ASSERT_THAT(channel, IsOk());
    hop->next = *channel;
  }
  void CallFrontAsAlice() {
    const grpc::Status status =
        CallPath(PlainTls(files_, front_.server.port), "/lanyard.test.Echo/Unary", Bearer(Alice()));
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(front_.answer.has_value());
    ASSERT_TRUE(front_.answer->ok()) << front_.answer->error_message();
  }

  Hop front_, back_;
  GatedServer ledger_{Api::kSync};
};

TEST_F(TokenExchangeCallTest, DelegationShowsTheCallerAndWhoActs) {
  ASSERT_NO_FATAL_FAILURE(CallFrontAsAlice());
  const Identity seen = back_.server.audit->last().caller;
  EXPECT_EQ(seen.subject(), "alice");
  EXPECT_EQ(seen.actor_subject(), "signing-ES256");
  EXPECT_FALSE(seen.claims().actor().has_actor());
  EXPECT_THAT(seen.audiences(), ElementsAre(kBack));
}

TEST_F(TokenExchangeCallTest, AudienceChangeShowsTheCallerAndTheClient) {
  front_.how = OnBehalf::kAudienceChange;
  ASSERT_NO_FATAL_FAILURE(CallFrontAsAlice());
  const Identity seen = back_.server.audit->last().caller;
  EXPECT_EQ(seen.subject(), "alice");
  EXPECT_EQ(seen.client_id(), "signing-ES256");
  EXPECT_FALSE(seen.has_actor());
}

TEST_F(TokenExchangeCallTest, TwoHopsNestTheirActors) {
  Connect(&back_, WithCertificate(), kLedger, ledger_.port);
  ASSERT_NO_FATAL_FAILURE(CallFrontAsAlice());
  ASSERT_TRUE(back_.answer.has_value());
  ASSERT_TRUE(back_.answer->ok()) << back_.answer->error_message();
  const Identity seen = ledger_.audit->last().caller;
  EXPECT_EQ(seen.subject(), "alice");
  EXPECT_EQ(seen.actor_subject(), "showing-ES256");
  EXPECT_EQ(seen.claims().actor().actor().subject(), "signing-ES256");
  EXPECT_FALSE(seen.claims().actor().actor().has_actor());
}

TEST_F(TokenExchangeCallTest, ACallerIsExchangedOnceForManyCalls) {
  const std::string alice = Alice();
  const auto channel = PlainTls(files_, front_.server.port);
  int first = 0;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(CallPath(channel, "/lanyard.test.Echo/Unary", Bearer(alice)).ok());
    ASSERT_TRUE(front_.answer.has_value() && front_.answer->ok());
    if (i == 0) first = provider_->TokenRequests();
  }
  EXPECT_EQ(provider_->TokenRequests(), first);
}

TEST_F(TokenExchangeCallTest, AnIssuerThatIsDownEndsTheCallAndNothingIsSent) {
  const std::string alice = Alice();
  provider_.reset();
  EXPECT_TRUE(
      CallPath(PlainTls(files_, front_.server.port), "/lanyard.test.Echo/Unary", Bearer(alice))
          .ok());
  ASSERT_TRUE(front_.answer.has_value());
  EXPECT_EQ(front_.answer->error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(back_.server.audit->events().empty());
}

}  // namespace
}  // namespace lanyard::test
