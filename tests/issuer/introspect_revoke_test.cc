// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "tests/issuer/issuer_fixture.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::StartsWith;

class IntrospectRevokeTest : public IssuerTest {
 protected:
  absl::Status Revoke(const std::string& token, const std::string& client = "web",
                      const IssuerPeer& peer = IssuerPeer()) {
    v1::RevokeRequest request;
    request.set_token(token);
    request.mutable_client()->set_client_id(client);
    return issuer_->Revoke(request, peer);
  }
  std::string ServiceToken() {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id("checkout");
    request.set_audience("orders");
    const auto token = issuer_->IssueForService(request, PeerWith("spiffe://prod/checkout"));
    EXPECT_THAT(token, IsOk());
    return token.ok() ? token->access_token() : std::string();
  }
  static bool IsActiveAt(TokenIssuer& issuer, const std::string& token) {
    v1::IntrospectRequest request;
    request.set_token(token);
    const auto response = issuer.Introspect(request);
    EXPECT_THAT(response, IsOk());
    return response.ok() && response->active();
  }
};

TEST_F(IntrospectRevokeTest, ARefreshTokenTakesItsSessionWithIt) {
  const v1::TokenResponse first = SignIn();
  const v1::TokenResponse other = SignIn();
  const auto second = Refresh(first.refresh_token());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(Revoke(second->refresh_token()), IsOk());
  EXPECT_FALSE(IsActive(first.access_token()));
  EXPECT_FALSE(IsActive(second->access_token()));
  EXPECT_THAT(Refresh(second->refresh_token()), IsError(StartsWith("invalid_grant: ")));
  EXPECT_TRUE(IsActive(other.access_token()));
  EXPECT_THAT(Refresh(other.refresh_token()), IsOk());
}

TEST_F(IntrospectRevokeTest, ASpentRefreshTokenRevokesAsWell) {
  const v1::TokenResponse first = SignIn();
  const auto second = Refresh(first.refresh_token());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(Revoke(first.refresh_token()), IsOk());
  EXPECT_FALSE(IsActive(second->access_token()));
  EXPECT_THAT(Refresh(second->refresh_token()), IsError(StartsWith("invalid_grant: ")));
}

TEST_F(IntrospectRevokeTest, AnAccessTokenTakesItsSessionWithIt) {
  const v1::TokenResponse first = SignIn();
  EXPECT_THAT(Revoke(first.access_token()), IsOk());
  EXPECT_FALSE(IsActive(first.access_token()));
  EXPECT_THAT(Refresh(first.refresh_token()), IsError(StartsWith("invalid_grant: ")));
}

TEST_F(IntrospectRevokeTest, AServicesTokenTakesWhatWasExchangedFromItWithIt) {
  const std::string token = ServiceToken(), other = ServiceToken();
  const auto exchanged = Exchange(token);
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_THAT(Revoke(token, "checkout", PeerWith("spiffe://prod/checkout")), IsOk());
  EXPECT_FALSE(IsActive(token));
  EXPECT_FALSE(IsActive(exchanged->access_token()));
  EXPECT_TRUE(IsActive(other));
}

// A service that has received a user's token cannot sign the user out.
TEST_F(IntrospectRevokeTest, WhoHasExchangedATokenCannotEndTheSession) {
  const v1::TokenResponse caller = SignIn();
  const auto exchanged = Exchange(caller.access_token());
  ASSERT_THAT(exchanged, IsOk());
  ASSERT_THAT(Revoke(exchanged->access_token(), "orders", PeerWith("spiffe://prod/orders")),
              IsOk());
  EXPECT_FALSE(IsActive(exchanged->access_token()));
  EXPECT_TRUE(IsActive(caller.access_token()));
  EXPECT_THAT(Refresh(caller.refresh_token()), IsOk());
}

TEST_F(IntrospectRevokeTest, TheAnswerIsTheSameForWhatIsNotTheClients) {
  const v1::TokenResponse first = SignIn();
  const std::string service = ServiceToken();
  const auto exchanged = Exchange(first.access_token());
  ASSERT_THAT(exchanged, IsOk());
  const uint64_t before = store_->RevocationsAfter(0)->sequence;
  for (const std::string& token : std::vector<std::string>{
           first.refresh_token(), first.access_token(), service, exchanged->access_token(),
           "unknown", "a.b.c", std::string(100'000, 'A'), first.refresh_token() + "A",
           first.access_token() + "A"}) {
    EXPECT_EQ(Revoke(token, "phone"), absl::OkStatus());
  }
  EXPECT_EQ(store_->RevocationsAfter(0)->sequence, before);
  EXPECT_TRUE(IsActive(first.access_token()));
  EXPECT_TRUE(IsActive(service));
  EXPECT_TRUE(IsActive(exchanged->access_token()));
  EXPECT_THAT(Refresh(first.refresh_token()), IsOk());
}

TEST_F(IntrospectRevokeTest, AClientThatProvesNothingRevokesNothing) {
  const std::string token = ServiceToken();
  EXPECT_THAT(Revoke(token, "checkout"), IsError(StartsWith("invalid_client: ")));
  EXPECT_THAT(Revoke(token, "checkout", PeerWith("spiffe://prod/orders")),
              IsError(StartsWith("invalid_client: ")));
  EXPECT_THAT(Revoke(token, "nobody"), IsError(StartsWith("invalid_client: ")));
  EXPECT_THAT(Revoke(""), IsError(StartsWith("invalid_request: ")));
  EXPECT_TRUE(IsActive(token));
}

TEST_F(IntrospectRevokeTest, ABoundTokenCanBeRevokedWithARenewedCertificate) {
  ChangeClient("checkout", [](v1::Client* client) { client->set_certificate_bound(true); });
  const std::string token = ServiceToken();
  IssuerPeer renewed = PeerWith("spiffe://prod/checkout");
  renewed.certificate_sha256 = internal::Sha256("renewed");
  EXPECT_THAT(Revoke(token, "checkout", renewed), IsOk());
  EXPECT_FALSE(IsActive(token));
}

TEST_F(IntrospectRevokeTest, ToAskAgainAndAgainMakesNoLongerList) {
  const v1::TokenResponse first = SignIn();
  const std::string service = ServiceToken();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Revoke(first.access_token()), IsOk());
    EXPECT_THAT(Revoke(first.refresh_token()), IsOk());
    EXPECT_THAT(Revoke(service, "checkout", PeerWith("spiffe://prod/checkout")), IsOk());
    EXPECT_THAT(Refresh(first.refresh_token()), IsError(StartsWith("invalid_grant: ")));
  }
  EXPECT_EQ(store_->RevocationsAfter(0)->sequence, 2u);
}

TEST_F(IntrospectRevokeTest, CountsInAnotherProcessOnceItHasLooked) {
  auto other = NewIssuer();
  const v1::TokenResponse first = SignIn();
  EXPECT_TRUE(IsActiveAt(*other, first.access_token()));
  EXPECT_THAT(Revoke(first.refresh_token()), IsOk());
  ASSERT_THAT(other->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActiveAt(*other, first.access_token()));
}

TEST_F(IntrospectRevokeTest, AStoreThatIsDownIsSaidAndNothingIsPretended) {
  const v1::TokenResponse first = SignIn();
  wrapped_->Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Revoke(first.refresh_token())));
  wrapped_->Fail(absl::OkStatus());
  EXPECT_TRUE(IsActive(first.access_token()));
}

TEST_F(IntrospectRevokeTest, ARevocationWhoseAnswerWasLostCountsAndCanBeRepeated) {
  const v1::TokenResponse first = SignIn();
  wrapped_->LoseTheNextAnswer();
  EXPECT_TRUE(absl::IsUnavailable(Revoke(first.refresh_token())));
  EXPECT_THAT(Revoke(first.refresh_token()), IsOk());
  EXPECT_THAT(Refresh(first.refresh_token()), IsError(StartsWith("invalid_grant: ")));
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(IntrospectRevokeTest, SaysAllThatAGoodTokenSays) {
  const v1::TokenResponse first = SignIn();
  v1::IntrospectRequest request;
  request.set_token(first.access_token());
  const auto response = issuer_->Introspect(request);
  ASSERT_THAT(response, IsOk());
  EXPECT_TRUE(response->active());
  EXPECT_EQ(response->claims().subject(), "user:ada");
  EXPECT_EQ(response->claims().audiences(0), "orders");  // Whomever it is for.
}

TEST_F(IntrospectRevokeTest, SaysNothingElseOfATokenThatIsNotGood) {
  const v1::TokenResponse first = SignIn();
  const std::string expired = ServiceToken();
  clock_->Advance(absl::Minutes(10));
  for (const std::string& token :
       {expired, first.refresh_token(), std::string(), std::string("a.b.c"), expired + "A"}) {
    v1::IntrospectRequest request;
    request.set_token(token);
    const auto response = issuer_->Introspect(request);
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->SerializeAsString(), "");
  }
}

TEST_F(IntrospectRevokeTest, IsActiveUntilItsLastSecondAndNotForTheLeeway) {
  const std::string token = SignIn().access_token();
  clock_->Advance(absl::Minutes(10) - absl::Seconds(1));
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_TRUE(IsActive(token));
  clock_->Advance(absl::Seconds(1));
  EXPECT_FALSE(IsActive(token));
  clock_->Advance(absl::Seconds(1));
  EXPECT_FALSE(IsActive(token));
}

TEST_F(IntrospectRevokeTest, ABoundTokenIsActiveAndSaysWhatItIsBoundTo) {
  ChangeClient("checkout", [](v1::Client* client) { client->set_certificate_bound(true); });
  EXPECT_EQ(ClaimsOf(ServiceToken()).confirmation().certificate_sha256(),
            PeerWith("spiffe://prod/checkout").certificate_sha256);
}

TEST_F(IntrospectRevokeTest, SaysNothingWhileNobodyCanSayWhatIsRevoked) {
  const std::string token = SignIn().access_token();
  wrapped_->Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(IsActive(token));
  clock_->Advance(absl::Minutes(5) + absl::Seconds(1));
  v1::IntrospectRequest request;
  request.set_token(token);
  EXPECT_TRUE(absl::IsUnavailable(issuer_->Introspect(request).status()));
}

TEST_F(IntrospectRevokeTest, WithoutSignInTokensAreStillRevoked) {
  config_.clear_sign_in();
  Start();
  const std::string token = ServiceToken();
  EXPECT_THAT(Revoke(token, "checkout", PeerWith("spiffe://prod/checkout")), IsOk());
  EXPECT_FALSE(IsActive(token));
}

TEST_F(IntrospectRevokeTest, AnAdministratorsRevocationNamesSomething) {
  for (const std::string& id : {std::string(), std::string(257, 'a')}) {
    EXPECT_THAT(accounts_->RevokeToken(id), IsError(StartsWith("token_id: ")));
    EXPECT_THAT(accounts_->RevokeSession(id), IsError(StartsWith("session_id: ")));
    EXPECT_THAT(accounts_->RevokeKey(id), IsError(StartsWith("key_id: ")));
  }
}

}  // namespace
}  // namespace lanyard::test
