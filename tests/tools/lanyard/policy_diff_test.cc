// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::DescriptorFile;
using ::lanyard::testing::IssuerText;
using ::lanyard::testing::OrdersService;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RuleText;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::HasSubstr;

const std::string kSso = IssuerText("sso");
constexpr char kGet[] = "/shop.Orders/Get";

Outcome Diff(const std::string& before, const std::string& after,
             const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"policy", "diff", TempFile("old.textproto", kSso + before),
                                   TempFile("new.textproto", kSso + after)};
  args.insert(args.end(), more.begin(), more.end());
  return RunTool(args);
}

TEST(PolicyDiffTest, SaysThatNothingChanges) {
  const std::string rule = RuleText(kGet, "allow { subjects: \"a\" } allow { subjects: \"b\" }");
  const Outcome outcome =
      Diff(rule, RuleText(kGet, "allow { subjects: \"b\" } allow { subjects: \"a\" }"));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out, "nobody gains, nobody loses\n");
  EXPECT_EQ(Diff(rule, rule, {"--json"}).out, "{\"ok\":true,\"changes\":[]}\n");
}

TEST(PolicyDiffTest, ShowsWhoGainsAndWhoLoses) {
  EXPECT_EQ(
      Diff(RuleText(kGet, "allow { subjects: \"a\" }"), RuleText(kGet, "allow { subjects: \"b\" }"))
          .out,
      "/shop.Orders/Get\n"
      "  + may call now   subjects: \"b\"\n"
      "  - may no longer  subjects: \"a\"\n");
  EXPECT_EQ(Diff("", RuleText(kGet, "allow { anyone: true }")).out,
            "/shop.Orders/Get\n  + may call now   anyone: true\n");
  EXPECT_EQ(Diff(RuleText(kGet, "allow { anyone: true }"), RuleText(kGet, "nobody: true")).out,
            "/shop.Orders/Get\n  - may no longer  anyone: true\n");
}

TEST(PolicyDiffTest, ShowsOnlyTheSideThatIsNotCovered) {
  EXPECT_EQ(Diff(RuleText(kGet, "allow { subjects: \"t:*\" }"),
                 RuleText(kGet, "allow { subjects: \"t:a\" }"))
                .out,
            "/shop.Orders/Get\n  - may no longer  subjects: \"t:*\"\n");
}

TEST(PolicyDiffTest, ComparesWithTheRuleOfTheService) {
  const std::string service = RuleText("/shop.Orders/*", "allow { subjects: \"a\" }");
  EXPECT_EQ(Diff(service, service + RuleText(kGet, "allow { subjects: \"a\" }")).out,
            "nobody gains, nobody loses\n");
  EXPECT_EQ(Diff(service, service + RuleText(kGet, "nobody: true")).out,
            "/shop.Orders/Get\n  - may no longer  subjects: \"a\"\n");
}

TEST(PolicyDiffTest, ComparesWithAnnotations) {
  const std::string file = DescriptorFile({OrdersService()});
  EXPECT_EQ(Diff("", RuleText(kGet, "replaces_annotation: true allow { any_authenticated: true }"),
                 {"--descriptors", file})
                .out,
            "/shop.Orders/Get\n  + may call now   any_authenticated: true\n");
}

TEST(PolicyDiffTest, ShowsWhoIsDeniedEverywhere) {
  EXPECT_EQ(Diff("deny { subjects: \"a\" }\n", "deny { subjects: \"b\" }\n").out,
            "any method\n"
            "  + may call now   denied so far: subjects: \"a\"\n"
            "  - may no longer  denied from now on: subjects: \"b\"\n");
}

std::string Observed(const std::string& method) {
  return absl::StrCat(
      "settings { method: \"", method, "\" enforcement: OBSERVE observe_until: \"",
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(48), absl::UTCTimeZone()), "\" }\n");
}

TEST(PolicyDiffTest, ShowsWhatObservationOpensToEverybody) {
  const std::string rule = RuleText(kGet, "allow { subjects: \"a\" }");
  EXPECT_THAT(Diff(rule, rule + Observed(kGet)).out,
              HasSubstr("/shop.Orders/Get\n  + may call now   everybody: OBSERVED until "));
  EXPECT_EQ(Diff(rule + Observed("*"), rule).out,
            "/shop.Orders/Get\n  - may no longer  everybody: no longer observed\n");
}

// Which methods a policy lists has nothing to do with which ones are observed.
TEST(PolicyDiffTest, KnowsThatAMethodWithoutARuleOfItsOwnWasObserved) {
  const std::string service = RuleText("/shop.Orders/*", "allow { subjects: \"a\" }");
  const std::string method = RuleText(kGet, "allow { subjects: \"a\" }");
  EXPECT_EQ(Diff(service + Observed("*"), service + method + Observed("*")).out,
            "nobody gains, nobody loses\n");
  EXPECT_EQ(Diff(service + method + Observed("*"), service + Observed("*")).out,
            "nobody gains, nobody loses\n");
}

TEST(PolicyDiffTest, ShowsWhoMaySayWhoACallerIs) {
  const std::string proxy = "trusted_proxies: \"spiffe://prod/proxy\"";
  EXPECT_THAT(Diff("", proxy).out,
              HasSubstr("+ may call now   trusted from now on: trusted_proxies: "
                        "spiffe://prod/proxy (that proxy may say"));
  EXPECT_THAT(Diff("local_proxy_is_trusted: true", "").out,
              HasSubstr("- may no longer  trusted so far: local_proxy_is_trusted"));
  EXPECT_EQ(Diff(proxy, proxy).out, "nobody gains, nobody loses\n");
}

TEST(PolicyDiffTest, AnswersAMachine) {
  const Outcome outcome = Diff(RuleText(kGet, "allow { subjects: \"a\" }"),
                               RuleText(kGet, "allow { subjects: \"b\" }"), {"--json"});
  EXPECT_EQ(outcome.out,
            "{\"ok\":true,\"changes\":[{\"method\":\"/shop.Orders/Get\","
            "\"gains\":[\"subjects: \\\"b\\\"\"],\"loses\":[\"subjects: \\\"a\\\"\"]}]}\n");
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok());
}

TEST(PolicyDiffTest, NamesTheFileThatIsNotGood) {
  EXPECT_THAT(Diff("rulez { }", "").err, HasSubstr("old.textproto:2"));
  EXPECT_THAT(Diff("", "rulez { }").err, HasSubstr("new.textproto:2"));
  EXPECT_EQ(Diff("", "rulez { }").code, 1);
  const std::string one = TempFile("one.textproto", kSso);
  EXPECT_EQ(RunTool({"policy", "diff", one}).code, 2);
  EXPECT_EQ(RunTool({"policy", "diff", one, one, one}).code, 2);
}

}  // namespace
}  // namespace lanyard::tools
