// SPDX-License-Identifier: Apache-2.0

// What `lanyard revoke` withdraws, as an issuer on the same store sees it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "tests/tools/lanyard/issuer_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::CheapHash;
using ::lanyard::testing::IssuerConfigFile;
using ::lanyard::testing::kIssuer;
using ::lanyard::testing::kPassword;
using ::lanyard::testing::OpenStore;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadConfig;
using ::lanyard::testing::RevocationsIn;
using ::lanyard::testing::RunWith;
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RevokeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    ASSERT_TRUE(RotateKeys(TempPath("keys"), rotation, absl::Now()).ok());
    TokenIssuerOptions options;
    options.config = ReadConfig(config_);
    options.store = OpenStore(config_);
    options.cheaper_passwords_for_tests = 4;
    Accounts accounts(kIssuer, options.store);
    v1::User ada;
    ada.set_name("ada");
    ada.set_password_hash(CheapHash(kPassword));
    ada.add_grants()->set_audience("orders");
    ASSERT_TRUE(accounts.AddUser(ada).ok());
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    web.add_grants()->set_audience("orders");
    ASSERT_TRUE(accounts.AddClient(web).ok());
    v1::Client checkout;
    checkout.set_name("checkout");
    checkout.add_certificate_names("checkout");
    checkout.add_grants()->set_audience("orders");
    ASSERT_TRUE(accounts.AddClient(checkout).ok());
    auto issuer = TokenIssuer::Create(options);
    ASSERT_TRUE(issuer.ok()) << issuer.status();
    issuer_ = *std::move(issuer);
  }

  v1::TokenResponse SignIn() {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    IssuerPeer peer;
    peer.network = "192.0.2.1";
    const auto response = issuer_->SignIn(request, peer);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : v1::TokenResponse();
  }

  std::string ServiceToken() {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id("checkout");
    request.set_audience("orders");
    IssuerPeer peer;
    peer.verified_names.dns = {"checkout"};
    peer.certificate_sha256 = std::string(32, '\x01');
    const auto response = issuer_->IssueForService(request, peer);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->access_token() : "";
  }

  v1::Claims ClaimsOf(const std::string& token) {
    v1::IntrospectRequest request;
    request.set_token(token);
    return issuer_->Introspect(request)->claims();
  }

  bool IsActive(const std::string& token) {
    EXPECT_TRUE(issuer_->revocations()->Poll().ok());
    v1::IntrospectRequest request;
    request.set_token(token);
    return issuer_->Introspect(request)->active();
  }

  bool MayRefresh(const std::string& token) {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id("web");
    const auto response = issuer_->Refresh(request, IssuerPeer());
    EXPECT_TRUE(response.ok() || absl::IsUnauthenticated(response.status())) << response.status();
    return response.ok();
  }

  Outcome Revoke(const std::vector<std::string>& more, const std::string& input = "") {
    std::vector<std::string> args = {"revoke"};
    args.insert(args.end(), more.begin(), more.end());
    return RunWith(config_, args, input);
  }

  const std::string config_ = IssuerConfigFile();
  std::unique_ptr<TokenIssuer> issuer_;
};

TEST_F(RevokeTest, AUserLosesSessionsAndTokens) {
  const v1::TokenResponse one = SignIn(), other = SignIn();
  const Outcome outcome = Revoke({"--user", "ada"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out, "revoked: user ada (sessions and tokens until now)\n");
  for (const v1::TokenResponse& tokens : {one, other}) {
    EXPECT_FALSE(IsActive(tokens.access_token()));
    EXPECT_FALSE(MayRefresh(tokens.refresh_token()));
  }
}

TEST_F(RevokeTest, AClientLosesItsOwnTokens) {
  const std::string token = ServiceToken();
  const v1::TokenResponse user = SignIn();
  EXPECT_EQ(Revoke({"--client", "checkout", "--json"}).out,
            "{\"ok\":true,\"client\":\"checkout\"}\n");
  EXPECT_FALSE(IsActive(token));
  EXPECT_TRUE(IsActive(user.access_token()));
}

TEST_F(RevokeTest, ASessionEndsAndOthersGoOn) {
  const v1::TokenResponse one = SignIn(), other = SignIn();
  const v1::Claims claims = ClaimsOf(one.access_token());
  const std::string sid = claims.private_claims().at("sid").string_value();
  EXPECT_EQ(Revoke({"--session", sid}).out, absl::StrCat("revoked: session ", sid, "\n"));
  EXPECT_FALSE(IsActive(one.access_token()));
  EXPECT_FALSE(MayRefresh(one.refresh_token()));
  EXPECT_TRUE(IsActive(other.access_token()));
  EXPECT_TRUE(MayRefresh(other.refresh_token()));
}

TEST_F(RevokeTest, ATokenIsRevokedAlone) {
  const std::string one = ServiceToken(), other = ServiceToken();
  EXPECT_EQ(Revoke({"--token-id", ClaimsOf(one).token_id()}).code, 0);
  EXPECT_FALSE(IsActive(one));
  EXPECT_TRUE(IsActive(other));
}

TEST_F(RevokeTest, AKeyTakesWhateverItHasSigned) {
  const std::string token = ServiceToken();
  std::string header;
  ASSERT_TRUE(internal::Base64UrlDecode(token.substr(0, token.find('.')), &header));
  std::string kid = header.substr(header.find("\"kid\":\"") + 7);
  kid.resize(kid.find('"'));
  EXPECT_EQ(Revoke({"--key", kid}).code, 0);
  EXPECT_FALSE(IsActive(token));
}

TEST_F(RevokeTest, AnAccessTokenOnStandardInputSaysWhoseSessionEnds) {
  const v1::TokenResponse tokens = SignIn();
  const Outcome outcome = Revoke({"--token", "-"}, tokens.access_token() + "\n");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("revoked: session "),
                    HasSubstr("of user:ada, as the token says, which was not verified"),
                    Not(HasSubstr(tokens.access_token()))));
  EXPECT_FALSE(IsActive(tokens.access_token()));
  EXPECT_FALSE(MayRefresh(tokens.refresh_token()));
}

TEST_F(RevokeTest, ARefreshTokenOnStandardInputEndsItsSession) {
  const v1::TokenResponse tokens = SignIn();
  const Outcome outcome = Revoke({"--token", "-"}, tokens.refresh_token());
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr(tokens.refresh_token())));
  EXPECT_FALSE(IsActive(tokens.access_token()));
  EXPECT_FALSE(MayRefresh(tokens.refresh_token()));
}

TEST_F(RevokeTest, AServicesTokenOnStandardInputIsRevokedAlone) {
  const std::string one = ServiceToken(), other = ServiceToken();
  EXPECT_THAT(Revoke({"--token", "-"}, one).out, HasSubstr("of svc:checkout, as the token says"));
  EXPECT_FALSE(IsActive(one));
  EXPECT_TRUE(IsActive(other));
}

TEST_F(RevokeTest, ATokenOfNoSessionOnStandardInputIsRevokedByItsId) {
  const std::string claims = absl::StrCat("{\"iss\":\"", kIssuer, "\",\"jti\":\"some-id\"}");
  const std::string token = absl::StrCat("e30.", internal::Base64UrlEncode(claims), ".");
  EXPECT_EQ(Revoke({"--token", "-", "--json"}, token).out,
            "{\"ok\":true,\"token_id\":\"some-id\"}\n");
  EXPECT_EQ(RevocationsIn(config_).back().token_id(), "some-id");
}

TEST_F(RevokeTest, TextsThatAreNoTokensOfTheIssuerAreRefusedAndNotRepeated) {
  const std::string foreign = absl::StrCat(
      "e30.", internal::Base64UrlEncode("{\"iss\":\"https://other\",\"jti\":\"1\"}"), ".s3cret");
  const std::string nameless = absl::StrCat(
      "e30.", internal::Base64UrlEncode(absl::StrCat("{\"iss\":\"", kIssuer, "\"}")), ".s3cret");
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "neither an access token nor a refresh token"},
           {"s3cret", "neither an access token nor a refresh token"},
           {"s3cret.s3cret", "not a JWT"},
           {"e30.!.s3cret", "not a JWT"},
           {"e30.c2VjcmV0.s3cret", "--token: claims: "},
           {foreign, "of the issuer \"https://other\""},
           {nameless, "neither sid nor jti"},
           {std::string(70'000, 's'), "longer than 65536 bytes"}}) {
    const Outcome outcome = Revoke({"--token", "-"}, text);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(why), Not(HasSubstr("s3cret"))));
  }
  EXPECT_THAT(RevocationsIn(config_), IsEmpty());
}

TEST_F(RevokeTest, MistakesSayWhatWouldBeRight) {
  EXPECT_EQ(Revoke({}).code, 2);
  EXPECT_THAT(Revoke({}).err, HasSubstr("exactly one of --user, --client"));
  EXPECT_EQ(Revoke({"--user", "ada", "--client", "web"}).code, 2);
  EXPECT_EQ(Revoke({"--token", "s3cret"}).code, 2);
  EXPECT_THAT(Revoke({"--token", "s3cret"}).err,
              AllOf(HasSubstr("--token takes \"-\" alone"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(Revoke({"--user", "bob"}).err, HasSubstr("there is no \"bob\"; `lanyard user list`"));
  EXPECT_THAT(Revoke({"--client", "x"}).err, HasSubstr("`lanyard client list`"));
  EXPECT_THAT(Revoke({"--session", std::string(300, 'a')}).err,
              HasSubstr("--session: needs 1 to 256 bytes"));
  EXPECT_THAT(RevocationsIn(config_), IsEmpty());
}

}  // namespace
}  // namespace lanyard::tools
