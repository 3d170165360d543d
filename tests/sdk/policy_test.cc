// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/policy.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/annotated_service.h"

namespace lanyard {
namespace {

using internal::CheckRuleIssuers;
using internal::ValidateRule;
using ::lanyard::testing::AnnotatedServices;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::MakeIdentity;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);
constexpr char kPath[] = "/shop.Orders/GetOrder";

template <typename T>
T Read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// A config with those issuers and rules, each rule standing at "file:N".
LoadedConfig Config(const std::string& rules, const std::vector<std::string>& issuers = {"sso"}) {
  LoadedConfig loaded;
  loaded.config = Read<v1::ServerConfig>(rules);
  for (const std::string& name : issuers) loaded.config.add_issuers()->set_name(name);
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    loaded.rule_locations.push_back(absl::StrCat("file:", i + 1));
  }
  return loaded;
}

std::shared_ptr<const Policy> Make(const std::string& rules) {
  auto policy = Policy::Create(Config(rules), {}, kNow);
  EXPECT_THAT(policy, IsOk());
  return *policy;
}

std::string Rule(const std::string& allow) {
  return absl::StrCat("rules { method: \"", kPath, "\" ", allow, " }");
}

Identity WithActor() {
  v1::Claims claims;
  claims.set_issuer("https://sso.example.test");
  claims.set_subject("svc:checkout");
  claims.add_scopes("orders.read");
  claims.mutable_actor()->set_subject("svc:checkout");
  return MakeIdentity("sso", claims);
}

Identity WithoutSubject() {
  v1::Claims claims;
  claims.set_issuer("https://sso.example.test");
  claims.add_scopes("orders.read");
  return MakeIdentity("sso", claims);
}

Identity WithRoles(const std::vector<std::string>& roles) {
  return MakeIdentity("sso", "s", {}, roles);
}

// Empty means absent.
Identity OfClient(const std::string& client_id, const std::string& azp) {
  v1::Claims claims;
  claims.set_issuer("https://sso.example.test");
  claims.set_subject("s");
  if (!client_id.empty()) claims.set_client_id(client_id);
  if (!azp.empty()) claims.set_authorized_party(azp);
  return MakeIdentity("sso", claims);
}

struct Row {
  const char* name;
  const char* allow;
  Identity caller;
  bool allowed;
};

class PolicyRuleTest : public ::testing::TestWithParam<Row> {};

TEST_P(PolicyRuleTest, AllowsOrDenies) {
  const auto policy = Make(Rule(GetParam().allow));  // The decision's rule lives as long as it.
  const auto decision = policy->Decide(kPath, GetParam().caller);
  EXPECT_EQ(decision.allowed(), GetParam().allowed);
  EXPECT_EQ(decision.rule, "file:1");
}

const Identity kAnonymous;

Identity Caller(const std::string& subject, const std::vector<std::string>& scopes = {},
                const std::string& issuer = "sso") {
  return MakeIdentity(issuer, subject, scopes);
}

INSTANTIATE_TEST_SUITE_P(
    , PolicyRuleTest,
    ::testing::Values(
        Row{"AnyoneAnonymous", "allow { anyone: true }", kAnonymous, true},
        Row{"AnyoneCaller", "allow { anyone: true }", Caller("svc:a"), true},
        Row{"AnyoneWithActor", "allow { anyone: true }", WithActor(), true},
        Row{"AuthenticatedAnonymous", "allow { any_authenticated: true }", kAnonymous, false},
        Row{"AuthenticatedCaller", "allow { any_authenticated: true }", Caller("svc:a"), true},
        Row{"AuthenticatedWithoutSubject", "allow { any_authenticated: true }", WithoutSubject(),
            true},
        Row{"AuthenticatedOfIssuer", "allow { any_authenticated: true issuers: \"sso\" }",
            Caller("svc:a"), true},
        Row{"AuthenticatedOfOtherIssuer", "allow { any_authenticated: true issuers: \"sso\" }",
            Caller("svc:a", {}, "other"), false},
        // A token that one uses for another opens nothing that was not written for such tokens.
        Row{"ActorAuthenticated", "allow { any_authenticated: true }", WithActor(), false},
        Row{"ActorSubject", "allow { subjects: \"svc:checkout\" }", WithActor(), false},
        Row{"ActorScope", "allow { all_scopes: \"orders.read\" }", WithActor(), false},
        Row{"Subject", "allow { subjects: \"svc:a\" }", Caller("svc:a"), true},
        Row{"SecondSubject", "allow { subjects: \"svc:a\" subjects: \"svc:b\" }", Caller("svc:b"),
            true},
        Row{"OtherSubject", "allow { subjects: \"svc:a\" }", Caller("svc:b"), false},
        Row{"SubjectOtherCase", "allow { subjects: \"svc:a\" }", Caller("SVC:A"), false},
        Row{"SubjectLonger", "allow { subjects: \"svc:a\" }", Caller("svc:ab"), false},
        Row{"SubjectPrefix", "allow { subjects: \"svc:ab\" }", Caller("svc:a"), false},
        Row{"SubjectAnonymous", "allow { subjects: \"svc:a\" }", kAnonymous, false},
        Row{"SubjectAbsent", "allow { subjects: \"svc:a\" }", WithoutSubject(), false},
        Row{"SubjectOfIssuer", "allow { issuers: \"sso\" subjects: \"svc:a\" }", Caller("svc:a"),
            true},
        Row{"SubjectOfOtherIssuer", "allow { issuers: \"sso\" subjects: \"svc:a\" }",
            Caller("svc:a", {}, "other"), false},
        Row{"ColonPrefix", "allow { subjects: \"team:*\" }", Caller("team:x"), true},
        Row{"ColonPrefixDeep", "allow { subjects: \"team:*\" }", Caller("team:x:y"), true},
        Row{"ColonPrefixAlone", "allow { subjects: \"team:*\" }", Caller("team:"), false},
        Row{"ColonPrefixWithoutColon", "allow { subjects: \"team:*\" }", Caller("team"), false},
        Row{"ColonPrefixNeighbour", "allow { subjects: \"team:*\" }", Caller("teams:x"), false},
        Row{"ColonPrefixStar", "allow { subjects: \"team:*\" }", Caller("team:*"), true},
        Row{"ColonPrefixInside", "allow { subjects: \"team:*\" }", Caller("a:team:x"), false},
        Row{"SlashPrefix", "allow { subjects: \"spiffe://td/ns/prod/*\" }",
            Caller("spiffe://td/ns/prod/a"), true},
        Row{"SlashPrefixNeighbour", "allow { subjects: \"spiffe://td/ns/prod/*\" }",
            Caller("spiffe://td/ns/production"), false},
        Row{"PrefixAbsent", "allow { subjects: \"team:*\" }", WithoutSubject(), false},
        Row{"AllScopes", "allow { all_scopes: \"a\" all_scopes: \"b\" }",
            Caller("s", {"b", "c", "a"}), true},
        Row{"AllScopesOneMissing", "allow { all_scopes: \"a\" all_scopes: \"b\" }",
            Caller("s", {"a"}), false},
        Row{"AllScopesNone", "allow { all_scopes: \"a\" }", Caller("s"), false},
        Row{"AllScopesPrefix", "allow { all_scopes: \"orders\" }", Caller("s", {"orders.read"}),
            false},
        Row{"AllScopesOtherCase", "allow { all_scopes: \"a\" }", Caller("s", {"A"}), false},
        Row{"AllScopesAnonymous", "allow { all_scopes: \"a\" }", kAnonymous, false},
        Row{"AnyScopes", "allow { any_scopes: \"a\" any_scopes: \"b\" }", Caller("s", {"b"}), true},
        Row{"AnyScopesNone", "allow { any_scopes: \"a\" any_scopes: \"b\" }", Caller("s", {"c"}),
            false},
        Row{"AllAndAny", "allow { all_scopes: \"a\" any_scopes: \"b\" any_scopes: \"c\" }",
            Caller("s", {"a", "c"}), true},
        Row{"AllWithoutAny", "allow { all_scopes: \"a\" any_scopes: \"b\" }", Caller("s", {"a"}),
            false},
        Row{"AnyWithoutAll", "allow { all_scopes: \"a\" any_scopes: \"b\" }", Caller("s", {"b"}),
            false},
        Row{"SubjectAndScope", "allow { subjects: \"s\" all_scopes: \"a\" }", Caller("s", {"a"}),
            true},
        Row{"SubjectWithoutScope", "allow { subjects: \"s\" all_scopes: \"a\" }", Caller("s"),
            false},
        Row{"ScopeWithoutSubject", "allow { subjects: \"s\" all_scopes: \"a\" }",
            Caller("t", {"a"}), false},
        Row{"SecondAlternative", "allow { subjects: \"a\" } allow { all_scopes: \"x\" }",
            Caller("b", {"x"}), true},
        Row{"NoAlternative", "allow { subjects: \"a\" } allow { all_scopes: \"x\" }", Caller("b"),
            false},
        Row{"AnyRoles", "allow { any_roles: \"a\" any_roles: \"b\" }", WithRoles({"b"}), true},
        Row{"AnyRolesNone", "allow { any_roles: \"a\" }", WithRoles({"b"}), false},
        Row{"AnyRolesWithout", "allow { any_roles: \"a\" }", Caller("s"), false},
        Row{"AnyRolesAnonymous", "allow { any_roles: \"a\" }", kAnonymous, false},
        Row{"AnyRolesOtherCase", "allow { any_roles: \"a\" }", WithRoles({"A"}), false},
        Row{"AnyRolesPrefix", "allow { any_roles: \"a\" }", WithRoles({"ab"}), false},
        Row{"RoleIsNoScope", "allow { any_roles: \"a\" }", Caller("s", {"a"}), false},
        Row{"ScopeIsNoRole", "allow { any_scopes: \"a\" }", WithRoles({"a"}), false},
        Row{"AllRoles", "allow { all_roles: \"a\" all_roles: \"b\" }", WithRoles({"b", "a"}), true},
        Row{"AllRolesOneMissing", "allow { all_roles: \"a\" all_roles: \"b\" }", WithRoles({"b"}),
            false},
        Row{"RoleAndScope", "allow { any_roles: \"a\" all_scopes: \"x\" }", WithRoles({"a"}),
            false},
        Row{"Client", "allow { clients: \"web\" }", OfClient("web", ""), true},
        Row{"ClientByAzp", "allow { clients: \"web\" }", OfClient("", "web"), true},
        Row{"ClientTwice", "allow { clients: \"web\" }", OfClient("web", "web"), true},
        Row{"ClientOther", "allow { clients: \"web\" }", OfClient("app", ""), false},
        Row{"ClientAbsent", "allow { clients: \"web\" }", OfClient("", ""), false},
        Row{"ClientAnonymous", "allow { clients: \"web\" }", kAnonymous, false},
        Row{"ClientAndSubject", "allow { clients: \"web\" subjects: \"t\" }", OfClient("web", ""),
            false},
        Row{"NobodyCaller", "nobody: true", Caller("svc:a", {"admin"}), false},
        Row{"NobodyAnonymous", "nobody: true", kAnonymous, false}),
    [](const auto& info) { return info.param.name; });

TEST(PolicyTest, MethodWithoutRuleIsDenied) {
  const auto policy = Make(Rule("allow { anyone: true }"));
  for (const char* path :
       {"/shop.Orders/Other", "/shop.Orders/getOrder", "/shop.orders/GetOrder",
        "/shop.Orders/GetOrder/", "//shop.Orders/GetOrder", "shop.Orders/GetOrder",
        "/shop.Orders/GetOrder?x", "/shop.Orders/GetOrder ", "/shop.Orders%2fGetOrder",
        "/shop.Orders/../shop.Orders/GetOrder", "/shop.Orders/", "/", "", "*"}) {
    const auto decision = policy->Decide(path, MakeIdentity("sso", "svc:a", {"admin"}));
    EXPECT_FALSE(decision.allowed()) << path;
    EXPECT_EQ(decision.rule, "") << path;
    EXPECT_EQ(policy->RuleOf(path), nullptr) << path;
    EXPECT_FALSE(policy->Decide(path, Identity()).allowed()) << path;
    EXPECT_FALSE(policy->TreatsBadTokenAsAnonymous(path)) << path;
  }
  EXPECT_NE(policy->RuleOf(kPath), nullptr);
  EXPECT_EQ(policy->RuleOf(absl::string_view("/shop.Orders/GetOrder\0", 22)), nullptr);
}

TEST(PolicyTest, EmptyPolicyDeniesAll) {
  EXPECT_FALSE(Make("")->Decide(kPath, MakeIdentity("sso", "svc:a")).allowed());
}

TEST(PolicyTest, SaysWhetherAnyoneMayCall) {
  EXPECT_TRUE(Make(Rule("allow { anyone: true }"))->Decide(kPath, Identity()).allowed());
  EXPECT_TRUE(Make(Rule("allow { subjects: \"a\" } allow { anyone: true }"))
                  ->Decide(kPath, Identity())
                  .allowed());
  EXPECT_FALSE(
      Make(Rule("allow { any_authenticated: true }"))->Decide(kPath, Identity()).allowed());
  EXPECT_FALSE(Make(Rule("nobody: true"))->Decide(kPath, Identity()).allowed());
  EXPECT_FALSE(Make(Rule("allow { anyone: true }"))->TreatsBadTokenAsAnonymous(kPath));
}

TEST(PolicyTest, HealthIsClosedUnlessItIsOpened) {
  for (const char* method : {"Check", "Watch", "List"}) {
    const std::string path = absl::StrCat("/grpc.health.v1.Health/", method);
    EXPECT_FALSE(Make("")->Decide(path, Identity()).allowed());
    const auto open = Make("health: ANYONE_MAY_WATCH");
    EXPECT_TRUE(open->Decide(path, Identity()).allowed()) << path;
    EXPECT_TRUE(open->Decide(path, Identity()).allowed()) << path;
    EXPECT_TRUE(open->TreatsBadTokenAsAnonymous(path)) << path;
    EXPECT_EQ(open->Decide(path, Identity()).rule, "health: ANYONE_MAY_WATCH");
  }
  const auto open = Make("health: ANYONE_MAY_WATCH");
  EXPECT_EQ(open->RuleOf("/grpc.health.v1.Health/Other"), nullptr);
  EXPECT_EQ(open->RuleOf("/grpc.health.v1.health/Check"), nullptr);
  EXPECT_EQ(open->RuleOf("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), nullptr);
}

TEST(PolicyTest, RuleForHealthBeatsTheShortcut) {
  const auto policy =
      Make("health: ANYONE rules { method: \"/grpc.health.v1.Health/Watch\" nobody: true }");
  EXPECT_FALSE(policy->Decide("/grpc.health.v1.Health/Watch", Identity()).allowed());
  EXPECT_FALSE(policy->TreatsBadTokenAsAnonymous("/grpc.health.v1.Health/Watch"));
  EXPECT_TRUE(policy->Decide("/grpc.health.v1.Health/Check", Identity()).allowed());
}

struct BadRule {
  const char* name;
  const char* rule;
  const char* error;
};

class BadRuleTest : public ::testing::TestWithParam<BadRule> {};

TEST_P(BadRuleTest, IsRefused) {
  EXPECT_THAT(ValidateRule(Read<v1::Rule>(GetParam().rule)), IsError(HasSubstr(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    , BadRuleTest,
    ::testing::Values(
        BadRule{"NoMethod", "allow { anyone: true }", "/package.Service/Method"},
        BadRule{"NoSlash", "method: \"p.S.M\" allow { anyone: true }", "/package.Service/Method"},
        BadRule{"NoLeadingSlash", "method: \"p.S/M\" nobody: true", "/package.Service/Method"},
        BadRule{"NoMethodName", "method: \"/p.S/\" nobody: true", "/package.Service/Method"},
        BadRule{"NoService", "method: \"//M\" nobody: true", "/package.Service/Method"},
        BadRule{"ThreeSlashes", "method: \"/p.S/M/\" nobody: true", "/package.Service/Method"},
        BadRule{"WildcardService", "method: \"/*/M\" nobody: true", "/package.Service/Method"},
        BadRule{"DotInMethod", "method: \"/p.S/M.N\" nobody: true", "/package.Service/Method"},
        BadRule{"Space", "method: \"/p.S/M \" nobody: true", "/package.Service/Method"},
        BadRule{"Percent", "method: \"/p.S/%4d\" nobody: true", "/package.Service/Method"},
        BadRule{"NoCaller", "method: \"/p.S/M\"", "names no caller"},
        BadRule{"EmptyAllow", "method: \"/p.S/M\" allow {}", "names no caller"},
        BadRule{"OneEmptyAllow", "method: \"/p.S/M\" allow { subjects: \"a\" } allow {}",
                "names no caller"},
        BadRule{"OnlyIssuers", "method: \"/p.S/M\" allow { issuers: \"sso\" }", "names no caller"},
        BadRule{"FalseAnyone", "method: \"/p.S/M\" allow { anyone: false }", "names no caller"},
        BadRule{"NobodyAndAllow", "method: \"/p.S/M\" nobody: true allow { anyone: true }",
                "nobody"},
        BadRule{"AnyoneAndSubjects", "method: \"/p.S/M\" allow { anyone: true subjects: \"a\" }",
                "anyone"},
        BadRule{"AnyoneAndIssuers", "method: \"/p.S/M\" allow { anyone: true issuers: \"a\" }",
                "anyone"},
        BadRule{"AnyoneAndScopes", "method: \"/p.S/M\" allow { anyone: true all_scopes: \"a\" }",
                "anyone"},
        BadRule{"AnyoneAndAuthenticated",
                "method: \"/p.S/M\" allow { anyone: true any_authenticated: true }", "anyone"},
        BadRule{"AuthenticatedAndSubjects",
                "method: \"/p.S/M\" allow { any_authenticated: true subjects: \"a\" }",
                "any_authenticated"},
        BadRule{"AuthenticatedAndScopes",
                "method: \"/p.S/M\" allow { any_authenticated: true any_scopes: \"a\" }",
                "any_authenticated"},
        BadRule{"EmptySubject", "method: \"/p.S/M\" allow { subjects: \"\" }", "empty string"},
        BadRule{"EmptyAllScope", "method: \"/p.S/M\" allow { all_scopes: \"\" }", "empty string"},
        BadRule{"EmptyAnyScope", "method: \"/p.S/M\" allow { any_scopes: [\"a\", \"\"] }",
                "empty string"},
        BadRule{"EmptyRole", "method: \"/p.S/M\" allow { any_roles: \"\" }", "empty string"},
        BadRule{"EmptyAllRole", "method: \"/p.S/M\" allow { all_roles: \"\" }", "empty string"},
        BadRule{"EmptyClient", "method: \"/p.S/M\" allow { clients: \"\" }", "empty string"},
        BadRule{"AnyoneAndRoles", "method: \"/p.S/M\" allow { anyone: true any_roles: \"a\" }",
                "anyone"},
        BadRule{"AuthenticatedAndRoles",
                "method: \"/p.S/M\" allow { any_authenticated: true all_roles: \"a\" }",
                "any_authenticated"},
        BadRule{"AuthenticatedAndClients",
                "method: \"/p.S/M\" allow { any_authenticated: true clients: \"a\" }",
                "any_authenticated"},
        BadRule{"EmptyIssuer", "method: \"/p.S/M\" allow { issuers: \"\" subjects: \"a\" }",
                "empty string"},
        BadRule{"StarAlone", "method: \"/p.S/M\" allow { subjects: \"*\" }", "separator"},
        BadRule{"ColonStarAlone", "method: \"/p.S/M\" allow { subjects: \":*\" }", "separator"},
        BadRule{"SlashStarAlone", "method: \"/p.S/M\" allow { subjects: \"/*\" }", "separator"},
        BadRule{"StarInside", "method: \"/p.S/M\" allow { subjects: \"a*b\" }", "separator"},
        BadRule{"TwoStars", "method: \"/p.S/M\" allow { subjects: \"a:*:*\" }", "separator"},
        BadRule{"EveryTrustDomain", "method: \"/p.S/M\" allow { subjects: \"spiffe://*\" }",
                "separator"},
        BadRule{"EverySpiffeId", "method: \"/p.S/M\" allow { subjects: \"spiffe:*\" }",
                "separator"},
        BadRule{"StarWithoutSeparator", "method: \"/p.S/M\" allow { subjects: \"team*\" }",
                "separator"}),
    [](const auto& info) { return info.param.name; });

TEST(ValidateRuleTest, AcceptsTheUsualForms) {
  for (const char* rule :
       {"method: \"/p.S/M\" allow { anyone: true }", "method: \"/S/M_1\" nobody: true",
        "method: \"/a.b.C/D\" allow { any_authenticated: true issuers: \"x\" }",
        "method: \"/a.b.C/D\" allow { subjects: \"t:*\" } allow { any_scopes: \"a\" }"}) {
    EXPECT_THAT(ValidateRule(Read<v1::Rule>(rule)), IsOk()) << rule;
  }
}

TEST(CheckRuleIssuersTest, RefusesIssuersThatNobodyDefines) {
  const auto config = Config("", {"a", "b"}).config;
  EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>("method: \"/p.S/M\" allow { issuers: \"c\" "
                                              "subjects: \"s\" }"),
                               config),
              IsError(AllOf(HasSubstr("\"c\""), HasSubstr("/p.S/M"))));
  EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>("method: \"/p.S/M\" allow { issuers: [\"a\", \"c\"] "
                                              "any_authenticated: true }"),
                               config),
              IsError(HasSubstr("\"c\"")));
  EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>("method: \"/p.S/M\" allow { "
                                              "issuers: \"https://a.example.test\" "
                                              "subjects: \"s\" }"),
                               config),
              Not(IsOk()))
      << "names, not URLs";
}

TEST(CheckRuleIssuersTest, WithSeveralIssuersARuleSaysWhoseSubjectsItMeans) {
  auto one = Config("", {"a"}).config, two = Config("", {"a", "b"}).config;
  for (v1::ServerConfig* config : {&one, &two}) {
    for (v1::Issuer& issuer : *config->mutable_issuers()) issuer.add_roles()->add_path("roles");
  }
  for (const char* allow : {"subjects: \"s\"", "all_scopes: \"x\"", "any_scopes: \"x\"",
                            "clients: \"x\"", "any_roles: \"x\"", "all_roles: \"x\""}) {
    const std::string rule = absl::StrCat("method: \"/p.S/M\" allow { ", allow, " }");
    EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>(rule), one), IsOk()) << allow;
    EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>(rule), two), IsError(HasSubstr("several issuers")))
        << allow;
    const std::string named =
        absl::StrCat("method: \"/p.S/M\" allow { issuers: \"b\" ", allow, " }");
    EXPECT_THAT(CheckRuleIssuers(Read<v1::Rule>(named), two), IsOk()) << allow;
  }
  for (const char* allow : {"anyone: true", "any_authenticated: true"}) {
    EXPECT_THAT(CheckRuleIssuers(
                    Read<v1::Rule>(absl::StrCat("method: \"/p.S/M\" allow { ", allow, " }")), two),
                IsOk());
  }
}

TEST(CheckRuleIssuersTest, RolesNeedAnIssuerThatSaysWhereTheyStand) {
  auto config = Config("", {"a", "b"}).config;
  config.mutable_issuers(0)->add_roles()->add_path("roles");
  for (const char* roles : {"any_roles", "all_roles"}) {
    const auto rule = [roles](const char* issuers) {
      return Read<v1::Rule>(
          absl::StrCat("method: \"/p.S/M\" allow { issuers: ", issuers, " ", roles, ": \"x\" }"));
    };
    EXPECT_THAT(CheckRuleIssuers(rule("\"a\""), config), IsOk());
    EXPECT_THAT(CheckRuleIssuers(rule("\"b\""), config),
                IsError(AllOf(HasSubstr("\"b\""), HasSubstr("roles { path"))));
    EXPECT_THAT(CheckRuleIssuers(rule("[\"a\", \"b\"]"), config), IsError(HasSubstr("\"b\"")));
  }
}

// Services with annotations, made at run time.
class PolicyAnnotationTest : public ::testing::Test {
 protected:
  // `options` of the method shop.Orders.GetOrder, in text format; Other has none.
  const google::protobuf::ServiceDescriptor* Service(const std::string& options) {
    return services_.Add({"Orders", {{"GetOrder", options}, {"Other", ""}}});
  }

 private:
  AnnotatedServices services_;
};

TEST_F(PolicyAnnotationTest, RulesTheMethodBesideWhichItStands) {
  const auto policy = Policy::Create(
      Config(""), {Service("[lanyard.v1.allow] { all_scopes: \"orders.read\" }")}, kNow);
  ASSERT_THAT(policy, IsOk());
  const auto decision = (*policy)->Decide(kPath, Caller("a", {"orders.read"}));
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.rule, "annotation of /shop.Orders/GetOrder");
  EXPECT_FALSE((*policy)->Decide(kPath, Caller("a")).allowed());
  EXPECT_FALSE((*policy)->RuleOf("/shop.Orders/Other"));
}

TEST_F(PolicyAnnotationTest, SeveralAreAlternatives) {
  const auto policy = Policy::Create(Config(""),
                                     {Service("[lanyard.v1.allow] { subjects: \"a\" } "
                                              "[lanyard.v1.allow] { subjects: \"b\" }")},
                                     kNow);
  ASSERT_THAT(policy, IsOk());
  EXPECT_TRUE((*policy)->Decide(kPath, Caller("a")).allowed());
  EXPECT_TRUE((*policy)->Decide(kPath, Caller("b")).allowed());
  EXPECT_FALSE((*policy)->Decide(kPath, Caller("c")).allowed());
}

TEST_F(PolicyAnnotationTest, OperatorsRuleReplacesItWhole) {
  const auto* service = Service("[lanyard.v1.allow] { anyone: true }");
  const auto closed =
      Policy::Create(Config(Rule("replaces_annotation: true nobody: true")), {service}, kNow);
  ASSERT_THAT(closed, IsOk());
  EXPECT_FALSE((*closed)->Decide(kPath, Caller("a")).allowed());
  EXPECT_FALSE((*closed)->Decide(kPath, Identity()).allowed());
  const auto narrowed = Policy::Create(
      Config(Rule("replaces_annotation: true allow { subjects: \"b\" }")), {service}, kNow);
  ASSERT_THAT(narrowed, IsOk());
  EXPECT_FALSE((*narrowed)->Decide(kPath, Identity()).allowed());
  EXPECT_FALSE((*narrowed)->Decide(kPath, Caller("a")).allowed());
  EXPECT_TRUE((*narrowed)->Decide(kPath, Caller("b")).allowed());
  EXPECT_EQ((*narrowed)->Decide(kPath, Caller("b")).rule, "file:1");
}

TEST_F(PolicyAnnotationTest, BadOneIsRefusedAndNamed) {
  const struct {
    const char* annotation;
    const char* error;
  } rows[] = {
      {"[lanyard.v1.allow] {}", "names no caller"},
      {"[lanyard.v1.allow] { anyone: true subjects: \"a\" }", "anyone"},
      {"[lanyard.v1.allow] { issuers: \"nobody\" subjects: \"a\" }", "\"nobody\""},
      {"[lanyard.v1.allow] { subjects: \"team*\" }", "separator"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(
        Policy::Create(Config(""), {Service(row.annotation)}, kNow),
        IsError(AllOf(HasSubstr("annotation of /shop.Orders/GetOrder"), HasSubstr(row.error))));
  }
}

TEST_F(PolicyAnnotationTest, WithSeveralIssuersItMustNameOne) {
  const auto* service = Service("[lanyard.v1.allow] { subjects: \"a\" }");
  EXPECT_THAT(Policy::Create(Config("", {"sso", "b"}), {service}, kNow),
              IsError(AllOf(HasSubstr("annotation of"), HasSubstr("several issuers"))));
  // The operator's rule stands in for it.
  EXPECT_THAT(Policy::Create(Config(Rule("replaces_annotation: true nobody: true"), {"sso", "b"}),
                             {service}, kNow),
              IsOk());
}

}  // namespace
}  // namespace lanyard
