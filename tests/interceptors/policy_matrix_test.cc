// SPDX-License-Identifier: Apache-2.0
// Every kind of rule against every kind of caller, by every API and for every type of call.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::ValuesIn;

// Rules are written into a file that the server reads again, so that one server tries them all.
struct RuleCase {
  const char* name;
  const char* allow;    // Of each method, or of the service. Empty for a rule for nobody.
  const char* allowed;  // The names of the callers that may call.
  bool service_wide = false;
  const char* more = "";
  bool observed = false;
};

constexpr char kScopesRule[] = "allow { issuers: 'test' all_scopes: 'orders.read' }";

constexpr RuleCase kRules[] = {
    {"Anyone", "allow { anyone: true }",
     "none none_web plain scoped foreign acting claimed bound wanted"},
    {"AnyoneWithABadTokenAsNone", "allow { anyone: true bad_token: TREAT_AS_ANONYMOUS }",
     "none none_web forged expired plain scoped foreign acting claimed bound wanted"},
    {"AnyAuthenticated", "allow { any_authenticated: true }",
     "plain scoped foreign claimed bound wanted"},
    {"AnyAuthenticatedOfOneIssuer", "allow { any_authenticated: true issuers: 'test' }",
     "plain scoped claimed bound wanted"},
    {"SubjectPrefix", "allow { issuers: 'test' subjects: 'user:*' }", "scoped wanted"},
    {"SubjectOfTheOtherIssuer", "allow { issuers: 'other' subjects: 'user:ann' }", "foreign"},
    {"Scopes", kScopesRule, "scoped wanted"},
    {"Claims", "allow { issuers: 'test' claims { path: 'tenant' any_of: 'acme' } }", "claimed"},
    {"CertificateBound", "allow { any_authenticated: true certificate_bound: true }", "bound"},
    {"Peers", "allow { any_authenticated: true peers: 'spiffe://test/web' }", "bound"},
    {"WithoutToken", "allow { peers: 'spiffe://test/web' without_token: true }", "none_web bound"},
    {"Actors",
     "allow { issuers: 'test' subjects: 'user:ann' actors { issuer: 'test' subjects: 'svc:agent' "
     "} }",
     "acting"},
    {"AnyActor", "allow { any_authenticated: true issuers: 'test' any_actor: true }",
     "plain scoped acting claimed bound wanted"},
    {"Alternatives",
     "allow { issuers: 'other' all_scopes: 'orders.read' } "
     "allow { issuers: 'test' claims { path: 'tenant' any_of: 'acme' } }",
     "foreign claimed"},
    {"Nobody", "", ""},
    {"DeniedSubject", "allow { any_authenticated: true }", "plain scoped foreign claimed bound",
     false, "deny { subjects: 'user:wanted' }"},
    {"DeniedIssuerWhereAnyoneMayCall", "allow { anyone: true }", "none none_web foreign", false,
     "deny { issuers: 'test' }"},
    {"DeniedActor", "allow { any_authenticated: true any_actor: true }",
     "plain scoped foreign claimed bound wanted", false, "deny { subjects: 'svc:agent' }"},
    {"ServiceWide", kScopesRule, "scoped wanted", true},
    {"Observed", kScopesRule, "scoped wanted", false, "", true},
    {"ObservedWithADeniedCaller", kScopesRule, "scoped", false, "deny { subjects: 'user:wanted' }",
     true},
};

struct Caller {
  std::string name;
  std::string token;  // Empty for none.
  std::string certificate = "client";
  std::optional<AuthFailure> token_failure;  // What is wrong with the token, also that it is none.
  std::string subject;                       // That the handler sees.
};

bool Lists(absl::string_view names, const std::string& name) {
  const std::vector<std::string> list = absl::StrSplit(names, ' ');
  return std::find(list.begin(), list.end(), name) != list.end();
}

class PolicyMatrixTest : public ::testing::TestWithParam<Api> {
 protected:
  PolicyMatrixTest() : server_(GetParam()), other_(Algorithm::kEs256, "other") {
    server_.files.Issue("client", {"URI:spiffe://test/client"});
    server_.files.Issue("web", {"URI:spiffe://test/web"});
    server_.options.tls = server_.files.Server(/*mutual=*/true);
    server_.options.config_text =
        server_.issuer.ConfigText() + other_.ConfigText() + "annotation_issuers: 'test'\n";
    server_.options.key_sources["other"] = other_.Keys();
    server_.options.config_files = {server_.files.Write("rules", "")};
  }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    const auto good = [this](const char* subject) {
      return server_.issuer.Token().Subject(subject);
    };
    const testing::TestIssuer forger(Algorithm::kEs256, "test");
    auto acting = good("user:ann").Scopes("orders.read");
    acting.claims().mutable_actor()->set_subject("svc:agent");
    auto claimed = good("svc:claimed");
    (*claimed.claims().mutable_private_claims())["tenant"].set_string_value("acme");
    callers_ = {
        {"none", "", "client", AuthFailure::kMissingToken, "(anonymous)"},
        {"none_web", "", "web", AuthFailure::kMissingToken, "(anonymous)"},
        {"forged", forger.Token().KeyId(server_.issuer.key().id()).Sign(), "client",
         AuthFailure::kBadSignature, "(anonymous)"},
        {"expired", good("svc:late").ExpiresIn(-absl::Minutes(10)).Sign(), "client",
         AuthFailure::kExpired, "(anonymous)"},
        {"plain", good("svc:plain").Sign(), "client", {}, "svc:plain"},
        {"scoped", good("user:ann").Scopes("orders.read").Sign(), "client", {}, "user:ann"},
        {"foreign",
         other_.Token().Subject("user:ann").Scopes("orders.read").Sign(),
         "client",
         {},
         "user:ann"},
        {"acting", acting.Sign(), "client", {}, "user:ann"},
        {"claimed", claimed.Sign(), "client", {}, "svc:claimed"},
        {"bound",
         good("svc:bound").BoundTo(server_.files.Sha256Of("web")).Sign(),
         "web",
         {},
         "svc:bound"},
        {"wanted", good("user:wanted").Scopes("orders.read").Sign(), "client", {}, "user:wanted"},
    };
    for (const char* name : {"client", "web"}) {
      channels_[name] = PlainTls(server_.files, server_.port, name);
    }
  }

  void Rule(const RuleCase& rule) {
    std::string text = rule.more;
    const std::string body = rule.allow[0] == '\0' ? "nobody: true" : rule.allow;
    if (rule.service_wide) {
      absl::StrAppend(&text, "rules { method: '/lanyard.test.Echo/*' replaces_annotation: true ",
                      body, " }\n");
    } else {
      for (const CallType type : kAllCallTypes) {
        absl::StrAppend(&text, "rules { method: '/lanyard.test.Echo/", NameOf(type),
                        "' replaces_annotation: true ", body, " }\n");
      }
    }
    if (rule.observed) {
      const std::string until =
          absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(48), absl::UTCTimeZone());
      absl::StrAppend(&text, "settings { method: '*' enforcement: OBSERVE observe_until: '", until,
                      "' }\n");
    }
    server_.files.Write("rules", text);
    ASSERT_EQ(server_.auth->Reload(), absl::OkStatus());
  }

  void Try(const RuleCase& rule, const Caller& caller, CallType type) {
    SCOPED_TRACE(absl::StrCat(rule.name, ", ", caller.name, ", ", NameOf(type)));
    const int runs = server_.echo.handled().runs;
    const auto headers = caller.token.empty() ? decltype(Bearer(""))() : Bearer(caller.token);
    const Outcome outcome = MakeCall(channels_[caller.certificate], type, headers);
    const AuditEvent event = server_.audit->last();
    EXPECT_EQ(event.method, "/lanyard.test.Echo/" + NameOf(type));
    const bool allowed = Lists(rule.allowed, caller.name);
    const AuthFailure failure = caller.token_failure.value_or(AuthFailure::kDeniedByPolicy);
    // The deny list binds even where rules are only observed.
    const bool goes_through = allowed || (rule.observed && caller.name != "wanted");
    EXPECT_EQ(server_.echo.handled().runs, runs + (goes_through ? 1 : 0));
    EXPECT_EQ(event.allowed, goes_through) << event.detail;
    if (!goes_through) {
      EXPECT_EQ(outcome.status.error_code(), static_cast<int>(AuthFailureCode(failure)));
      EXPECT_EQ(event.failure, failure) << event.detail;
      EXPECT_EQ(event.would_deny, std::nullopt);
      return;
    }
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, caller.subject);
    EXPECT_EQ(event.failure, std::nullopt);
    EXPECT_EQ(event.would_deny, allowed ? std::nullopt : std::optional<AuthFailure>(failure));
    EXPECT_EQ(SubjectOf(event), caller.token_failure.has_value() ? "" : caller.subject);
    if (allowed) {
      EXPECT_NE(event.rule, "");
    }
  }

  GatedServer server_;
  testing::TestIssuer other_;
  std::vector<Caller> callers_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

TEST_P(PolicyMatrixTest, LetsInWhomTheRuleNamesAndTellsTheAuditWhyNobodyElse) {
  for (const RuleCase& rule : kRules) {
    ASSERT_NO_FATAL_FAILURE(Rule(rule)) << rule.name;
    for (const Caller& caller : callers_) {
      for (const CallType type : kAllCallTypes) Try(rule, caller, type);
    }
  }
  EXPECT_EQ(server_.echo.handled().saw_bearer, 0);
}

INSTANTIATE_TEST_SUITE_P(All, PolicyMatrixTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
