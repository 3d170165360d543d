// SPDX-License-Identifier: Apache-2.0
//
// Which rule rules where several could.
#include "lanyard/sdk/internal/effective_rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/annotated_service.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::AnnotatedServices;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::MakeIdentity;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixSeconds(1900000000);

constexpr char kGet[] = "/shop.Orders/GetOrder";
constexpr char kOther[] = "/shop.Orders/Other";
constexpr char kService[] = "/shop.Orders/*";

// A config with those issuers, the first lines of which are rules, one a line.
LoadedConfig Config(const std::string& text, const std::vector<std::string>& issuers = {"sso"}) {
  LoadedConfig loaded;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &loaded.config)) << text;
  for (const std::string& name : issuers) {
    v1::Issuer* issuer = loaded.config.add_issuers();
    issuer->set_name(name);
    issuer->add_roles()->add_path("roles");
  }
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    loaded.rule_locations.push_back(absl::StrCat("file:", i + 1));
  }
  return loaded;
}

// The subject that alone may call says whose rule it is.
std::string Rule(const std::string& method, const std::string& subject,
                 const std::string& more = "replaces_annotation: true") {
  return absl::StrCat("rules { method: \"", method, "\" allow { subjects: \"", subject, "\" } ",
                      more, " }\n");
}
constexpr char kAllow[] = "[lanyard.v1.allow] { subjects: \"annotation\" }";
constexpr char kDefault[] = "[lanyard.v1.default_allow] { subjects: \"default\" }";

class EffectiveRulesTest : public ::testing::Test {
 protected:
  // shop.Orders with an annotation of GetOrder and a default; Other has none of its own.
  Services Orders(const std::string& allow, const std::string& default_allow) {
    return {services_.Add({"Orders", {{"GetOrder", allow}, {"Other", ""}}, default_allow})};
  }

  static const EffectiveRule* Find(const std::vector<EffectiveRule>& rules,
                                   const std::string& method) {
    for (const EffectiveRule& rule : rules) {
      if (rule.rule.method() == method) return &rule;
    }
    return nullptr;
  }

  AnnotatedServices services_;
};

// Who of these rules may call, and whose rule that is; "" stands for nobody and no rule.
struct Expected {
  const char* subject;
  const char* source;
};
constexpr Expected kNone = {"", ""};

struct Row {
  const char* name;
  bool exact, service, annotation, default_allow;
  Expected get, other;
};

constexpr Expected kExact = {"exact", "file:1"};

class PrecedenceTest : public EffectiveRulesTest, public ::testing::WithParamInterface<Row> {};

TEST_P(PrecedenceTest, FirstThatExistsRules) {
  const Row& row = GetParam();
  const std::string rules = absl::StrCat(row.exact ? Rule(kGet, "exact") : "",
                                         row.service ? Rule(kService, "service") : "");
  const auto policy = Policy::Create(
      Config(rules), Orders(row.annotation ? kAllow : "", row.default_allow ? kDefault : ""), kNow);
  ASSERT_THAT(policy, IsOk());
  for (const auto& [path, expected] : {std::pair(kGet, row.get), std::pair(kOther, row.other)}) {
    for (const char* subject : {"exact", "service", "annotation", "default", "none"}) {
      const auto decision = (*policy)->Decide(path, MakeIdentity("sso", subject));
      EXPECT_EQ(decision.allowed(), absl::string_view(subject) == expected.subject)
          << path << " " << subject;
      EXPECT_EQ(decision.rule, expected.source) << path;
      EXPECT_EQ(decision.verdict == Policy::Verdict::kNoRule, *expected.subject == '\0');
    }
    EXPECT_FALSE((*policy)->Decide(path, Identity()).allowed());
  }
}

constexpr Expected kAnnotated = {"annotation", "annotation of /shop.Orders/GetOrder"};
constexpr Expected kByDefault = {"default", "annotation of /shop.Orders/*"};
constexpr Expected kService1 = {"service", "file:1"}, kService2 = {"service", "file:2"};

INSTANTIATE_TEST_SUITE_P(
    , PrecedenceTest,
    ::testing::Values(
        Row{"Nothing", false, false, false, false, kNone, kNone},
        Row{"Default", false, false, false, true, kByDefault, kByDefault},
        Row{"Annotation", false, false, true, false, kAnnotated, kNone},
        Row{"AnnotationAndDefault", false, false, true, true, kAnnotated, kByDefault},
        Row{"Service", false, true, false, false, kService1, kService1},
        Row{"ServiceOverDefault", false, true, false, true, kService1, kService1},
        Row{"ServiceOverAnnotation", false, true, true, false, kService1, kService1},
        Row{"ServiceOverBoth", false, true, true, true, kService1, kService1},
        Row{"Exact", true, false, false, false, kExact, kNone},
        Row{"ExactOverDefault", true, false, false, true, kExact, kByDefault},
        Row{"ExactOverAnnotation", true, false, true, false, kExact, kNone},
        Row{"ExactOverBoth", true, false, true, true, kExact, kByDefault},
        Row{"ExactOverService", true, true, false, false, kExact, kService2},
        Row{"ExactOverServiceOverDefault", true, true, false, true, kExact, kService2},
        Row{"ExactOverServiceOverAnnotation", true, true, true, false, kExact, kService2},
        Row{"All", true, true, true, true, kExact, kService2}),
    [](const auto& info) { return info.param.name; });

TEST_F(EffectiveRulesTest, LockDownOfAServiceBeatsAnAnnotationForAnyone) {
  const auto policy = Policy::Create(
      Config("rules { method: \"/shop.Orders/*\" nobody: true replaces_annotation: true }"),
      Orders("[lanyard.v1.allow] { anyone: true }", ""), kNow);
  ASSERT_THAT(policy, IsOk());
  for (const char* path : {kGet, kOther, "/shop.Orders/NotYetWritten"}) {
    EXPECT_FALSE((*policy)->Decide(path, Identity()).allowed()) << path;
    EXPECT_FALSE((*policy)->Decide(path, Identity()).allowed()) << path;
    EXPECT_EQ((*policy)->Decide(path, Identity()).verdict, Policy::Verdict::kNoMatch) << path;
  }
  EXPECT_EQ((*policy)->Decide("/shop.Orders2/GetOrder", Identity()).verdict,
            Policy::Verdict::kNoRule);
}

TEST_F(EffectiveRulesTest, ServiceRuleIsForMethodsOfThatServiceAlone) {
  const auto policy = Policy::Create(Config(Rule(kService, "s")), {}, kNow);
  ASSERT_THAT(policy, IsOk());
  const Identity caller = MakeIdentity("sso", "s");
  EXPECT_TRUE((*policy)->Decide("/shop.Orders/Any", caller).allowed());
  for (const char* path :
       {"/shop.Orders/", "/shop.Orders/*", "/shop.Orders/A/B", "/shop.orders/A", "/shop.Orders.X/A",
        "/Orders/A", "//shop.Orders/A", "/shop.Orders/A?b", "/shop.Orders", "*", ""}) {
    EXPECT_FALSE((*policy)->Decide(path, caller).allowed()) << path;
  }
}

struct SilentRow {
  const char* name;
  const char* method;
  const char* allow;
  const char* default_allow;
  const char* of;  // The annotation that the error names; empty: it need not say so.
};

class ReplacesAnnotationTest : public EffectiveRulesTest,
                               public ::testing::WithParamInterface<SilentRow> {};

TEST_P(ReplacesAnnotationTest, IsRequiredWhereItDoes) {
  const SilentRow& row = GetParam();
  const Services services = Orders(row.allow, row.default_allow);
  const auto silent = EffectiveRules(Config(Rule(row.method, "s", "")), services);
  if (*row.of == '\0') {
    EXPECT_THAT(silent, IsOk());
  } else {
    EXPECT_THAT(silent, IsError(AllOf(StartsWith(absl::StrCat("file:1: rule for ", row.method)),
                                      HasSubstr(absl::StrCat("an annotation for ", row.of, ";")),
                                      HasSubstr("replaces_annotation: true"))));
  }
  EXPECT_THAT(EffectiveRules(Config(Rule(row.method, "s")), services), IsOk());
}

INSTANTIATE_TEST_SUITE_P(
    , ReplacesAnnotationTest,
    ::testing::Values(SilentRow{"ExactAnnotation", kGet, kAllow, "", kGet},
                      SilentRow{"ExactDefault", kOther, "", kDefault, kService},
                      SilentRow{"ServiceAnnotation", kService, kAllow, "", kGet},
                      SilentRow{"ServiceDefault", kService, "", kDefault, kService},
                      SilentRow{"NewMethodDefault", "/shop.Orders/New", "", kDefault, kService},
                      SilentRow{"OtherMethod", kOther, kAllow, "", ""},
                      SilentRow{"OtherService", "/shop.Stock/*", kAllow, kDefault, ""},
                      SilentRow{"LongerService", "/shop.Orders2/GetOrder", kAllow, kDefault, ""},
                      SilentRow{"NoAnnotation", kGet, "", "", ""}),
    [](const auto& info) { return info.param.name; });

TEST_F(EffectiveRulesTest, TellsWhichAnnotationsAreReplaced) {
  const auto rules = EffectiveRules(Config(Rule(kService, "s")), Orders(kAllow, kDefault));
  ASSERT_THAT(rules, IsOk());
  ASSERT_EQ(rules->size(), 1u);
  EXPECT_EQ(rules->front().source, "file:1");
  ASSERT_EQ(rules->front().replaced.size(), 2u);
  EXPECT_EQ(rules->front().replaced[0].method(), kService);
  EXPECT_EQ(rules->front().replaced[0].allow(0).subjects(0), "default");
  EXPECT_EQ(rules->front().replaced[1].method(), kGet);
  EXPECT_EQ(rules->front().replaced[1].allow(0).subjects(0), "annotation");
}

TEST_F(EffectiveRulesTest, RuleForOneMethodLeavesTheDefaultToTheOthers) {
  const auto rules = EffectiveRules(Config(Rule(kOther, "s")), Orders(kAllow, kDefault));
  ASSERT_THAT(rules, IsOk());
  ASSERT_EQ(rules->size(), 3u);
  const EffectiveRule* other = Find(*rules, kOther);
  ASSERT_NE(other, nullptr);
  ASSERT_EQ(other->replaced.size(), 1u);
  EXPECT_EQ(other->replaced[0].method(), kService);
  for (const char* method : {kService, kGet}) {
    ASSERT_NE(Find(*rules, method), nullptr) << method;
    EXPECT_EQ(Find(*rules, method)->source, absl::StrCat("annotation of ", method));
    EXPECT_TRUE(Find(*rules, method)->replaced.empty()) << method;
  }
}

// The method's own annotation ruled there, and not the default of its service.
TEST_F(EffectiveRulesTest, RuleTakesThePlaceOfWhatRuledTheMethod) {
  const auto rules = EffectiveRules(Config(Rule(kGet, "s")), Orders(kAllow, kDefault));
  ASSERT_THAT(rules, IsOk());
  ASSERT_NE(Find(*rules, kGet), nullptr);
  ASSERT_EQ(Find(*rules, kGet)->replaced.size(), 1u);
  EXPECT_EQ(Find(*rules, kGet)->replaced[0].method(), kGet);
}

TEST_F(EffectiveRulesTest, ReplacedAnnotationNeedNotBeRight) {
  EXPECT_THAT(EffectiveRules(Config(Rule(kGet, "s")), Orders("[lanyard.v1.allow] {}", "")), IsOk());
}

TEST_F(EffectiveRulesTest, BadDefaultIsRefusedAndNamed) {
  const struct {
    const char* annotation;
    const char* error;
  } rows[] = {
      {"[lanyard.v1.default_allow] { anyone: true }", "never for anyone"},
      {"[lanyard.v1.default_allow] { subjects: \"a\" } [lanyard.v1.default_allow] { anyone: true }",
       "never for anyone"},
      {"[lanyard.v1.default_allow] {}", "names no caller"},
      {"[lanyard.v1.default_allow] { issuers: \"x\" subjects: \"a\" }", "\"x\""},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(EffectiveRules(Config(""), Orders("", row.annotation)),
                IsError(AllOf(StartsWith("annotation of /shop.Orders/*: "), HasSubstr(row.error))));
  }
}

TEST_F(EffectiveRulesTest, AnnotationIssuersStandForNone) {
  const auto issuers_of = [this](const std::string& allow, const std::string& config) {
    const auto rules = EffectiveRules(Config(config, {"a", "b", "c"}),
                                      Orders("[lanyard.v1.allow] { " + allow + " }", ""));
    EXPECT_THAT(rules, IsOk()) << allow;
    const v1::Allow& read = rules->front().rule.allow(0);
    return std::vector<std::string>(read.issuers().begin(), read.issuers().end());
  };
  using List = std::vector<std::string>;
  const std::string two = "annotation_issuers: \"a\" annotation_issuers: \"b\"";
  EXPECT_EQ(issuers_of("any_roles: \"r\"", two), (List{"a", "b"}));
  EXPECT_EQ(issuers_of("any_authenticated: true", two), (List{"a", "b"}));
  EXPECT_EQ(issuers_of("any_authenticated: true", ""), List());
  EXPECT_EQ(issuers_of("issuers: \"c\" any_roles: \"r\"", two), List{"c"});
  EXPECT_EQ(issuers_of("anyone: true", two), List());
  EXPECT_EQ(issuers_of("peers: \"a.test\" without_token: true", two), List());
}

TEST_F(EffectiveRulesTest, AnnotationIssuersAreForAnnotationsAlone) {
  const auto rules =
      EffectiveRules(Config("annotation_issuers: \"a\" rules { method: \"/shop.Stock/Get\" allow { "
                            "any_authenticated: true } }",
                            {"a", "b"}),
                     Orders("", kDefault));
  ASSERT_THAT(rules, IsOk());
  EXPECT_TRUE(Find(*rules, "/shop.Stock/Get")->rule.allow(0).issuers().empty());
  EXPECT_EQ(Find(*rules, kService)->rule.allow(0).issuers(0), "a");
}

TEST_F(EffectiveRulesTest, WithSeveralIssuersAnAnnotationNeedsThem) {
  for (const char* allow : {"subjects: \"a\"", "all_scopes: \"a\"", "any_roles: \"a\"",
                            "any_authenticated: true any_acr: \"mfa\""}) {
    const Services services = Orders(absl::StrCat("[lanyard.v1.allow] { ", allow, " }"), "");
    EXPECT_THAT(EffectiveRules(Config("", {"a", "b"}), services),
                IsError(AllOf(StartsWith("annotation of"), HasSubstr("several issuers"))))
        << allow;
    EXPECT_THAT(EffectiveRules(Config("annotation_issuers: \"b\"", {"a", "b"}), services), IsOk());
  }
}

}  // namespace
}  // namespace lanyard::internal
