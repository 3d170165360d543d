// SPDX-License-Identifier: Apache-2.0
//
// : what the policy commands say that the server does not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/tools/lanyard/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kIssuer[] =
    "issuers { name: 'sso' issuer: 'https://sso.example.test' audiences: 'orders' algorithms: "
    "ES256 jwks_file: 'k.jwks' }\n";

std::string In(int days) {
  return absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(24 * days), absl::UTCTimeZone());
}

Outcome Diff(const std::string& before, const std::string& after) {
  return RunTool(
      {"policy", "diff", TempFile("before", kIssuer + before), TempFile("after", kIssuer + after)});
}

TEST(PolicyEdgesTest, DiffSeesALongerObservation) {
  const std::string rule = "rules { method: '/s.S/M' allow { any_authenticated: true } }\n";
  const auto until = [](int days) {
    return absl::StrCat("settings { method: '*' enforcement: OBSERVE observe_until: '", In(days),
                        "' }\n");
  };
  EXPECT_THAT(Diff(rule + until(5), rule + until(80)).out, Not(HasSubstr("nobody gains")));
}

TEST(PolicyEdgesTest, DiffSeesStreamsThatMayOutliveTheirTokens) {
  const std::string rule = "rules { method: '/s.S/M' allow { any_authenticated: true } }\n";
  EXPECT_THAT(Diff(rule, rule + "settings { method: '*' max_stream_age_past_expiry { seconds: "
                                "86400 } }\n")
                  .out,
              Not(HasSubstr("nobody gains")));
}

TEST(PolicyEdgesTest, DiffSeesThatABadTokenIsTakenForNone) {
  EXPECT_THAT(Diff("rules { method: '/s.S/M' allow { anyone: true } }\n",
                   "rules { method: '/s.S/M' allow { anyone: true bad_token: TREAT_AS_ANONYMOUS } "
                   "}\n")
                  .out,
              Not(HasSubstr("nobody gains")));
}

// The server takes whatever has a colon for a URI; the tool wants "://".
TEST(PolicyEdgesTest, ExplainTakesTheSameNamesForUris) {
  const std::string config = TempFile(
      "peers", absl::StrCat(kIssuer,
                            "rules { method: '/s.S/M' allow { peers: 'urn:svc:web' without_token: "
                            "true } }\n"));
  EXPECT_EQ(
      RunTool({"policy", "explain", config, "--method", "/s.S/M", "--peer", "urn:svc:web"}).code,
      0);
}

// The server refuses it on a connection without that certificate, whatever the rule says.
TEST(PolicyEdgesTest, ExplainDoesNotAllowABoundTokenWithoutItsCertificate) {
  const std::string config = TempFile(
      "bound", absl::StrCat(kIssuer, "rules { method: '/s.S/M' allow { subjects: 'a' } }\n"));
  const std::string now = absl::StrCat(absl::ToUnixSeconds(absl::Now()));
  const std::string claims = TempFile(
      "claims",
      absl::StrCat(R"({"iss":"https://sso.example.test","sub":"a","aud":"orders","jti":"1",)",
                   R"("client_id":"a","iat":)", now, R"(,"exp":)",
                   absl::ToUnixSeconds(absl::Now()) + 60,
                   R"(,"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}})"));
  const Outcome outcome = RunTool(
      {"policy", "explain", config, "--method", "/s.S/M", "--claims", claims, "--typ", "at+jwt"});
  EXPECT_TRUE(outcome.code == 1 || outcome.out.find("certificate") != std::string::npos ||
              outcome.err.find("certificate") != std::string::npos)
      << outcome;
}

}  // namespace
}  // namespace lanyard::tools
