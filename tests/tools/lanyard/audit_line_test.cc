// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/audit_json.h"
#include "tests/sdk/made_caller.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::DescriptorFile;
using ::lanyard::testing::IssuerText;
using ::lanyard::testing::MadeCaller;
using ::lanyard::testing::OrdersService;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RuleText;
using ::lanyard::testing::RunPolicy;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGet[] = "/shop.Orders/Get";

AuditEvent Denied(const std::string& claims) {
  AuditEvent event;
  event.time = absl::FromUnixSeconds(1800000000);
  event.decision_id = "7f3a9c21";
  event.method = kGet;
  event.failure = AuthFailure::kDeniedByPolicy;
  event.detail = "the scope \"orders.read\" is missing";
  event.rule = "auth.textproto:2";
  event.policy_hash = "0123456789ab";
  if (!claims.empty()) event.caller = MadeCaller("sso", claims);
  return event;
}

Outcome Explain(const std::string& config, const std::string& input,
                const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"--audit-line", "-"};
  args.insert(args.end(), more.begin(), more.end());
  return RunPolicy("explain", config, args, input);
}

const std::string kConfig =
    IssuerText("sso") + RuleText(kGet, "allow { all_scopes: \"orders.read\" }");

TEST(AuditLineTest, TellsWhatWasDecidedWhyAndWhatToDo) {
  const Outcome outcome = Explain(kConfig, AuditJson(Denied(R"({"sub":"alice","scope":"a b"})")));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("DENIED  DENIED_BY_POLICY\n"
                                      "id      7f3a9c21\n"
                                      "when    2027-01-15T08:00:00.000000Z\n"
                                      "method  /shop.Orders/Get\n"
                                      "rule    auth.textproto:2\n"
                                      "caller  sso / alice, scopes a b\n"
                                      "why     the scope \"orders.read\" is missing\n"
                                      "do      lanyard policy explain says"));
  EXPECT_THAT(outcome.out, ContainsRegex("\npolicy  0123456789ab; this config is [0-9a-f]+, "
                                         "without annotations\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\ntoday   DENIED by "));
}

TEST(AuditLineTest, SaysThatTheCallerWouldBeAllowedToday) {
  const std::string line = AuditJson(Denied(R"({"sub":"alice","scope":"orders.read"})"));
  EXPECT_EQ(Explain(kConfig, line).code, 0);
  const Outcome outcome =
      Explain(IssuerText("sso") + RuleText(kGet, "allow { subjects: \"alice\" clients: \"web\" }"),
              AuditJson(Denied(R"({"sub":"alice","client_id":"web"})")));
  EXPECT_THAT(outcome.out, HasSubstr("\ntoday   ALLOWED by "));
  EXPECT_EQ(outcome.code, 0);
}

TEST(AuditLineTest, JudgesByAllThatTheLineHolds) {
  AuditEvent event = Denied("");
  event.caller =
      MadeCaller("sso", R"({"sub":"u","act":{"sub":"svc:gateway"}})", "at+jwt", {"operator"});
  event.peer = "spiffe://prod/web";
  const auto code = [&event](const std::string& allow) {
    return Explain(IssuerText("sso", "roles { path: \"roles\" }") +
                       RuleText(kGet, "allow { " + allow + " }"),
                   AuditJson(event))
        .code;
  };
  EXPECT_EQ(code("any_roles: \"operator\" any_actor: true"), 0);
  EXPECT_EQ(code("any_roles: \"operator\""), 1) << "a token with an actor needs a rule for it";
  EXPECT_EQ(code("any_roles: \"admin\" any_actor: true"), 1);
  EXPECT_EQ(code("any_authenticated: true any_actor: true peers: \"spiffe://prod/web\""), 0);
  EXPECT_EQ(code("any_authenticated: true any_actor: true peers: \"spiffe://prod/job\""), 1);
}

TEST(AuditLineTest, SaysThatOnlyTheTokenTellsWhereItDidNotVerify) {
  AuditEvent event = Denied("");
  event.failure = AuthFailure::kWrongAudience;
  event.detail = "aud_seen [\"account\"], want [\"orders\"]";
  const Outcome outcome = Explain(kConfig, AuditJson(event));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("caller  nobody whose token verified\n"));
  EXPECT_THAT(outcome.out, HasSubstr("do      add an audience mapper"));
  EXPECT_THAT(outcome.out, HasSubstr("today   only the token tells"));
  event.failure = AuthFailure::kMissingToken;
  EXPECT_THAT(Explain(kConfig, AuditJson(event)).out, HasSubstr("today   DENIED by"));
}

TEST(AuditLineTest, DoesNotTakeWhatIsHiddenOrCutOffForTheWhole) {
  const std::string hidden = "today   names in the line are hashed or cut off";
  const std::string deny = IssuerText("sso") + RuleText(kGet, "allow { any_authenticated: true }") +
                           "deny { subjects: \"alice\" }";
  const AuditEvent alice = Denied(R"({"sub":"alice"})");
  EXPECT_THAT(Explain(deny, AuditJson(alice)).out, HasSubstr("today   DENIED"));
  const Outcome hashed = Explain(
      deny, AuditJson(alice, [](absl::string_view) { return "hmac:" + std::string(32, '0'); }));
  EXPECT_EQ(hashed.code, 1);
  EXPECT_THAT(hashed.out, HasSubstr(hidden));
  std::string scopes = "0";
  for (int i = 1; i < 40; ++i) absl::StrAppend(&scopes, " ", i);
  EXPECT_THAT(
      Explain(kConfig, AuditJson(Denied("{\"sub\":\"a\",\"scope\":\"" + scopes + "\"}"))).out,
      HasSubstr(hidden));
}

TEST(AuditLineTest, KnowsThePolicyThatDecided) {
  AuditEvent event = Denied(R"({"sub":"alice"})");
  const std::string other = Explain(kConfig, AuditJson(event), {"--json"}).out;
  EXPECT_THAT(other, HasSubstr("\"same_policy\":false"));
  const std::string text = Explain(kConfig, AuditJson(event)).out;
  const std::string words = "this config is ";
  event.policy_hash = text.substr(text.find(words) + words.size(), 12);
  EXPECT_THAT(Explain("# With a comment.\n" + kConfig, AuditJson(event), {"--json"}).out,
              HasSubstr("\"same_policy\":true"));
  EXPECT_THAT(Explain(kConfig, AuditJson(event),
                      {"--json", "--descriptors", DescriptorFile({OrdersService()})})
                  .err,
              HasSubstr("replaces_annotation"));
}

TEST(AuditLineTest, NamesWhatIsWrongWithTheLine) {
  const auto expect = [](const std::string& line, const std::string& error) {
    const Outcome outcome = Explain(kConfig, line);
    EXPECT_EQ(outcome.code, 1) << line;
    EXPECT_THAT(outcome.err, HasSubstr(error)) << line;
    EXPECT_EQ(outcome.out, "");
  };
  const std::string good = AuditJson(Denied(""));
  expect("", "no audit event");
  expect(" \n", "no audit event");
  expect(good + "\n" + good + "\n", "more than one line");
  expect("{", "standard input: ");
  expect("[]", "standard input: ");
  expect("{\"a\":1}", "not an audit event of Lanyard");
  expect("{\"decision\":\"denied\",\"method\":\"x\"}", "not an audit event of Lanyard");
  expect("{\"decision\":\"sampled\",\"reason\":\"EXPIRED\",\"count\":5}", "counts refusals");
}

TEST(AuditLineTest, TakesNoOtherCallerBesideIt) {
  for (const char* option : {"--method", "--token-file", "--claims", "--peer"}) {
    const Outcome outcome = Explain(kConfig, AuditJson(Denied("")), {option, "x"});
    EXPECT_EQ(outcome.code, 2) << option;
    EXPECT_THAT(outcome.err, HasSubstr(option));
  }
  EXPECT_THAT(RunPolicy("explain", kConfig).err, HasSubstr("--method is required"));
}

TEST(AuditLineTest, ShowsNothingThatActsOnATerminal) {
  const Outcome outcome = Explain(
      kConfig,
      "{\"decision\":\"denied\\u001b[2J\",\"reason\":\"\\u001b[2J\",\"method\":\"/a.B/\\u202eC\","
      "\"detail\":\"\\u001b[31m\",\"issuer\":\"sso\",\"subject\":\"\\u009b1m\"}");
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\xc2\x9b")));
}

}  // namespace
}  // namespace lanyard::tools
