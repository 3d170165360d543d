// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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
using ::lanyard::testing::TempFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kSso = IssuerText("sso");
constexpr char kSubject[] = "allow { subjects: \"svc:a\" }";

std::string Tomorrow() {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() + absl::Hours(24), absl::UTCTimeZone());
}

TEST(PolicyCheckTest, CountsTheMethodsOfAConfig) {
  const Outcome outcome = RunPolicy("check", kSso + RuleText("/shop.Orders/Get", kSubject) +
                                                 RuleText("/shop.Orders/Close", "nobody: true"));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out,
            "good: 2 methods, 1 closed to everybody, 0 observed, 0 that no rule opens\n");
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(PolicyCheckTest, NamesMethodsThatNoRuleOpens) {
  const Outcome outcome =
      RunPolicy("check", kSso, {"--descriptors", DescriptorFile({OrdersService()})});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out,
            "good: 3 methods, 0 closed to everybody, 0 observed, 1 that no rule opens\n"
            "  /shop.Orders/Purge\n");
}

TEST(PolicyCheckTest, AnswersAMachine) {
  const Outcome outcome = RunPolicy(
      "check",
      kSso + RuleText("/shop.Orders/Purge", "nobody: true") +
          "settings { method: \"/shop.Orders/Get\" enforcement: OBSERVE observe_until: \"" +
          Tomorrow() + "\" }\n",
      {"--descriptors", DescriptorFile({OrdersService()}), "--json"});
  EXPECT_EQ(outcome.out,
            "{\"ok\":true,\"methods\":3,\"closed\":1,\"observed\":1,\"without_rule\":[]}\n")
      << outcome;
}

TEST(PolicyCheckTest, ReadsFurtherFilesOfTheConfig) {
  const std::string more =
      TempFile("more.textproto", RuleText("/shop.Orders/Close", "nobody: true"));
  EXPECT_THAT(RunPolicy("check", kSso, {"--with", more}).out,
              HasSubstr("good: 1 methods, 1 closed"));
}

void ExpectRefused(const Outcome& outcome, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_THAT(outcome.out, IsEmpty());
  for (const std::string& word : words) EXPECT_THAT(outcome.err, HasSubstr(word));
}

TEST(PolicyCheckTest, RefusesNamesThatNoServiceHas) {
  const std::string descriptors = DescriptorFile({OrdersService()});
  const auto check = [&](const std::string& method) {
    return RunPolicy("check", kSso + RuleText(method, kSubject), {"--descriptors", descriptors});
  };
  ExpectRefused(check("/shop.Orders/Gett"),
                {"lanyard policy check: ", "auth.textproto:2", "has no method Gett", "Get"});
  ExpectRefused(check("/shop.Oders/Get"), {"auth.textproto:2", "no service shop.Oders", "Orders"});
  ExpectRefused(
      RunPolicy("check", kSso + "settings { method: \"/shop.Orders/Gone\" enforcement: ENFORCE }\n",
                {"--descriptors", descriptors}),
      {"settings of /shop.Orders/Gone", "has no method Gone"});
}

TEST(PolicyCheckTest, RefusesWhatAServerWouldNotStartWith) {
  ExpectRefused(RunPolicy("check", "rulez { }"), {"auth.textproto:1"});
  ExpectRefused(RunPolicy("check", kSso + RuleText("/shop.Orders/Get", "")), {"auth.textproto:2"});
  ExpectRefused(RunPolicy("check", kSso + RuleText("/shop.Orders/Get",
                                                   "allow { issuers: \"ssso\" subjects: \"a\" }")),
                {"auth.textproto:2", "ssso"});
  // An annotation is not replaced by the way.
  ExpectRefused(RunPolicy("check", kSso + RuleText("/shop.Orders/Get", kSubject),
                          {"--descriptors", DescriptorFile({OrdersService()})}),
                {"auth.textproto:2", "replaces_annotation: true"});
  // One that names no issuer where there are two.
  ExpectRefused(RunPolicy("check",
                          IssuerText("a", "may_assert { anything: true }") +
                              IssuerText("b", "may_assert { anything: true }"),
                          {"--descriptors", DescriptorFile({OrdersService()})}),
                {"/shop.Orders/Get"});
  ExpectRefused(RunPolicy("check", kSso + "settings { method: \"*\" enforcement: OBSERVE "
                                          "observe_until: \"2999-01-31\" }\n"),
                {"90 days"});
}

TEST(PolicyCheckTest, RefusesFilesThatAreNone) {
  ExpectRefused(RunTool({"policy", "check", "/no/such/file"}), {"/no/such/file"});
  ExpectRefused(RunPolicy("check", kSso, {"--with", "/no/such/file"}), {"/no/such/file"});
  ExpectRefused(RunPolicy("check", kSso, {"--descriptors", "/no/such.pb"}), {"/no/such.pb"});
  ExpectRefused(RunPolicy("check", kSso, {"--descriptors", TempFile("bad.pb", "not protobuf")}),
                {"bad.pb"});
}

class PolicyCommandTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, PolicyCommandTest, ::testing::Values("check", "list", "explain", "diff"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(PolicyCommandTest, NeedsAConfig) {
  const Outcome outcome = RunTool({"policy", GetParam()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(std::string("lanyard policy ") + GetParam()));
}

TEST_P(PolicyCommandTest, SaysErrorsToMachinesAsWell) {
  std::vector<std::string> more = {"--json"};
  if (std::string(GetParam()) == "explain") more = {"--json", "--method", "/s.S/M"};
  if (std::string(GetParam()) == "diff") more = {"/no/such/file", "--json"};
  const Outcome outcome = RunPolicy(GetParam(), "rulez { }", more);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("{\"ok\":false,\"error\":\""), HasSubstr("rulez")));
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok());
}

}  // namespace
}  // namespace lanyard::tools
