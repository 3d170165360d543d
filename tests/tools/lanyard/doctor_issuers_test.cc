// SPDX-License-Identifier: Apache-2.0
// Issuers by URL, from a real nginx over TLS, broken in each way.
#include "absl/time/clock.h"
#include "tests/keys/nginx_server.h"
#include "tests/tools/lanyard/doctor_fixture.h"

namespace lanyard::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DoctorIssuersTest : public DoctorTest {
 protected:
  void SetUp() override {
    if (!test::NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    nginx_.Serve("jwks", issuer_.PublicJwks());
  }
  std::string ByUrl(const std::string& path, const std::string& fetch = "ca_file: \"ca.pem\"") {
    return Issuer(absl::StrCat("jwks_url: \"", nginx_.Url(path), "\" fetch { ", fetch, " }")) +
           Rule();
  }
  std::string ByDiscovery() {
    return Issuer(absl::StrCat("discovery_url: \"", nginx_.Url("meta"),
                               "\" fetch { ca_file: \"ca.pem\" }")) +
           Rule();
  }
  void ExpectFailure(const std::string& config, const std::string& text,
                     const std::string& remedy) {
    const Outcome outcome = Doctor(config);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.out, HasSubstr("FAIL issuers: issuer sso: "));
    EXPECT_THAT(outcome, HasFinding(text, remedy));
  }

  test::NginxServer nginx_{files_};
};

TEST_F(DoctorIssuersTest, FetchesAndListsTheKeys) {
  nginx_.Serve("meta", absl::StrCat("{\"issuer\":\"https://sso.example.test\",\"jwks_uri\":\"",
                                    nginx_.Url("jwks"), "\"}"));
  nginx_.Start();
  for (const std::string& config : {ByUrl("jwks"), ByDiscovery()}) {
    const Outcome outcome = Doctor(config);
    EXPECT_THAT(outcome, FindsNothing());
    EXPECT_THAT(
        outcome.out,
        AllOf(HasSubstr(absl::StrCat("ok   issuers: issuer sso: 1 key: ", issuer_.key().id(),
                                     " (ES256)\n")),
              AnyOf(HasSubstr("ok   clock: this machine's clock agrees with that of issuer sso\n"),
                    // Where nginx or this process stood still for seconds.
                    HasSubstr("ok   clock: this machine's clock is "))));
  }
}

TEST_F(DoctorIssuersTest, OfflineFetchesNothing) {
  nginx_.Start();
  const Outcome outcome =
      RunTool({"doctor", files_.Write("auth.textproto", ByUrl("jwks")), "--offline"});
  EXPECT_THAT(outcome, FindsNothing());
  EXPECT_THAT(outcome.out, HasSubstr("ok   issuers: issuer sso: not fetched (--offline)\n"));
  EXPECT_THAT(nginx_.requests(), ::testing::IsEmpty());
}

TEST_F(DoctorIssuersTest, SaysWhyThereIsNoAnswer) {
  EXPECT_THAT(Doctor(ByUrl("jwks")).out,
              AllOf(HasSubstr(": Couldn't connect to server: Failed to connect to localhost port"),
                    HasSubstr("\n     see whether the issuer runs, and whether a firewall")));
  ExpectFailure(Issuer("jwks_url: \"https://no-such-host.invalid/jwks\"") + Rule(),
                ": Couldn't resolve host name: Could not resolve host: no-such-host.invalid",
                "correct the host in the URL");
}

TEST_F(DoctorIssuersTest, SaysWhatIsWrongWithTls) {
  nginx_.Start();
  EXPECT_THAT(Doctor(ByUrl("jwks", "")).out,
              AllOf(HasSubstr("SSL peer certificate"),
                    HasSubstr("\n     the issuer's certificate must be valid for the host in the "
                              "URL, and signed by a CA that the system knows, else set "
                              "fetch.ca_file\n")));
  const TestCertificates strangers;
  files_.Write("ca.pem", strangers.Read("ca.pem"));
  EXPECT_THAT(Doctor(ByUrl("jwks")).out, HasSubstr("and signed by a CA in fetch.ca_file\n"));
}

TEST_F(DoctorIssuersTest, SaysWhatIsWrongWithTheAnswer) {
  nginx_.Serve("html", "<html></html>");
  nginx_.Serve("none", "{\"a\":1}");
  const TestIssuer rsa(Algorithm::kRs256);
  nginx_.Serve("rsa", rsa.PublicJwks());
  nginx_.Start("location = /moved { return 302 /jwks; }");
  ExpectFailure(ByUrl("missing"), ": HTTP status 404", "open the URL yourself");
  ExpectFailure(ByUrl("moved"), ": HTTP status 302; redirects are not followed",
                "open the URL yourself");
  EXPECT_THAT(Doctor(ByUrl("html")).out,
              AllOf(HasSubstr("FAIL issuers: issuer sso: https://localhost"),
                    HasSubstr("\n     jwks_url must be that of the JWK Set itself")));
  EXPECT_THAT(Doctor(ByUrl("none")).out,
              HasSubstr("\n     jwks_url must be that of the JWK Set itself"));
  EXPECT_THAT(
      Doctor(ByUrl("rsa")).out,
      AllOf(HasSubstr("FAIL issuers: issuer sso: it publishes no key for ES256"),
            HasSubstr("\n     set algorithms to what the issuer signs access tokens with")));
}

TEST_F(DoctorIssuersTest, AMetadataDocumentOfAnotherIssuerIsNamedWithBoth) {
  nginx_.Serve("meta", absl::StrCat("{\"issuer\":\"https://sso.example.test/\",\"jwks_uri\":\"",
                                    nginx_.Url("jwks"), "\"}"));
  nginx_.Start();
  ExpectFailure(ByDiscovery(),
                ": the metadata document names another issuer than the config: "
                "\"https://sso.example.test/\" and not \"https://sso.example.test\"",
                "discovery_url must be that of the document, and issuer what stands in it, byte by "
                "byte");
}

TEST_F(DoctorIssuersTest, KeysThatAreLeftOutAreWarnings) {
  const TestIssuer rsa(Algorithm::kRs256);
  nginx_.Serve("both", absl::StrCat("{\"keys\":[", *rsa.key().ToPublicJwk(), ",",
                                    *issuer_.key().ToPublicJwk(), "]}"));
  nginx_.Start();
  const Outcome outcome = Doctor(ByUrl("both"));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(
      outcome.out,
      AllOf(HasSubstr("WARN issuers: issuer sso: keys[0] left out: it fits no algorithm of "),
            HasSubstr("\n     nothing, if its access tokens are signed with the other")));
}

TEST_F(DoctorIssuersTest, ClocksThatDifferAreTold) {
  nginx_.Start();
  const auto ahead = [this](absl::Duration by) {
    return RunTool({"doctor", files_.Write("auth.textproto", ByUrl("jwks")), "--at",
                    absl::StrCat(absl::ToUnixSeconds(absl::Now() + by))});
  };
  const std::string remedy = "set this machine's clock (NTP), or have the issuer's set";
  EXPECT_THAT(ahead(absl::Seconds(-20)).out, HasSubstr("ok   clock: "));
  EXPECT_THAT(ahead(absl::Minutes(2)).out,
              AllOf(HasSubstr("WARN clock: this machine's clock is "),
                    HasSubstr("ahead of that of issuer sso\n     " + remedy)));
  const Outcome behind = ahead(-absl::Hours(1));
  EXPECT_EQ(behind.code, 1);
  EXPECT_THAT(behind.out, AllOf(HasSubstr("FAIL clock: this machine's clock is "),
                                HasSubstr(" behind that of issuer sso\n     " + remedy)));
}

TEST_F(DoctorIssuersTest, BearerTokensAreSentAndNeverShown) {
  const std::string fetch = absl::StrCat(
      "ca_file: \"ca.pem\" bearer_token_file: \"token\" bearer_hosts: \"", nginx_.origin(), "\"");
  nginx_.Start(
      "location = /api { if ($http_authorization != \"Bearer opaque-secret\") { return "
      "401; } return 200 '" +
      issuer_.PublicJwks() + "'; }");
  files_.Write("token", "opaque-secret\n");
  EXPECT_THAT(Doctor(ByUrl("api", fetch)), FindsNothing());
  files_.Write("token", "opaque-wrong\n");
  const Outcome outcome = Doctor(ByUrl("api", fetch));
  EXPECT_THAT(outcome, HasFinding(": HTTP status 401", "open the URL yourself; a Kubernetes API"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("opaque")));
}

TEST_F(DoctorIssuersTest, KeysThatMayGrowOldAreAWarning) {
  nginx_.Start();
  EXPECT_THAT(Doctor(ByUrl("jwks", "ca_file: \"ca.pem\" max_stale { seconds: 86400 }")),
              HasFinding("WARN issuers: issuer sso: fetch.max_stale lets a key that was withdrawn "
                         "sign for 24h where the issuer cannot be reached",
                         "shorten it; the default is 1 h"));
}

TEST_F(DoctorTest, KeysInFilesAreBoundToTheAlgorithms) {
  const TestIssuer rsa(Algorithm::kRs256);
  files_.Write("sso.jwks", rsa.PublicJwks());
  const Outcome outcome = Doctor(Issuer() + Rule());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("FAIL issuers: issuer sso: "),
                                 HasSubstr("\n     correct the file of keys")));
  EXPECT_THAT(Doctor(Issuer("") + Rule()).out,
              HasSubstr("ok   issuers: issuer sso: its keys are given by the server's code\n"));
}

}  // namespace
}  // namespace lanyard::testing
