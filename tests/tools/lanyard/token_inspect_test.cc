// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TestIssuer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string Token(absl::string_view header, absl::string_view claims) {
  return absl::StrCat(internal::Base64UrlEncode(header), ".", internal::Base64UrlEncode(claims),
                      ".c2ln");
}

TEST(TokenInspectTest, ShowsHeaderAndClaimsAndSaysThatNothingIsVerified) {
  const std::string token = TestIssuer().Token().Subject("svc:somebody").Sign();
  const Outcome outcome = RunTool({"token", "inspect", token});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("NOT VERIFIED: "));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("header (NOT VERIFIED):"), HasSubstr("\"ES256\""),
                                 HasSubstr("claims (NOT VERIFIED):"), HasSubstr("svc:somebody")));
}

TEST(TokenInspectTest, AnswersInJson) {
  const Outcome outcome = RunTool(
      {"token", "inspect", "--json", Token("{\"alg\":\"ES256\"}", "{ \"n\":9007199254740993 }")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "{\"ok\":true,\"verified\":false,\"header\":{\"alg\":\"ES256\"},"
            "\"claims\":{\"n\":9007199254740993}}\n");
}

TEST(TokenInspectTest, ShowsTokensThatEveryVerifierRefusesAndSaysSo) {
  const Outcome outcome =
      RunTool({"token", "inspect", Token("{\"alg\":\"none\",\"jku\":\"http://x\"}", "{}")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("http://x"));
  EXPECT_THAT(outcome.err, HasSubstr("every verifier would refuse it: MALFORMED_TOKEN"));
  EXPECT_THAT(RunTool({"token", "inspect", "--json", Token("{\"alg\":\"x\"}", "{\"sub\":1}")}).out,
              HasSubstr("\"would_be_refused\":\"MALFORMED_TOKEN: "));
}

TEST(TokenInspectTest, ShowsTimesInWords) {
  const std::string token =
      Token("{\"alg\":\"ES256\"}", "{\"iat\":1899999940,\"exp\":1900000090.5}");
  EXPECT_THAT(RunTool({"token", "inspect", token, "--at", "1900000000"}).out,
              AllOf(HasSubstr("iat  2030-03-17T17:45:40Z, 1m ago"),
                    HasSubstr("exp  2030-03-17T17:48:10Z, in 1m30s")));
  // Times that no calendar has do no harm.
  EXPECT_EQ(
      RunTool({"token", "inspect",
               Token("{\"alg\":\"ES256\"}",
                     "{\"iat\":-9223372036854775808,\"nbf\":1e300,\"exp\":9223372036854775807}")})
          .code,
      0);
}

TEST(TokenInspectTest, DoesNotLetATokenDriveTheTerminal) {
  const std::string token =
      Token("{\"alg\":\"ES256\"}", "{\"sub\":\"\u009b2Jx\u202ey\",\"k\x7f\":\"\\u001b[2J\"}");
  const Outcome outcome = RunTool({"token", "inspect", token});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\\u009b2Jx\\u202ey"), Not(HasSubstr("\x1b"))));
}

TEST(TokenInspectTest, ReadsStandardInputAndFiles) {
  const std::string token = Token("{\"alg\":\"ES256\"}", "{\"sub\":\"svc:a\"}");
  EXPECT_THAT(RunTool({"token", "inspect", "-"}, "\n " + token + "\r\n").out, HasSubstr("svc:a"));
  EXPECT_THAT(RunTool({"token", "inspect", "--token-file", TempFile("t", token + "\n")}).out,
              HasSubstr("svc:a"));
}

TEST(TokenInspectTest, RefusesWhatIsNoToken) {
  for (const std::string& token :
       {std::string("x"), std::string("a.b"), std::string("a.b.c.d"), std::string("a.b.c.d.e"),
        std::string(10000, '.'), std::string(1 << 20, '.'), std::string(""),
        Token("{\"alg\":1,\"alg\":2}", "{}"), Token("{}", "[]"), std::string("e30=.e30.x")}) {
    const Outcome outcome = RunTool({"token", "inspect", "--", token});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("MALFORMED_TOKEN"));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(TokenInspectTest, NeedsExactlyOneToken) {
  EXPECT_EQ(RunTool({"token", "inspect"}).code, 2);
  EXPECT_EQ(RunTool({"token", "inspect", "a", "b"}).code, 2);
  EXPECT_EQ(RunTool({"token", "inspect", "a", "--token-file", "b"}).code, 2);
}

}  // namespace
}  // namespace lanyard::tools
