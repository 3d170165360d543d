// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "tests/issuer/issuer_fixture.h"

// Tokens that speak for somebody else: each rule broken once.
namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

MATCHER(IsNoGoodSubject, "is refused for its subject token") {
  *result_listener << "status is " << arg.status().ToString();
  return absl::IsUnauthenticated(arg.status()) &&
         ::testing::Matches(StartsWith("invalid_grant: "))(std::string(arg.status().message()));
}

class ExchangeTest : public IssuerTest {
 protected:
  static v1::ExchangeRequest RequestOf(const std::string& token) {
    v1::ExchangeRequest request;
    request.set_subject_token(token);
    request.mutable_client()->set_client_id("orders");
    request.set_audience("payments");
    return request;
  }
  absl::StatusOr<v1::TokenResponse> ExchangeFor(const std::string& token,
                                                const std::vector<std::string>& scopes) {
    v1::ExchangeRequest request = RequestOf(token);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    return issuer_->Exchange(request, PeerWith("spiffe://prod/orders"));
  }
  // The claims of ada's token for "orders", for a token that is to be a little different.
  v1::Claims Caller() { return ClaimsOf(SignIn().access_token()); }

  // A client with that certificate which may exchange for that audience.
  void AddExchanger(const std::string& name, const std::string& target) {
    v1::Client client;
    client.set_name(name);
    client.add_certificate_names("spiffe://prod/" + name);
    Grant(client.mutable_exchanges(), target, {"orders.read"});
    AddClient(client);
  }
  static v1::Value ObjectWith(const std::vector<std::pair<std::string, std::string>>& members) {
    v1::Value value;
    value.mutable_object_value();
    for (const auto& [name, text] : members) {
      (*value.mutable_object_value()->mutable_members())[name].set_string_value(text);
    }
    return value;
  }
};

TEST_F(ExchangeTest, RefusesATokenForAnotherAudienceThanTheClient) {
  AddExchanger("shipping", "payments");
  EXPECT_THAT(Exchange(SignIn().access_token(), "shipping"), IsNoGoodSubject());
}

TEST_F(ExchangeTest, TakesTokensForAFrontDoorThatIsListed) {
  AddExchanger("shipping", "payments");
  ChangeClient("shipping", [](v1::Client* client) { client->add_receives("orders"); });
  EXPECT_THAT(Exchange(SignIn().access_token(), "shipping"), IsOk());
  // Then its own name is not one of them.
  v1::Claims claims = Caller();
  claims.set_audiences(0, "shipping");
  EXPECT_THAT(Exchange(Sign(claims), "shipping"), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenThatIsForOthersToo) {
  v1::Claims claims = Caller();
  claims.add_audiences("payments");
  EXPECT_THAT(Exchange(Sign(claims)), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenThatHasExpired) {
  for (const auto& [after, is_good] :
       {std::pair(absl::Seconds(-1), true), std::pair(absl::ZeroDuration(), false),
        std::pair(absl::Seconds(1), false)}) {
    const std::string token = SignIn().access_token();
    clock_->Advance(absl::Minutes(10) + after);
    const auto exchanged = Exchange(token);
    EXPECT_EQ(exchanged.ok(), is_good) << after;
    if (!is_good) {
      EXPECT_THAT(exchanged, IsNoGoodSubject());
    }
  }
}

TEST_F(ExchangeTest, LivesNoLongerThanTheTokenItFollowsFrom) {
  const std::string token = SignIn().access_token();
  clock_->Advance(absl::Minutes(4));
  const auto exchanged = Exchange(token);
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(exchanged->expires_in().seconds(), 360);
  EXPECT_EQ(ClaimsOf(exchanged->access_token()).expires_at().seconds(),
            ClaimsOf(token).expires_at().seconds());
}

TEST_F(ExchangeTest, LivesNoLongerThanOtherTokensOfTheIssuer) {
  v1::Claims claims = Caller();
  claims.mutable_expires_at()->set_seconds(claims.issued_at().seconds() + 3600);
  const auto exchanged = Exchange(Sign(claims));
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(exchanged->expires_in().seconds(), 600);
}

// Made by somebody else a moment ago: nothing has told this process yet.
TEST_F(ExchangeTest, RefusesATokenThatWasRevokedByItsId) {
  const std::string token = SignIn().access_token();
  ASSERT_THAT(accounts_->RevokeToken(ClaimsOf(token).token_id()), IsOk());
  EXPECT_THAT(Exchange(token), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenThatWasRevokedByItsSession) {
  const std::string token = SignIn().access_token();
  ASSERT_THAT(accounts_->RevokeSession(ClaimsOf(token).private_claims().at("sid").string_value()),
              IsOk());
  EXPECT_THAT(Exchange(token), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenThatWasRevokedByItsSubject) {
  const std::string token = SignIn().access_token();
  ASSERT_THAT(accounts_->ChangeUser("ada", true, [](v1::User*) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_THAT(Exchange(token), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenThatWasRevokedByItsKey) {
  const std::string token = SignIn().access_token();
  ASSERT_THAT(accounts_->RevokeKey(issuer_->keys()->Current()->keys()[0].id()), IsOk());
  EXPECT_THAT(Exchange(token), IsNoGoodSubject());
}

TEST_F(ExchangeTest, RefusesATokenWhoseActorWasRevoked) {
  AddExchanger("payments", "bank");
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  ASSERT_THAT(accounts_->ChangeClient("orders", true, [](v1::Client*) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_THAT(Exchange(exchanged->access_token(), "payments", "bank"), IsNoGoodSubject());
}

TEST_F(ExchangeTest, ADisabledActorsTokensAreWithdrawn) {
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  ChangeClient("orders", [](v1::Client* client) { client->set_disabled(true); });
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(exchanged->access_token()));
  EXPECT_THAT(Exchange(SignIn().access_token()), IsError(StartsWith("invalid_client: ")));
}

TEST_F(ExchangeTest, NothingIsExchangedWhileNobodyCanSayWhatIsRevoked) {
  const std::string token = SignIn().access_token();
  wrapped_->Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Exchange(token).status()));
}

TEST_F(ExchangeTest, WhatIsExchangedWhileTheUserIsDisabledIsWithdrawnToo) {
  const std::string token = SignIn().access_token();
  clock_->Advance(absl::Seconds(10));
  // Right after it was looked what is revoked.
  wrapped_->AfterTheNextLog([&] {
    clock_->Advance(absl::Seconds(2));
    ChangeUser("ada", [](v1::User* user) { user->set_disabled(true); });
    clock_->Advance(absl::Seconds(2));
  });
  const auto exchanged = Exchange(token);
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  // The feed looks by itself, too: then the exchange has seen it already.
  if (exchanged.ok()) {
    EXPECT_FALSE(IsActive(exchanged->access_token()));
  } else {
    EXPECT_THAT(exchanged, IsNoGoodSubject());
  }
}

TEST_F(ExchangeTest, RefusesABoundTokenOnAnotherConnection) {
  AddProvenApplication("desk");
  ChangeClient("desk", [](v1::Client* client) { client->set_certificate_bound(true); });
  v1::SignInRequest request = SignInOf("ada");
  request.mutable_client()->set_client_id("desk");
  const auto bound = issuer_->SignIn(request, PeerWith("spiffe://prod/desk"));
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(Exchange(bound->access_token()), IsNoGoodSubject());
}

TEST_F(ExchangeTest, ABoundTokenBecomesNoneThatIsNot) {
  v1::Claims claims = Caller();
  const std::string certificate = PeerWith("spiffe://prod/orders").certificate_sha256;
  claims.mutable_confirmation()->set_certificate_sha256(certificate);
  const auto exchanged = Exchange(Sign(claims));
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(ClaimsOf(exchanged->access_token()).confirmation().certificate_sha256(), certificate);
}

TEST_F(ExchangeTest, BindsToTheActorsCertificate) {
  ChangeClient("orders", [](v1::Client* client) { client->set_certificate_bound(true); });
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(ClaimsOf(exchanged->access_token()).confirmation().certificate_sha256(),
            PeerWith("spiffe://prod/orders").certificate_sha256);
}

TEST_F(ExchangeTest, OnlyWhomMayActNamesMayAct) {
  const struct {
    const char* what;
    v1::Value may_act;
    bool is_good;
  } cases[] = {
      {"the client", ObjectWith({{"sub", "svc:orders"}}), true},
      {"the client of this issuer", ObjectWith({{"sub", "svc:orders"}, {"iss", kIssuer}}), true},
      {"another client", ObjectWith({{"sub", "svc:shipping"}}), false},
      {"a user of that name", ObjectWith({{"sub", "user:orders"}}), false},
      {"the client's name alone", ObjectWith({{"sub", "orders"}}), false},
      {"a client of another issuer",
       ObjectWith({{"sub", "svc:orders"}, {"iss", "https://other.example.com"}}), false},
      {"nobody", ObjectWith({}), false},
      {"no object", v1::Value(), false},
  };
  for (const auto& each : cases) {
    ChangeUser("ada", [&](v1::User* user) {
      (*user->mutable_claims())["may_act"] = each.may_act;
      if (each.may_act.kind_case() == v1::Value::KIND_NOT_SET) {
        (*user->mutable_claims())["may_act"].set_string_value("svc:orders");
      }
    });
    const auto exchanged = Exchange(SignIn().access_token());
    EXPECT_EQ(exchanged.ok(), each.is_good) << each.what;
    if (!each.is_good) {
      EXPECT_THAT(exchanged, IsNoGoodSubject());
    }
  }
}

TEST_F(ExchangeTest, MayActStaysInWhatIsExchanged) {
  AddExchanger("payments", "bank");
  ChangeUser("ada", [](v1::User* user) {
    (*user->mutable_claims())["may_act"] = ObjectWith({{"sub", "svc:orders"}});
  });
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_THAT(Exchange(exchanged->access_token(), "payments", "bank"), IsNoGoodSubject());
}

TEST_F(ExchangeTest, ExchangesForItsTargetsAlone) {
  ChangeClient("orders", [](v1::Client* client) {
    Grant(client->mutable_exchanges(), "ledger", {});
    Grant(client->mutable_grants(), "warehouse", {"orders.read"});
  });
  const std::string token = SignIn().access_token();
  for (const auto& [target, is_good] : std::vector<std::pair<std::string, bool>>{
           {"payments", true},
           {"ledger", true},
           {"warehouse", false},  // What it may have for itself.
           {"orders", false},     // What the caller may have.
           {"payments ", false},
           {"Payments", false},
           {"*", false}}) {
    const auto exchanged = Exchange(token, "orders", target);
    EXPECT_EQ(exchanged.ok(), is_good) << target;
    if (is_good) {
      EXPECT_THAT(ClaimsOf(exchanged->access_token()).audiences(), ElementsAre(target));
    } else {
      EXPECT_THAT(exchanged, IsError(StartsWith("invalid_target: ")));
    }
  }
  EXPECT_THAT(Exchange(token, "orders", ""), IsError(StartsWith("invalid_request: ")));
}

TEST_F(ExchangeTest, ScopesAreThoseOfTheTokenAndOfTheClient) {
  v1::Claims claims = Caller();
  claims.add_scopes("orders.write");
  claims.add_scopes("audit");
  const std::string token = Sign(claims);
  const auto all = ExchangeFor(token, {});
  ASSERT_THAT(all, IsOk());
  EXPECT_THAT(all->scopes(), ElementsAre("orders.read"));
  EXPECT_THAT(ClaimsOf(all->access_token()).scopes(), ElementsAre("orders.read"));
  EXPECT_THAT(ExchangeFor(token, {"orders.read"}), IsOk());
  // The token's, not the client's; the client's, not the token's; one good, one not.
  EXPECT_THAT(ExchangeFor(token, {"audit"}), IsError(StartsWith("invalid_scope: ")));
  EXPECT_THAT(ExchangeFor(token, {"pay"}), IsError(StartsWith("invalid_scope: ")));
  EXPECT_THAT(ExchangeFor(token, {"orders.read", "pay"}), IsError(StartsWith("invalid_scope: ")));
  EXPECT_THAT(ExchangeFor(token, {""}), IsError(StartsWith("invalid_scope: ")));
}

TEST_F(ExchangeTest, KeepsTheSessionAndWhenItsUserSignedIn) {
  const v1::TokenResponse caller = SignIn();
  const v1::Claims before = ClaimsOf(caller.access_token());
  clock_->Advance(absl::Minutes(1));
  const auto exchanged = Exchange(caller.access_token());
  ASSERT_THAT(exchanged, IsOk());
  const v1::Claims after = ClaimsOf(exchanged->access_token());
  for (const char* claim : {"sid", "auth_time"}) {
    EXPECT_EQ(after.private_claims().at(claim).SerializeAsString(),
              before.private_claims().at(claim).SerializeAsString());
  }
  EXPECT_NE(after.token_id(), before.token_id());
  EXPECT_EQ(after.client_id(), "orders");
  ASSERT_THAT(accounts_->RevokeSession(before.private_claims().at("sid").string_value()), IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(exchanged->access_token()));
}

TEST_F(ExchangeTest, GivesNoRefreshToken) {
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(exchanged->refresh_token(), "");
}

TEST_F(ExchangeTest, NamesFourActorsTheLastOneFirstAndRefusesAFifth) {
  ChangeClient(
      "web", [](v1::Client* client) { Grant(client->mutable_grants(), "hop-1", {"orders.read"}); });
  ChangeUser("ada",
             [](v1::User* user) { Grant(user->mutable_grants(), "hop-1", {"orders.read"}); });
  for (int hop = 1; hop <= 5; ++hop) {
    AddExchanger(absl::StrCat("hop-", hop), absl::StrCat("hop-", hop + 1));
  }
  v1::SignInRequest request = SignInOf("ada");
  request.set_audience("hop-1");
  auto token = issuer_->SignIn(request, IssuerPeer());
  ASSERT_THAT(token, IsOk());
  for (int hop = 1; hop <= 4; ++hop) {
    token =
        Exchange(token->access_token(), absl::StrCat("hop-", hop), absl::StrCat("hop-", hop + 1));
    ASSERT_THAT(token, IsOk());
  }
  const v1::Claims claims = ClaimsOf(token->access_token());
  EXPECT_EQ(claims.subject(), "user:ada");
  EXPECT_EQ(claims.actor().subject(), "svc:hop-4");
  EXPECT_EQ(claims.actor().actor().subject(), "svc:hop-3");
  EXPECT_EQ(claims.actor().actor().actor().actor().subject(), "svc:hop-1");
  EXPECT_THAT(Exchange(token->access_token(), "hop-5", "hop-6"), IsNoGoodSubject());
}

TEST_F(ExchangeTest, LeavesNoTraceOnlyWhereThatIsSaid) {
  AddExchanger("payments", "bank");
  ChangeClient("orders", [](v1::Client* client) { client->set_impersonation_without_trace(true); });
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_FALSE(ClaimsOf(exchanged->access_token()).has_actor());
  const auto next = Exchange(exchanged->access_token(), "payments", "bank");
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(ClaimsOf(next->access_token()).actor().subject(), "svc:payments");
}

TEST_F(ExchangeTest, WhoLeavesNoTraceDoesNotRemoveThatOfOthers) {
  AddExchanger("payments", "bank");
  ChangeClient("payments",
               [](v1::Client* client) { client->set_impersonation_without_trace(true); });
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  const auto next = Exchange(exchanged->access_token(), "payments", "bank");
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(ClaimsOf(next->access_token()).actor().subject(), "svc:orders");
}

TEST_F(ExchangeTest, ShowsWhatTheClientMaySeeAlone) {
  const auto exchanged = Exchange(SignIn().access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(ClaimsOf(exchanged->access_token()).private_claims().at("roles").string_value(),
            "operator");
  ChangeClient("orders", [](v1::Client* client) { client->clear_visible_claims(); });
  const auto less = Exchange(SignIn().access_token());
  ASSERT_THAT(less, IsOk());
  EXPECT_EQ(ClaimsOf(less->access_token()).private_claims().count("roles"), 0u);
}

TEST_F(ExchangeTest, ExchangesAServicesTokenWithItsIdAsTheSession) {
  v1::IssueForServiceRequest request;
  request.mutable_client()->set_client_id("checkout");
  request.set_audience("orders");
  const auto token = issuer_->IssueForService(request, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(token, IsOk());
  const auto exchanged = Exchange(token->access_token());
  ASSERT_THAT(exchanged, IsOk());
  const v1::Claims claims = ClaimsOf(exchanged->access_token());
  EXPECT_EQ(claims.subject(), "svc:checkout");
  EXPECT_EQ(claims.actor().subject(), "svc:orders");
  EXPECT_EQ(claims.private_claims().at("sid").string_value(),
            ClaimsOf(token->access_token()).token_id());
}

TEST_F(ExchangeTest, RefusesWhatIsNoAccessTokenOfThisIssuer) {
  const v1::TokenResponse signed_in = SignIn();
  const v1::Claims good = ClaimsOf(signed_in.access_token());
  std::vector<std::pair<std::string, std::string>> tokens = {
      {"none", ""},
      {"a refresh token", signed_in.refresh_token()},
      {"dots", "a.b.c"},
      {"too long", std::string(17 * 1024, 'A')},
      {"no type of a token", Sign(good, "JWT")},
      {"an assertion's type", Sign(good, "client-authentication+jwt")},
  };
  v1::Claims id_token = good;
  (*id_token.mutable_private_claims())["nonce"].set_string_value("n");
  tokens.emplace_back("an ID token", Sign(id_token));
  v1::Claims other = good;
  other.set_issuer("https://other.example.com");
  tokens.emplace_back("another issuer's name", Sign(other));
  other.set_issuer(absl::StrCat(kIssuer, "/"));
  tokens.emplace_back("nearly the issuer's name", Sign(other));
  v1::Claims without_id = good;
  without_id.clear_token_id();
  tokens.emplace_back("no jti", Sign(without_id));
  v1::Claims without_client = good;
  without_client.clear_client_id();
  tokens.emplace_back("no client_id", Sign(without_client));
  v1::Claims without_subject = good;
  without_subject.clear_subject();
  tokens.emplace_back("no sub", Sign(without_subject));
  v1::Claims long_lived = good;
  long_lived.mutable_expires_at()->set_seconds(good.issued_at().seconds() + 3601);
  tokens.emplace_back("longer than any", Sign(long_lived));
  for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kHs256}) {
    SignerOptions options;
    options.key = *Key::Generate(algorithm);
    tokens.emplace_back("another key", *(*Signer::Create(std::move(options)))->Sign(good));
  }
  const std::string text = signed_in.access_token();
  tokens.emplace_back("no signature", text.substr(0, text.rfind('.') + 1));
  for (const auto& [what, token] : tokens) {
    EXPECT_THAT(Exchange(token), IsNoGoodSubject()) << what;
    EXPECT_EQ(Exchange(token).status(), Exchange("").status()) << what;
  }
  EXPECT_THAT(Exchange(text), IsOk());
}

TEST_F(ExchangeTest, APublicClientExchangesNothing) {
  // By its config, and by a store that says otherwise.
  v1::Client client;
  client.set_name("front");
  client.set_signs_users_in(true);
  Grant(client.mutable_exchanges(), "payments", {});
  EXPECT_THAT(accounts_->AddClient(client), IsError(HasSubstr("exchanges")));
  client.add_receives("orders");
  ASSERT_THAT(
      store_->Apply({{{IssuerStore::Kind::kClient, "front", 0, client.SerializeAsString()}}, {}}),
      IsOk());
  const auto exchanged = Exchange(SignIn().access_token(), "front");
  EXPECT_TRUE(absl::IsPermissionDenied(exchanged.status()));
  EXPECT_THAT(exchanged, IsError(StartsWith("unauthorized_client: ")));
}

}  // namespace
}  // namespace lanyard::test
