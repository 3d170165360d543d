// SPDX-License-Identifier: Apache-2.0
// A pair that runs, and then its issuer or its keys break: whether what there is to see at three in
// the morning names the cause.
#include "absl/strings/str_cat.h"
#include "tests/drill/drill_pair.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TestIssuer;

constexpr char kCannotVerify[] = "token cannot be verified now";

// Also says what alerts see while an issuer's keys are missing.
class IssuerDrillTest : public DrillTest {
 protected:
  // That calls are refused because there are no keys, for the reason `why`, and that Ready() and
  // Describe() say the same.
  void ExpectNoKeys(const std::string& why) {
    const std::string whole = absl::StrCat("issuer test: ", why);
    ExpectRefused(Call(), kCannotVerify, AuthFailure::kKeysUnavailable, StartsWith(whole),
                  AllOf(HasSubstr("ServerAuth::Ready()"), HasSubstr("lanyard doctor")));
    EXPECT_THAT(Ready(), StartsWith(whole));
    EXPECT_THAT(auth_->Describe().text,
                AllOf(HasSubstr("\nready: " + whole), HasSubstr("    ready: " + why)));
    EXPECT_EQ(MetricOf("lanyard_issuer_ready test"), 0);
  }

  // Lets the server have another config of its issuer, and waits until it has asked for keys.
  void ChangeTo(const v1::Issuer& issuer) {
    WriteIssuers({issuer});
    ASSERT_NO_FATAL_FAILURE(StartServerWithItsOwnKeys());
    StartClient();
    ASSERT_TRUE(Eventually([this] { return !auth_->Keys().at("test").last_error.empty(); }));
  }

  // Starts the server anew while the issuer gives no keys, and a client beside it.
  void Restart() {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    StartClient();
    ASSERT_TRUE(Eventually([this] { return keys_->fetches() > 0; }));
  }
};

TEST_F(IssuerDrillTest, TheIssuerIsDownWhenTheServerStarts) {
  nginx_.Stop();
  ASSERT_NO_FATAL_FAILURE(Restart());
  ExpectNoKeys(absl::StrCat("no keys yet: ", Issuer(), ": Could"));
  EXPECT_THAT(Ready(), HasSubstr("Failed to connect to localhost port "));
  EXPECT_TRUE(Logs(StartsWith(
      absl::StrCat("issuer test: keys not fetched, there are none yet: ", Issuer(), ": Could"))));
  EXPECT_GE(MetricOf("lanyard_key_fetches_total test unreachable"), 1);
  EXPECT_THAT(Doctor(),
              AllOf(HasSubstr(absl::StrCat("FAIL issuers: issuer test: ", Issuer(), ": Could")),
                    HasSubstr("\n     see whether the issuer runs, and whether a firewall")));
}

TEST_F(IssuerDrillTest, TheIssuersHostIsMisspelt) {
  v1::Issuer issuer = Trusted();
  issuer.set_jwks_url("https://issuer.invalid/jwks");
  ASSERT_NO_FATAL_FAILURE(ChangeTo(issuer));
  ExpectNoKeys("no keys yet: https://issuer.invalid:443: Could");
  EXPECT_THAT(Ready(), EndsWith("resolve host: issuer.invalid"));
  EXPECT_THAT(Doctor(), AllOf(HasSubstr("FAIL issuers: issuer test: https://issuer.invalid:443: "),
                              HasSubstr("\n     correct the host in the URL")));
}

TEST_F(IssuerDrillTest, NobodySaidWhoSignsTheIssuersCertificate) {
  v1::Issuer issuer = Trusted();
  issuer.mutable_fetch()->clear_ca_file();
  ASSERT_NO_FATAL_FAILURE(ChangeTo(issuer));
  ExpectNoKeys(absl::StrCat("no keys yet: ", Issuer(), ": SSL peer certificate"));
  EXPECT_THAT(Ready(), HasSubstr("unable to get local issuer certificate"));
  EXPECT_THAT(Doctor(), AllOf(HasSubstr("FAIL issuers: issuer test: "),
                              HasSubstr("signed by a CA that the system knows, else set "
                                        "fetch.ca_file\n")));
}

TEST_F(IssuerDrillTest, TheIssuerIsDownUntilItsKeysAreTooOld) {
  nginx_.Stop();
  ASSERT_NO_FATAL_FAILURE(FetchKeys());
  // Nothing happens to calls yet, but it is there to see.
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  EXPECT_TRUE(Logs(StartsWith("issuer test: keys not fetched, the last good ones stay: ")));
  EXPECT_THAT(auth_->Describe().text,
              HasSubstr(absl::StrCat("    last_error: ", Issuer(), ": Could")));
  PassTime(absl::Minutes(61));
  GiveToken(issuer_.Token().Sign());
  ExpectNoKeys(absl::StrCat("keys older than max_stale, 1h: ", Issuer(), ": Could"));
  EXPECT_TRUE(Logs("issuer test: ALARM: keys older than max_stale, 1h, its tokens are refused"));
  EXPECT_GT(MetricOf("lanyard_key_age_seconds test"), 3600);
}

TEST_F(IssuerDrillTest, TheIssuerForbidsItsKeys) {
  nginx_.Restart("location /jwks { return 403; }");
  ASSERT_NO_FATAL_FAILURE(FetchKeys());
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  EXPECT_THAT(auth_->Describe().text,
              HasSubstr(absl::StrCat("    last_error: ", Issuer(), ": HTTP status 403\n")));
  EXPECT_EQ(MetricOf("lanyard_key_fetches_total test http_status"), 1);
  ASSERT_NO_FATAL_FAILURE(Restart());
  ExpectNoKeys(absl::StrCat("no keys yet: ", Issuer(), ": HTTP status 403"));
  EXPECT_THAT(Doctor(), HasSubstr(absl::StrCat("FAIL issuers: issuer test: ", Issuer(),
                                               ": HTTP status 403\n     open the URL yourself")));
}

TEST_F(IssuerDrillTest, TheIssuerSendsToALoginPage) {
  nginx_.Restart("location /jwks { return 302 https://login.example.test/; }");
  ASSERT_NO_FATAL_FAILURE(Restart());
  ExpectNoKeys(
      absl::StrCat("no keys yet: ", Issuer(), ": HTTP status 302; redirects are not followed"));
}

TEST_F(IssuerDrillTest, TheIssuerAnswersWithALoginPage) {
  nginx_.Serve("jwks", "<!doctype html><title>Sign in</title>");
  ASSERT_NO_FATAL_FAILURE(FetchKeys());
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  EXPECT_EQ(MetricOf("lanyard_key_fetches_total test bad_answer"), 1);
  ASSERT_NO_FATAL_FAILURE(Restart());
  const std::string why = absl::StrCat(
      Issuer(), ": the answer is no JWK Set: it begins with \"<\", as a web page does");
  ExpectNoKeys("no keys yet: " + why);
  EXPECT_THAT(Doctor(), HasSubstr(absl::StrCat("FAIL issuers: issuer test: ", why,
                                               "\n     jwks_url must be that of the JWK Set")));
}

TEST_F(IssuerDrillTest, TheIssuerPublishesAnEmptySet) {
  nginx_.Serve("jwks", "{\"keys\":[]}");
  ASSERT_NO_FATAL_FAILURE(FetchKeys());
  EXPECT_EQ(Ready(), "issuer test: the issuer publishes no usable key");
  EXPECT_TRUE(Logs("issuer test: ALARM: it publishes no usable key, its tokens are refused"));
  EXPECT_EQ(MetricOf("lanyard_keys test"), 0);
  EXPECT_EQ(MetricOf("lanyard_issuer_ready test"), 0);
  ExpectRefused(Call(), kCannotVerify, AuthFailure::kKeysUnavailable,
                "no key of this issuer has the header's kid yet, it has been asked: issuer test "
                "publishes no usable key",
                HasSubstr("ServerAuth::Ready()"));
  // Once it has answered.
  ASSERT_TRUE(Eventually([this] { return Call().error_code() != grpc::StatusCode::UNAVAILABLE; }));
  ExpectRefused(Call(), "invalid token", AuthFailure::kUnknownKey,
                "no key of this issuer has the header's kid: issuer test publishes no usable key",
                HasSubstr("with the keys of the issuer"));
  EXPECT_THAT(Doctor(), HasSubstr("FAIL issuers: issuer test: it publishes no key for ES256\n"));
}

TEST_F(IssuerDrillTest, TheIssuerSignsWithAKeyThatItDoesNotPublish) {
  const TestIssuer next(Algorithm::kEs256, "test", issuer_time_);
  const std::string has = absl::StrCat("issuer test has [\"", issuer_.key().id(), "\"]");
  StartClientWith(next.Token().Sign());
  // It is asked for first.
  ExpectRefused(
      Call(), kCannotVerify, AuthFailure::kKeysUnavailable,
      absl::StrCat("no key of this issuer has the header's kid yet, it has been asked: ", has),
      HasSubstr("could not be fetched"));
  ASSERT_TRUE(Eventually([this] { return Call().error_code() != grpc::StatusCode::UNAVAILABLE; }));
  ExpectRefused(Call(), "invalid token", AuthFailure::kUnknownKey,
                absl::StrCat("no key of this issuer has the header's kid: ", has),
                HasSubstr("compare kid in the token (lanyard token inspect) with the keys"));
}

TEST_F(IssuerDrillTest, AnotherKeyHasTheSameKid) {
  const TestIssuer other(Algorithm::kEs256, "test", issuer_time_);
  StartClientWith(other.Token().KeyId(issuer_.key().id()).Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kBadSignature,
                "the signature is not by the key that it names",
                StartsWith("another key has the same kid, or the token was changed on its way"));
}

TEST_F(IssuerDrillTest, ASecondIssuerAssertsASubjectThatIsNotIts) {
  const TestIssuer partner(Algorithm::kEs256, "partner", issuer_time_);
  v1::Issuer config = partner.Config();
  config.clear_may_assert();
  config.mutable_may_assert()->add_subjects("partner:*");
  config.set_jwks_file(files_.Write("partner.jwks", partner.PublicJwks()));
  WriteIssuers({Trusted(), config});
  WriteRules("annotation_issuers: ['test', 'partner']\n");
  ASSERT_TRUE(auth_->Reload().ok()) << auth_->Config().last_error;
  StartClientWith(partner.Token().Subject("partner:shop").Sign());
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  StartClientWith(partner.Token().Subject("svc:admin").Sign());
  ExpectRefused(Call(), "permission denied", AuthFailure::kDeniedByPolicy,
                "issuer partner may not assert the subject \"svc:admin\" (may_assert)",
                HasSubstr("what the issuer grants the caller"));
}

}  // namespace
}  // namespace lanyard::test
