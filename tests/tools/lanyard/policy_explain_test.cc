// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::DescriptorFile;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::OrdersService;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RuleText;
using ::lanyard::testing::RunPolicy;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TestIssuer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kNow = 1800000000;  // 2027-01-15T08:00:00Z
constexpr char kGet[] = "/shop.Orders/Get";

class PolicyExplainTest : public ::testing::Test {
 protected:
  // The config of the issuer and these rules, at kNow.
  Outcome Explain(const std::string& rules, const std::vector<std::string>& more,
                  const std::string& input = "", const std::string& method = kGet) {
    std::vector<std::string> args = {"--method", method, "--at", absl::StrCat(kNow)};
    args.insert(args.end(), more.begin(), more.end());
    return RunPolicy("explain", issuer_.ConfigText(jwks_file_) + rules, args, input);
  }
  Outcome ExplainToken(const std::string& rules, const std::string& token,
                       const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"--token-file", "-"};
    args.insert(args.end(), more.begin(), more.end());
    return Explain(rules, args, token);
  }

  const std::shared_ptr<FakeClock> clock_ =
      std::make_shared<FakeClock>(absl::FromUnixSeconds(kNow));
  const TestIssuer issuer_{Algorithm::kEs256, "sso", clock_};
  const TestIssuer other_{Algorithm::kEs256, "sso", clock_};  // Same name, another key.
  const std::string jwks_ = TempFile("sso.jwks", issuer_.PublicJwks());
  std::string jwks_file_ = jwks_;
};

const std::string kScope = RuleText(kGet, "allow { all_scopes: \"orders.read\" }");

TEST_F(PolicyExplainTest, AllowsATokenWithTheRightKey) {
  const Outcome outcome = ExplainToken(kScope, issuer_.Token().Scopes("orders.read").Sign() + "\n");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(
      outcome.out,
      AllOf(StartsWith("ALLOWED\nmethod  /shop.Orders/Get\nrule    "), HasSubstr("auth.textproto:"),
            HasSubstr("\ncaller  sso / svc:test, client svc:test, scopes orders.read\n"),
            HasSubstr("\nwhy     it matches\n"), Not(HasSubstr("note"))));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(PolicyExplainTest, SaysThatATokenOpensAMethodOnce) {
  const std::string rules =
      RuleText(kGet, "allow { any_authenticated: true one_time: true }") + "single_replica: true\n";
  EXPECT_THAT(
      ExplainToken(rules, issuer_.Token().Sign()).out,
      AllOf(StartsWith("ALLOWED\n"), HasSubstr("\nnote    one_time: unless the token has")));
  EXPECT_THAT(ExplainToken(rules, issuer_.Token().ExpiresIn(absl::Seconds(301)).Sign()).out,
              AllOf(StartsWith("DENIED  DENIED_BY_POLICY\n"),
                    HasSubstr("\nwhy     the token has no jti, or lives longer than 5 min, ")));
}

struct Denial {
  const char* name;
  const char* rules;
  const char* failure;
  const char* why;
};

class PolicyExplainDenialTest : public PolicyExplainTest,
                                public ::testing::WithParamInterface<Denial> {};

TEST_P(PolicyExplainDenialTest, SaysWhy) {
  const Outcome outcome = ExplainToken(GetParam().rules, issuer_.Token().Scopes("r").Sign());
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_THAT(outcome.out, AllOf(StartsWith(absl::StrCat("DENIED  ", GetParam().failure, "\n")),
                                 HasSubstr(absl::StrCat("\nwhy     ", GetParam().why)),
                                 HasSubstr("\ncaller  sso / svc:test, ")));
}

#define RULE(text) "rules { method: \"/shop.Orders/Get\" " text " }"
#define ALLOW(text) RULE("allow { " text " }")

INSTANTIATE_TEST_SUITE_P(
    , PolicyExplainDenialTest,
    ::testing::Values(
        Denial{"NoRule", "", "DENIED_BY_POLICY", "no rule covers that method"},
        Denial{"Nobody", RULE("nobody: true"), "DENIED_BY_POLICY", "nobody may call that method"},
        Denial{"Deny", ALLOW("any_authenticated: true") "deny { subjects: \"svc:test\" }",
               "DENIED_BY_POLICY", "the config denies the caller everywhere (deny)"},
        Denial{"Subject", ALLOW("subjects: \"svc:a\""), "DENIED_BY_POLICY",
               "the subject is not \"svc:a\"\n"},
        Denial{"Scope", ALLOW("all_scopes: \"w\""), "DENIED_BY_POLICY",
               "the token lacks the scope \"w\"\n"},
        Denial{"Client", ALLOW("clients: \"web\""), "DENIED_BY_POLICY",
               "the client is not \"web\"\n"},
        Denial{"Peer", ALLOW("any_authenticated: true peers: \"a.test\""), "DENIED_BY_POLICY",
               "the client's certificate has none of the names in peers\n"},
        Denial{"Type", ALLOW("any_authenticated: true token_types: \"jwt\""), "DENIED_BY_POLICY",
               "typ is not \"jwt\"\n"},
        Denial{"Bound", ALLOW("any_authenticated: true certificate_bound: true"),
               "DENIED_BY_POLICY", "the token is not bound to a client certificate (cnf)\n"},
        Denial{"Several", RULE("allow { subjects: \"a\" } allow { all_scopes: \"w\" }"),
               "DENIED_BY_POLICY",
               "allow 1: the subject is not \"a\"; allow 2: the token lacks the scope \"w\"\n"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(PolicyExplainTest, DeniesTokensThatDoNotVerify) {
  const auto expect = [](const Outcome& outcome, const std::string& failure) {
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_THAT(outcome.out, AllOf(StartsWith("DENIED  " + failure + "\n"),
                                   HasSubstr("\ncaller  unknown: the token does not verify\n"),
                                   HasSubstr("\nwhy     ")));
  };
  expect(ExplainToken(kScope, other_.Token().Scopes("orders.read").Sign()), "UNKNOWN_KEY");
  expect(ExplainToken(kScope, other_.Token().KeyId("").Sign()), "BAD_SIGNATURE");
  expect(ExplainToken(kScope, issuer_.Token().ExpiresIn(absl::Seconds(-31)).Sign()), "EXPIRED");
  expect(ExplainToken(kScope, issuer_.Token().Audience("other").Sign()), "WRONG_AUDIENCE");
  expect(ExplainToken(kScope, issuer_.Token().Issuer("https://else.test").Sign()),
         "UNKNOWN_ISSUER");
  expect(ExplainToken(kScope, "no token"), "MALFORMED_TOKEN");
}

TEST_F(PolicyExplainTest, LooksAtTheTimeThatItIsGiven) {
  const std::string token = issuer_.Token().Scopes("orders.read").Sign();
  EXPECT_EQ(ExplainToken(kScope, token, {}).code, 0);
  const Outcome later = RunPolicy(
      "explain", issuer_.ConfigText(jwks_) + kScope,
      {"--method", kGet, "--token-file", "-", "--at", absl::StrCat(kNow + 300 + 31)}, token);
  EXPECT_THAT(later.out, StartsWith("DENIED  EXPIRED\n"));
  EXPECT_EQ(Explain(kScope, {"--at", "soon"}).code, 2);
}

TEST_F(PolicyExplainTest, SaysThatTheKeysAreNotHere) {
  jwks_file_ = "/no/such/keys.jwks";
  const std::string token = issuer_.Token().Scopes("orders.read").Sign();
  const Outcome outcome = ExplainToken(kScope, token);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("the keys of the token's issuer are not here"),
                                 HasSubstr("--jwks FILE")));
  EXPECT_EQ(ExplainToken(kScope, token, {"--jwks", jwks_}).code, 0);
  EXPECT_THAT(ExplainToken(kScope, token, {"--jwks", TempFile("o.jwks", other_.PublicJwks())}).out,
              StartsWith("DENIED  UNKNOWN_KEY\n"));
  EXPECT_EQ(ExplainToken(kScope, token, {"--jwks", "/no/such/file"}).code, 1);
}

TEST_F(PolicyExplainTest, TakesClaimsAsGiven) {
  const std::string claims = issuer_.Token().Scopes("orders.read").ClaimsJson();
  const Outcome outcome = Explain(kScope, {"--claims", "-"}, claims);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, StartsWith("ALLOWED\n"));
  EXPECT_EQ(outcome.err, "the claims are taken as given: no signature was checked\n");
  // All but the signature is checked.
  const auto denied = [&](lanyard::testing::TokenBuilder token, const char* failure) {
    EXPECT_THAT(Explain(kScope, {"--claims", "-"}, token.ClaimsJson()).out,
                StartsWith(absl::StrCat("DENIED  ", failure, "\n")));
  };
  denied(issuer_.Token(), "DENIED_BY_POLICY");
  denied(issuer_.Token().ExpiresIn(absl::Seconds(-31)), "EXPIRED");
  denied(issuer_.Token().Issuer("https://else.test"), "UNKNOWN_ISSUER");
  EXPECT_EQ(Explain(kScope, {"--claims", TempFile("claims.json", claims)}).code, 0);
}

TEST_F(PolicyExplainTest, TakesTheTypeOfTheHeaderBesideClaims) {
  const std::string rules =
      RuleText(kGet, "allow { any_authenticated: true token_types: \"at+jwt\" }");
  const std::string claims = issuer_.Token().ClaimsJson();
  EXPECT_EQ(Explain(rules, {"--claims", "-", "--typ", "application/AT+JWT"}, claims).code, 0);
  EXPECT_EQ(Explain(rules, {"--claims", "-", "--typ", "JWT"}, claims).code, 1);
}

TEST_F(PolicyExplainTest, ExplainsACallWithoutAToken) {
  const Outcome denied = Explain(kScope, {});
  EXPECT_EQ(denied.code, 1);
  EXPECT_THAT(denied.out, AllOf(StartsWith("DENIED  MISSING_TOKEN\n"),
                                HasSubstr("\ncaller  anonymous: no token\n"),
                                HasSubstr("\nwhy     it needs a token\n")));
  EXPECT_THAT(Explain(RuleText(kGet, "allow { anyone: true }"), {}).out, StartsWith("ALLOWED\n"));
  EXPECT_THAT(Explain("", {}, "", "/shop.Orders/Gone").out, HasSubstr("\nrule    none\n"));
}

TEST_F(PolicyExplainTest, ABadTokenMayCountAsNone) {
  const std::string token = other_.Token().Sign();
  EXPECT_THAT(ExplainToken(RuleText(kGet, "allow { anyone: true }"), token).out,
              StartsWith("DENIED  UNKNOWN_KEY\n"));
  EXPECT_THAT(
      ExplainToken(RuleText(kGet, "allow { anyone: true bad_token: TREAT_AS_ANONYMOUS }"), token)
          .out,
      StartsWith("ALLOWED\n"));
}

TEST_F(PolicyExplainTest, TakesTheNamesOfTheClientsCertificate) {
  const std::string rules =
      RuleText(kGet, "allow { without_token: true peers: [\"spiffe://prod/*\", \"a.test\"] }");
  EXPECT_EQ(Explain(rules, {"--peer", "spiffe://prod/ns/web"}).code, 0);
  EXPECT_EQ(Explain(rules, {"--peer", "b.test", "--peer", "a.test"}).code, 0);
  EXPECT_EQ(Explain(rules, {"--peer", "spiffe://prodigy/ns/web"}).code, 1);
  EXPECT_EQ(Explain(RuleText(kGet, "allow { without_token: true peers: \"urn:a:b\" }"),
                    {"--peer", "urn:a:b"})
                .code,
            0);
  EXPECT_EQ(Explain(rules, {}).code, 1);
}

TEST_F(PolicyExplainTest, NotesThatAnObservedMethodLetsTheCallThrough) {
  const std::string observe =
      "settings { method: \"*\" enforcement: OBSERVE observe_until: \"2027-01-31\" }\n";
  const Outcome outcome = Explain(kScope + observe, {});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out,
              HasSubstr("\nnote    OBSERVE: it goes through until 2027-01-31T00:00:00Z, and would "
                        "be refused then\n"));
  EXPECT_THAT(ExplainToken(kScope + observe, issuer_.Token().Scopes("orders.read").Sign()).out,
              Not(HasSubstr("OBSERVE")));
  // Whom the config denies is denied all the same.
  EXPECT_THAT(
      ExplainToken(kScope + observe + "deny { subjects: \"svc:test\" }", issuer_.Token().Sign())
          .out,
      Not(HasSubstr("OBSERVE")));
}

TEST_F(PolicyExplainTest, KnowsAnnotations) {
  const std::string file = DescriptorFile({OrdersService()});
  EXPECT_THAT(
      ExplainToken("", issuer_.Token().Scopes("orders.read").Sign(), {"--descriptors", file}).out,
      AllOf(StartsWith("ALLOWED\n"), HasSubstr("\nrule    annotation of ")));
}

TEST_F(PolicyExplainTest, ShowsWhatATokenSaysOnOneSafeLine) {
  const Outcome outcome = ExplainToken(RuleText(kGet, "allow { any_authenticated: true }"),
                                       issuer_.Token().Subject("svc\u202e:a").Sign());
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\ncaller  sso / svc?:a, "), Not(HasSubstr("\u202e"))));
}

TEST_F(PolicyExplainTest, AnswersAMachine) {
  const Outcome outcome = ExplainToken(kScope, issuer_.Token().Sign(), {"--json"});
  EXPECT_EQ(outcome.code, 1);
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  const auto root = document->root();
  EXPECT_TRUE(root.Find("ok")->boolean());
  EXPECT_FALSE(root.Find("allowed")->boolean());
  EXPECT_TRUE(root.Find("signature_checked")->boolean());
  EXPECT_EQ(root.Find("failure")->string(), "DENIED_BY_POLICY");
  EXPECT_EQ(root.Find("method")->string(), kGet);
  EXPECT_EQ(root.Find("caller")->string(), "sso / svc:test, client svc:test");
  EXPECT_EQ(root.Find("why")->string(), "the token lacks the scope \"orders.read\"");
  EXPECT_THAT(std::string(root.Find("rule")->string()), HasSubstr("auth.textproto:"));

  const Outcome allowed = Explain(kScope, {"--claims", "-", "--json"},
                                  issuer_.Token().Scopes("orders.read").ClaimsJson());
  EXPECT_EQ(allowed.code, 0);
  EXPECT_THAT(allowed.out,
              AllOf(HasSubstr("\"allowed\":true"), HasSubstr("\"signature_checked\":false"),
                    Not(HasSubstr("failure"))));
}

TEST_F(PolicyExplainTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(Explain(kScope, {"--token-file", "-", "--claims", "-"}).code, 2);
  EXPECT_EQ(Explain(kScope, {"--typ", "JWT"}).code, 2);
  EXPECT_EQ(Explain(kScope, {"--jwks", "-"}).code, 2);
  EXPECT_EQ(RunPolicy("explain", issuer_.ConfigText() + kScope, {"--method", "s.S/M"}).code, 2);
  EXPECT_EQ(RunPolicy("explain", issuer_.ConfigText() + kScope).code, 2);
  EXPECT_EQ(Explain(kScope, {"--token-file", "/no/such/file"}).code, 1);
  EXPECT_EQ(Explain(kScope, {"--claims", "/no/such/file"}).code, 1);
  EXPECT_THAT(Explain(kScope, {"--claims", "-"}, "[1]").err, HasSubstr("--claims: "));
}

}  // namespace
}  // namespace lanyard::tools
