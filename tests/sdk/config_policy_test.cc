// SPDX-License-Identifier: Apache-2.0
//
// Loading what a config says of policy: replaces, deny, settings, may_assert, annotation_issuers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/config.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// On one line.
std::string Issuer(const std::string& name, const std::string& more = "") {
  return absl::StrCat("issuers { name: \"", name, "\" issuer: \"https://", name,
                      ".test\" audiences: \"orders\" algorithms: ES256 jwks_file: \"", name,
                      ".jwks\" ", more, " }\n");
}
std::string Svid(const std::string& name, const std::string& more = "") {
  return absl::StrCat("issuers { name: \"", name, "\" trust_domain: \"", name,
                      "\" profile: JWT_SVID audiences: \"orders\" algorithms: ES256 jwks_file: \"",
                      name, ".jwks\" ", more, " }\n");
}
std::string Rule(const std::string& who, const std::string& method = "/p.S/M") {
  return absl::StrCat("rules { method: \"", method, "\" ", who, " }\n");
}
constexpr char kAnything[] = "may_assert { anything: true }";
constexpr char kTeam[] = "may_assert { subjects: \"team:*\" }";

class ConfigPolicyTest : public ::testing::Test {
 protected:
  TempFolder folder_;
};

TEST_F(ConfigPolicyTest, RuleReplacesThatOfAnEarlierFile) {
  const std::string first = folder_.Write(
      "first", Issuer("a") + Rule("allow { anyone: true }") + Rule("nobody: true", "/p.S/N"));
  const std::string second =
      folder_.Write("second", "\n" + Rule("allow { subjects: \"s\" } replaces: true"));
  const auto loaded = LoadConfig({first, second}, "");
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->config.rules_size(), 2);
  EXPECT_EQ(loaded->config.rules(0).method(), "/p.S/M");
  ASSERT_EQ(loaded->config.rules(0).allow_size(), 1);
  EXPECT_EQ(loaded->config.rules(0).allow(0).subjects(0), "s");
  EXPECT_THAT(loaded->rule_locations, ElementsAre(second + ":2", first + ":3"));
  // A third may replace it again, and an error names whose place it would have taken.
  const auto third = LoadConfig({first, second}, Rule("nobody: true replaces: true"));
  ASSERT_THAT(third, IsOk());
  EXPECT_TRUE(third->config.rules(0).nobody());
  EXPECT_THAT(third->rule_locations, ElementsAre("config_text:1", first + ":3"));
  EXPECT_THAT(LoadConfig({first, second}, Rule("nobody: true")),
              IsError(AllOf(StartsWith("config_text:1: "), HasSubstr(second + ":2"),
                            HasSubstr("replaces: true"))));
}

TEST_F(ConfigPolicyTest, ReplacingRuleNeedsOneToReplace) {
  const std::string first = folder_.Write("first", Issuer("a") + Rule("nobody: true", "/p.S/*"));
  EXPECT_THAT(LoadConfig({first}, "\n" + Rule("nobody: true replaces: true")),
              IsError(AllOf(StartsWith("config_text:2: "),
                            HasSubstr("no rule for /p.S/M stands in an earlier file"))));
}

TEST_F(ConfigPolicyTest, ReplacedRuleIsNotCheckedAgainstTheIssuers) {
  const std::string first =
      folder_.Write("first", Issuer("a") + Rule("allow { issuers: \"gone\" subjects: \"s\" }"));
  EXPECT_THAT(LoadConfig({first}, ""), IsError(StartsWith(first + ":2: ")));
  EXPECT_THAT(LoadConfig({first}, Rule("nobody: true replaces: true")), IsOk());
}

TEST_F(ConfigPolicyTest, IssuerReplacesThatOfAnEarlierFile) {
  const std::string first = folder_.Write("first", Issuer("a", kAnything) + Issuer("b", kTeam));
  const std::string second =
      folder_.Write("second",
                    "issuers { name: \"a\" issuer: \"https://new.test\" audiences: \"orders\" "
                    "algorithms: ES256 jwks_file: \"new.jwks\" may_assert { anything: true } "
                    "replaces: true }");
  const auto loaded = LoadConfig({first, second}, "");
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->config.issuers_size(), 2);
  for (const v1::Issuer& issuer : loaded->config.issuers()) {
    EXPECT_NE(issuer.issuer(), "https://a.test");
    if (issuer.name() != "a") continue;
    EXPECT_EQ(issuer.issuer(), "https://new.test");
    EXPECT_EQ(issuer.jwks_file(), folder_.Path("new.jwks"));
  }
  // Whoever was replaced leaves its iss free, and its successor's is taken.
  EXPECT_THAT(LoadConfig({first, second},
                         "issuers { name: \"c\" issuer: \"https://a.test\" audiences: \"o\" "
                         "algorithms: ES256 jwks_file: \"c\" may_assert { anything: true } }"),
              IsOk());
  EXPECT_THAT(LoadConfig({first, second},
                         "issuers { name: \"c\" issuer: \"https://new.test\" audiences: \"o\" "
                         "algorithms: ES256 jwks_file: \"c\" may_assert { anything: true } }"),
              IsError(AllOf(HasSubstr("same iss"), HasSubstr(second + ":1"))));
}

TEST_F(ConfigPolicyTest, ReplacingIssuerNeedsOneToReplace) {
  const std::string first = folder_.Write("first", Issuer("a", kAnything));
  EXPECT_THAT(LoadConfig({first}, "\n" + Issuer("b", absl::StrCat(kAnything, " replaces: true"))),
              IsError(AllOf(StartsWith("config_text:2: issuer \"b\": replaces: "),
                            HasSubstr("stands in an earlier file"))));
}

TEST_F(ConfigPolicyTest, ReplacingIssuerMayNotTakeTheIssOfAThird) {
  const std::string first = folder_.Write("first", Issuer("a", kAnything) + Issuer("b", kAnything));
  EXPECT_THAT(LoadConfig({first},
                         "issuers { name: \"a\" issuer: \"https://b.test\" audiences: "
                         "\"o\" algorithms: ES256 jwks_file: \"c\" may_assert { "
                         "anything: true } replaces: true }"),
              IsError(AllOf(StartsWith("config_text:1: "), HasSubstr("same iss"),
                            HasSubstr(first + ":2"))));
}

TEST_F(ConfigPolicyTest, LoneIssuerNeedsNoBounds) {
  const auto loaded = LoadConfig({}, Issuer("a"));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->config.issuers(0).has_may_assert());
}

TEST_F(ConfigPolicyTest, SeveralIssuersEachNeedBounds) {
  const std::string path = folder_.Write("auth", Issuer("a", kAnything) + Issuer("b"));
  EXPECT_THAT(LoadConfig({path}, ""),
              IsError(AllOf(StartsWith(path + ":2: issuer \"b\": may_assert: required"),
                            HasSubstr("anything: true"))));
  EXPECT_THAT(LoadConfig({}, Issuer("a") + Issuer("b")),
              IsError(StartsWith("config_text:1: issuer \"a\": may_assert: required")));
  EXPECT_THAT(LoadConfig({}, Issuer("a", kAnything) + Issuer("b", kTeam)), IsOk());
  // A second file that adds an issuer makes the first one's bounds needed.
  const std::string lone = folder_.Write("lone", Issuer("a"));
  EXPECT_THAT(LoadConfig({lone}, Issuer("b", kTeam)), IsError(StartsWith(lone + ":1: ")));
}

TEST_F(ConfigPolicyTest, TrustDomainIsBoundedByItself) {
  const auto loaded = LoadConfig({}, Svid("td") + Svid("other", kAnything) + Issuer("a", kTeam));
  ASSERT_THAT(loaded, IsOk());
  const v1::MayAssert& may = loaded->config.issuers(0).may_assert();
  EXPECT_THAT(may.subjects(), ElementsAre("spiffe://td/*"));
  EXPECT_EQ(may.scopes_size() + may.roles_size() + may.claims_size(), 0);
  EXPECT_FALSE(may.anything());
  EXPECT_TRUE(loaded->config.issuers(1).may_assert().anything());
}

TEST_F(ConfigPolicyTest, AnnotationIssuersOfAllFilesAreJoined) {
  const std::string first =
      folder_.Write("first", Issuer("a", kTeam) + Issuer("b", kTeam) + "annotation_issuers: \"a\"");
  const auto loaded = LoadConfig({first}, "annotation_issuers: \"b\"");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->config.annotation_issuers(), ElementsAre("a", "b"));
  EXPECT_THAT(
      LoadConfig({first}, "annotation_issuers: \"c\""),
      IsError(AllOf(HasSubstr("annotation_issuers: "), HasSubstr("no issuer is named \"c\""))));
}

struct Row {
  const char* name;
  std::string text;
  const char* error;  // After "FILE".
};

class ConfigPolicyErrorTest : public ConfigPolicyTest, public ::testing::WithParamInterface<Row> {};

TEST_P(ConfigPolicyErrorTest, NamesFileLineAndField) {
  const std::string path = folder_.Write("auth", GetParam().text);
  EXPECT_THAT(LoadConfig({path}, ""), IsError(StartsWith(path + GetParam().error)));
}

std::string Two(const std::string& more) {
  return Issuer("a", kAnything) +
         Issuer("b", "may_assert { subjects: \"team:*\" claims: \"tier\" }") + more;
}
std::string One(const std::string& more) { return Issuer("a") + "\n" + more; }

INSTANTIATE_TEST_SUITE_P(
    , ConfigPolicyErrorTest,
    ::testing::Values(
        Row{"ClaimThatIsNotAsserted",
            Two(Rule("allow { issuers: \"b\" claims { path: \"plan\" exists: true } }")),
            ":3: rule for /p.S/M: it looks at the claim \"plan\", which issuer \"b\" may not"},
        Row{"SecondClaimThatIsNotAsserted",
            Two(Rule("allow { issuers: \"b\" claims { path: \"tier\" exists: true } "
                     "claims { path: \"plan\" exists: true } }")),
            ":3: rule for /p.S/M: it looks at the claim \"plan\""},
        Row{"ClaimOfOneOfTwoIssuers",
            Two(Rule("allow { issuers: [\"a\", \"b\"] claims { path: \"x\" exists: true } }")),
            ":3: rule for /p.S/M: it looks at the claim \"x\", which issuer \"b\""},
        Row{"ClaimByItsSecondName",
            Two(Rule(
                "allow { issuers: \"b\" claims { path: \"x\" path: \"tier\" exists: true } }")),
            ":3: rule for /p.S/M: it looks at the claim \"x\""},
        Row{"ClaimOfATrustDomain",
            Svid("td") + Issuer("a", kTeam) +
                Rule("allow { issuers: \"td\" claims { path: \"x\" exists: true } }"),
            ":3: rule for /p.S/M: it looks at the claim \"x\", which issuer \"td\""},
        Row{"ClaimOfALoneIssuerWithBounds",
            Issuer("a", kTeam) + Rule("allow { claims { path: \"x\" exists: true } }"),
            ":2: rule for /p.S/M: it looks at the claim \"x\""},
        Row{"RuleThatNamesNoIssuer", Two(Rule("allow { subjects: \"s\" }")),
            ":3: rule for /p.S/M: with several issuers"},
        Row{"ActorOfAnUnknownIssuer",
            One(Rule("allow { actors { issuer: \"x\" subjects: \"s\" } }")),
            ":3: rule for /p.S/M: actors: no issuer is named \"x\""},
        Row{"MayAssertNothing", Issuer("a", "may_assert {}"),
            ":1: issuer \"a\": may_assert.subjects: required"},
        Row{"MayAssertScopesOnly", Issuer("a", "may_assert { scopes: \"x\" }"),
            ":1: issuer \"a\": may_assert.subjects: required"},
        Row{"MayAssertAnythingAndMore", Issuer("a", "may_assert { anything: true claims: \"x\" }"),
            ":1: issuer \"a\": may_assert: \"anything\" stands beside others"},
        Row{"MayAssertEverySubject", Issuer("a", "may_assert { subjects: \"*\" }"),
            ":1: issuer \"a\": may_assert.subjects: \"*\": a * stands only"},
        Row{"MayAssertDotOfASubject", Issuer("a", "may_assert { subjects: \"a.*\" }"),
            ":1: issuer \"a\": may_assert.subjects: \"a.*\": a * stands only"},
        Row{"MayAssertEveryScope", Issuer("a", "may_assert { subjects: \"s\" scopes: \"*\" }"),
            ":1: issuer \"a\": may_assert.scopes: \"*\": a * stands only"},
        Row{"MayAssertEmptyRole", Issuer("a", "may_assert { subjects: \"s\" roles: \"\" }"),
            ":1: issuer \"a\": may_assert.roles: an empty string"},
        Row{"DenyNobody", One("deny {}"), ":3: deny: it names nobody"},
        Row{"DenyEmptySubject", One("deny { issuers: \"a\" }\ndeny { subjects: \"\" }"),
            ":4: deny: subjects: an empty string"},
        Row{"DenyUnknownIssuer", One("deny { issuers: \"a\" }\n\ndeny { issuers: \"x\" }"),
            ":5: deny: no issuer is named \"x\""},
        Row{"DenyAsAList", One("deny: [{ issuers: \"a\" }, { issuers: \"a\" }]"),
            ": write deny { … } once for each"},
        Row{"SettingsWithoutMethod", One("settings { enforcement: ENFORCE }"),
            ":3: settings: method: \"\" is not of the form"},
        Row{"SettingsOfNothing", One("settings { method: \"*\" }"),
            ":3: settings of *: it sets nothing"},
        Row{"SettingsObserveForEver", One("settings { method: \"*\" enforcement: OBSERVE }"),
            ":3: settings of *: observe_until: required"},
        Row{"SettingsUntilSomeDay",
            One("settings { method: \"/p.S/*\" enforcement: OBSERVE observe_until: \"soon\" }"),
            ":3: settings of /p.S/*: observe_until: \"soon\" is neither"},
        Row{"SettingsStreamAge",
            One("settings { method: \"/p.S/M\" max_stream_age_past_expiry { seconds: 86401 } }"),
            ":3: settings of /p.S/M: max_stream_age_past_expiry: must be 0 to 24 h"},
        Row{"SettingsAsAList", One("settings: [{ method: \"*\" }, { method: \"*\" }]"),
            ": write settings { … } once for each"},
        Row{"ReflectionUnspecified", One("reflection: REFLECTION_ACCESS_UNSPECIFIED"),
            ":3: reflection: must be ANY_AUTHENTICATED"},
        Row{"AnyoneInAServiceRule", One(Rule("allow { anyone: true }", "/p.S/*")),
            ":3: rule for /p.S/*: a whole service"}),
    [](const auto& info) { return info.param.name; });

TEST_F(ConfigPolicyTest, ClaimsThatMayBeAssertedMayBeLookedAt) {
  EXPECT_THAT(
      LoadConfig({}, Two(Rule("allow { issuers: \"b\" claims { path: \"tier\" exists: true } }"))),
      IsOk());
  EXPECT_THAT(
      LoadConfig({}, Two(Rule("allow { issuers: \"a\" claims { path: \"plan\" exists: true } }"))),
      IsOk());
}

TEST_F(ConfigPolicyTest, SettingsOfAMethodStandOnce) {
  const std::string settings = "settings { method: \"*\" enforcement: ENFORCE }";
  const std::string path = folder_.Write("auth", Issuer("a") + settings);
  EXPECT_THAT(LoadConfig({path}, settings),
              IsError(AllOf(StartsWith("config_text:1: settings of * stands already"),
                            HasSubstr(path + ":2"))));
  EXPECT_THAT(LoadConfig({path}, "settings { method: \"/p.S/*\" enforcement: ENFORCE }"), IsOk());
}

TEST_F(ConfigPolicyTest, DeniesOfAllFilesAreJoined) {
  const std::string path = folder_.Write("auth", Issuer("a") + "deny { subjects: \"s\" }");
  const auto loaded = LoadConfig({path}, "deny { clients: \"web\" }");
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->config.deny_size(), 2);
  EXPECT_EQ(loaded->config.deny(0).subjects(0), "s");
  EXPECT_EQ(loaded->config.deny(1).clients(0), "web");
}

// "In an earlier file": what one file says twice is a slip.
TEST_F(ConfigPolicyTest, NothingReplacesWithinOneFile) {
  EXPECT_THAT(
      LoadConfig({}, One(Rule("allow { anyone: true }") + Rule("nobody: true replaces: true"))),
      IsError(StartsWith("config_text:4: ")));
  EXPECT_THAT(LoadConfig({}, Issuer("a") + Issuer("a", "replaces: true")),
              IsError(StartsWith("config_text:2: ")));
}

}  // namespace
}  // namespace lanyard
