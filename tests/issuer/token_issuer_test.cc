// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/token_issuer.h"

#include <string>

#include "tests/issuer/issuer_fixture.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(IssuerTest, SignsAUserInWithWhatUserAndClientBothMayHave) {
  const v1::TokenResponse response = SignIn();
  EXPECT_EQ(response.expires_in().seconds(), 600);
  EXPECT_THAT(response.scopes(), ElementsAre("orders.read"));
  const v1::Claims claims = ClaimsOf(response.access_token());
  EXPECT_EQ(claims.issuer(), kIssuer);
  EXPECT_EQ(claims.subject(), "user:ada");
  EXPECT_EQ(claims.client_id(), "web");
  EXPECT_THAT(claims.audiences(), ElementsAre("orders"));
  EXPECT_THAT(claims.scopes(), ElementsAre("orders.read"));
  EXPECT_EQ(claims.private_claims().at("roles").string_value(), "operator");
  EXPECT_EQ(claims.private_claims().count("salary"), 0u);
  EXPECT_EQ(claims.private_claims().at("auth_time").int_value(),
            absl::ToUnixSeconds(clock_->Now()));
  EXPECT_NE(claims.private_claims().at("sid").string_value(), "");
}

TEST_F(IssuerTest, RefusesAWrongPasswordAndAnUnknownUserInTheSameWords) {
  const auto wrong = issuer_->SignIn(SignInOf("ada", "wrong horse battery"), IssuerPeer());
  const auto unknown = issuer_->SignIn(SignInOf("eve"), IssuerPeer());
  EXPECT_THAT(wrong, IsError(StartsWith("invalid_grant: ")));
  EXPECT_EQ(wrong.status(), unknown.status());
}

TEST_F(IssuerTest, SpendsARefreshTokenAndGivesTheNext) {
  const v1::TokenResponse first = SignIn();
  const auto second = Refresh(first.refresh_token());
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->refresh_token(), first.refresh_token());
  const auto repeated = Refresh(first.refresh_token());
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->refresh_token(), second->refresh_token());
  ASSERT_THAT(Refresh(second->refresh_token()), IsOk());
  EXPECT_TRUE(IsActive(first.access_token()));
  EXPECT_THAT(Refresh(first.refresh_token()), IsError(StartsWith("invalid_grant: ")));
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(IssuerTest, ExchangesACallersTokenAndNamesWhoActs) {
  const v1::TokenResponse caller = SignIn();
  const auto exchanged = Exchange(caller.access_token());
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_EQ(exchanged->refresh_token(), "");
  const v1::Claims claims = ClaimsOf(exchanged->access_token());
  EXPECT_EQ(claims.subject(), "user:ada");
  EXPECT_EQ(claims.actor().subject(), "svc:orders");
  EXPECT_THAT(claims.audiences(), ElementsAre("payments"));
  EXPECT_THAT(claims.scopes(), ElementsAre("orders.read"));
  EXPECT_EQ(claims.private_claims().at("sid").string_value(),
            ClaimsOf(caller.access_token()).private_claims().at("sid").string_value());
}

TEST_F(IssuerTest, RevokesASessionWithWhatWasExchangedFromIt) {
  const v1::TokenResponse caller = SignIn();
  const auto exchanged = Exchange(caller.access_token());
  ASSERT_THAT(exchanged, IsOk());
  v1::RevokeRequest request;
  request.set_token(caller.refresh_token());
  request.mutable_client()->set_client_id("web");
  ASSERT_THAT(issuer_->Revoke(request, IssuerPeer()), IsOk());
  EXPECT_FALSE(IsActive(caller.access_token()));
  EXPECT_FALSE(IsActive(exchanged->access_token()));
  EXPECT_THAT(Refresh(caller.refresh_token()), IsError(StartsWith("invalid_grant: ")));
}

TEST_F(IssuerTest, IssuesToAServiceThatShowsItsCertificate) {
  v1::IssueForServiceRequest request;
  request.mutable_client()->set_client_id("checkout");
  request.set_audience("orders");
  const auto token = issuer_->IssueForService(request, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(ClaimsOf(token->access_token()).subject(), "svc:checkout");
  EXPECT_THAT(issuer_->IssueForService(request, PeerWith("spiffe://prod/orders")),
              IsError(HasSubstr("invalid_client")));
  EXPECT_THAT(issuer_->IssueForService(request, IssuerPeer()),
              IsError(HasSubstr("invalid_client")));
}

}  // namespace
}  // namespace lanyard::test
