// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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
using ::lanyard::testing::RunPolicy;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSso = IssuerText("sso");

// Without the folder of the test.
Outcome List(const std::string& config, const std::vector<std::string>& more = {}) {
  Outcome outcome = RunPolicy("list", config, more);
  outcome.out = absl::StrReplaceAll(outcome.out, {{TempPath(""), ""}});
  return outcome;
}
Outcome ListOrders(const std::string& config, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"--descriptors", DescriptorFile({OrdersService()})};
  args.insert(args.end(), more.begin(), more.end());
  return List(config, args);
}

TEST(PolicyListTest, ShowsEachMethodItsCallersAndTheRule) {
  const Outcome outcome = ListOrders(
      kSso + RuleText("/shop.Orders/Purge",
                      "allow { subjects: \"svc:a\" } allow { clients: \"web\" any_actor: true }"));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out,
            "/shop.Orders/Get  (annotation of /shop.Orders/Get)\n"
            "    all_scopes: \"orders.read\"\n"
            "/shop.Orders/List  (annotation of /shop.Orders/List)\n"
            "    anyone: true\n"
            "/shop.Orders/Purge  (auth.textproto:2)\n"
            "    subjects: \"svc:a\"\n"
            "    or clients: \"web\" any_actor: true\n");
}

TEST(PolicyListTest, ShowsWhatNobodyMayCall) {
  EXPECT_THAT(ListOrders(kSso).out,
              HasSubstr("/shop.Orders/Purge\n    nobody: no rule opens it\n"));
  EXPECT_THAT(ListOrders(kSso + RuleText("/shop.Orders/Purge", "nobody: true")).out,
              HasSubstr("/shop.Orders/Purge  (auth.textproto:2)\n    nobody\n"));
}

TEST(PolicyListTest, ShowsAServicesRuleAtItsMethodsWhereTheyAreKnown) {
  const std::string config =
      kSso + RuleText("/shop.Orders/*", "replaces_annotation: true allow { subjects: \"a\" }");
  EXPECT_THAT(List(config).out, HasSubstr("/shop.Orders/*  (auth.textproto:2)\n"));
  EXPECT_THAT(ListOrders(config).out,
              AllOf(HasSubstr("/shop.Orders/Purge  (auth.textproto:2)\n"),
                    HasSubstr("/shop.Orders/Get  (auth.textproto:2)"), Not(HasSubstr("/*"))));
}

TEST(PolicyListTest, TellsHowARuleDiffersFromTheAnnotationThatItReplaces) {
  const auto replaced = [](const std::string& allow) {
    return ListOrders(kSso +
                      RuleText("/shop.Orders/Get",
                               absl::StrCat("replaces_annotation: true allow { ", allow, " }")))
        .out;
  };
  EXPECT_THAT(replaced("any_authenticated: true"), HasSubstr("  WIDER than its annotation\n"));
  EXPECT_THAT(replaced("all_scopes: \"orders.read\" clients: \"web\""),
              HasSubstr("  NARROWER than its annotation\n"));
  EXPECT_THAT(replaced("subjects: \"svc:a\""), HasSubstr("  OTHER than its annotation\n"));
  EXPECT_THAT(replaced("all_scopes: \"orders.read\""), HasSubstr("  the same as its annotation\n"));
}

// An annotation that names no issuer means those.
TEST(PolicyListTest, ComparesWithTheIssuersThatAnAnnotationMeans) {
  const auto replaced = [](const std::string& allow) {
    return ListOrders(IssuerText("sso", "may_assert { anything: true }") +
                      IssuerText("b", "may_assert { anything: true }") +
                      "annotation_issuers: \"sso\"\n" +
                      RuleText("/shop.Orders/Get", absl::StrCat("replaces_annotation: true allow { "
                                                                "all_scopes: \"orders.read\" ",
                                                                allow, " }")))
        .out;
  };
  EXPECT_THAT(replaced("issuers: \"sso\""), HasSubstr("  the same as its annotation\n"));
  EXPECT_THAT(replaced("issuers: \"b\""), HasSubstr("  OTHER than its annotation\n"));
  EXPECT_THAT(replaced("issuers: \"sso\" issuers: \"b\""),
              HasSubstr("  WIDER than its annotation\n"));
}

TEST(PolicyListTest, TellsUntilWhenAMethodIsObserved) {
  const std::string day =
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(48), absl::UTCTimeZone());
  const std::string config = absl::StrCat(
      kSso, "settings { method: \"/shop.Orders/Get\" enforcement: OBSERVE observe_until: \"", day,
      "\" }\n");
  EXPECT_THAT(ListOrders(config).out,
              HasSubstr(absl::StrCat("(annotation of /shop.Orders/Get)  OBSERVED until ", day,
                                     "T00:00:00Z\n")));
  EXPECT_THAT(ListOrders(absl::StrReplaceAll(config, {{day, "2020-01-31"}})).out,
              Not(HasSubstr("OBSERVED")));
}

TEST(PolicyListTest, ShowsCallersWhoAreDeniedEverywhere) {
  EXPECT_THAT(List(kSso + "deny { issuers: \"sso\" subjects: \"svc:bad\" }\n").out,
              HasSubstr("denied everywhere: issuers: \"sso\" subjects: \"svc:bad\"\n"));
}

TEST(PolicyListTest, ShowsHealthAndReflection) {
  EXPECT_THAT(List(kSso + "health: ANYONE reflection: ANY_AUTHENTICATED\n").out,
              AllOf(HasSubstr("/grpc.health.v1.Health/Check  (health: ANYONE)\n"
                              "    anyone: true bad_token: TREAT_AS_ANONYMOUS\n"),
                    HasSubstr("(reflection: ANY_AUTHENTICATED)\n    any_authenticated: true\n")));
}

TEST(PolicyListTest, ActsOnNoTerminal) {
  const std::string config =
      kSso + RuleText("/shop.Orders/Get", "allow { subjects: \"\\033[2J\\u202esvc\" }") +
      "deny { subjects: \"\\033[1mb\\u202e\\u00e9\" }\n";
  const Outcome outcome = List(config);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("\033")), Not(HasSubstr("\u202e"))));
  // But what does not act on one is shown as it is.
  EXPECT_THAT(outcome.out, HasSubstr("\u00e9"));
}

TEST(PolicyListTest, AnswersAMachine) {
  const Outcome outcome =
      ListOrders(kSso +
                     RuleText("/shop.Orders/Get",
                              "replaces_annotation: true allow { any_authenticated: true }") +
                     "deny { subjects: \"svc:bad\" }\n",
                 {"--json"});
  EXPECT_EQ(outcome.out,
            "{\"ok\":true,\"methods\":["
            "{\"method\":\"/shop.Orders/Get\",\"callers\":[\"any_authenticated: true\"],"
            "\"rule\":\"auth.textproto:2\",\"change\":\"WIDER than its annotation\"},"
            "{\"method\":\"/shop.Orders/List\",\"callers\":[\"anyone: true\"],"
            "\"rule\":\"annotation of /shop.Orders/List\"},"
            "{\"method\":\"/shop.Orders/Purge\",\"callers\":[],\"rule\":\"\"}],"
            "\"deny\":[\"subjects: \\\"svc:bad\\\"\"]}\n")
      << outcome;
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok());
}

TEST(PolicyListTest, RefusesAConfigThatIsNotGood) {
  EXPECT_EQ(RunTool({"policy", "list", "/no/such/file"}).code, 1);
  EXPECT_THAT(List(kSso + RuleText("/shop.Orders/Get", "")).err, HasSubstr("auth.textproto:2"));
}

}  // namespace
}  // namespace lanyard::tools
