// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
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
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kSso = IssuerText("sso");
constexpr char kGet[] = "/shop.Orders/Get";
const std::vector<std::string> kTarget = {"--format",    "istio", "--name",     "orders",
                                          "--namespace", "shop",  "--selector", "app=orders"};

Outcome Export(const std::string& config, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = kTarget;
  args.insert(args.end(), more.begin(), more.end());
  Outcome outcome = RunPolicy("export", config, args);
  outcome.out = absl::StrReplaceAll(outcome.out, {{TempPath(""), ""}});
  return outcome;
}

TEST(PolicyExportTest, WritesTwoPolicies) {
  const Outcome outcome = Export(
      kSso +
      RuleText(kGet,
               "allow { subjects: \"svc:*\" all_scopes: [\"r\", \"w\"] any_scopes: [\"x\", "
               "\"y\"] peers: \"spiffe://prod/ns/*\" }") +
      RuleText("/shop.Orders/Close", "nobody: true") +
      RuleText("/shop.Orders/*", "allow { any_authenticated: true any_actor: true }") +
      RuleText("/shop.Status/Ping", "allow { anyone: true }") + "deny { subjects: \"svc:bad\" }\n");
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_EQ(
      outcome.out,
      R"(# Who may call what, made by "lanyard policy export" from Lanyard's config. Change that
# and export it anew; do not edit this.
#
# Istio checks less of a token than Lanyard. What it needs beside these policies:
# - A port that Istio knows to be gRPC (appProtocol: grpc), and mutual TLS (STRICT) where
#   principals are named.
# - A RequestAuthentication for the same workloads with one jwtRule an issuer:
#     issuer: "https://sso.example.test"  audiences: ["orders"]
#   and with their keys. Without it nobody is let in by a token.
# - Issuers that sign nothing for these audiences but access tokens, with the algorithms
#   and in the lifetimes that the config names: Istio does not look at alg, typ and iat,
#   nor at claims that are objects (events), nor at tokens that are too long.
# - Scopes in the claim scope; scp is not looked at.
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: "orders-deny"
  namespace: "shop"
spec:
  selector:
    matchLabels:
      "app": "orders"
  action: DENY
  rules:
  # deny { subjects: "svc:bad" }
  - when:
    - key: "request.auth.claims[sub]"
      values: ["svc:bad"]
  - when:
    - key: "request.auth.claims[act][sub]"
      values: ["svc:bad"]
  # tokens that are bound to a key or a certificate, which Istio does not check
  - when:
    - key: "request.auth.claims[cnf][x5t#S256]"
      values: ["*"]
  - when:
    - key: "request.auth.claims[cnf][jkt]"
      values: ["*"]
  - when:
    - key: "request.auth.claims[cnf][kid]"
      values: ["*"]
  - when:
    - key: "request.auth.claims[cnf][jwk][kty]"
      values: ["*"]
  # tokens of issuer sso that are not what the config asks for
  - when:
    - key: "request.auth.claims[iss]"
      values: ["https://sso.example.test"]
    - key: "request.auth.audiences"
      notValues: ["orders"]
  - when:
    - key: "request.auth.claims[iss]"
      values: ["https://sso.example.test"]
    - key: "request.auth.claims[client_id]"
      notValues: ["*"]
  - when:
    - key: "request.auth.claims[iss]"
      values: ["https://sso.example.test"]
    - key: "request.auth.claims[jti]"
      notValues: ["*"]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: "orders"
  namespace: "shop"
spec:
  selector:
    matchLabels:
      "app": "orders"
  action: ALLOW
  rules:
  # /shop.Orders/*, by auth.textproto:4
  - from:
    - source:
        requestPrincipals: ["https://sso.example.test/*"]
    to:
    - operation:
        methods: ["POST"]
        paths: ["/shop.Orders/*"]
        notPaths: ["/shop.Orders/Close", "/shop.Orders/Get"]
    when:
    - key: "request.auth.claims[iss]"
      values: ["https://sso.example.test"]
  # /shop.Orders/Close, by auth.textproto:3
  #   nobody
  # /shop.Orders/Get, by auth.textproto:2
  - from:
    - source:
        principals: ["prod/ns/*"]
        requestPrincipals: ["https://sso.example.test/*"]
    to:
    - operation:
        methods: ["POST"]
        paths: ["/shop.Orders/Get"]
    when:
    - key: "request.auth.claims[iss]"
      values: ["https://sso.example.test"]
    - key: "request.auth.claims[act][sub]"
      notValues: ["*"]
    - key: "request.auth.claims[sub]"
      values: ["svc:*"]
      notValues: ["svc:"]
    - key: "request.auth.claims[scope]"
      values: ["r"]
    - key: "request.auth.claims[scope]"
      values: ["w"]
    - key: "request.auth.claims[scope]"
      values: ["x", "y"]
  # /shop.Status/Ping, by auth.textproto:5
  - to:
    - operation:
        methods: ["POST"]
        paths: ["/shop.Status/Ping"]
)");
}

TEST(PolicyExportTest, WithoutARuleNobodyIsLetIn) {
  EXPECT_THAT(Export(kSso).out, HasSubstr("  action: ALLOW\n  rules: []\n"));
  EXPECT_THAT(Export(kSso + RuleText(kGet, "nobody: true")).out,
              HasSubstr("  action: ALLOW\n  rules: []\n  # /shop.Orders/Get"));
}

TEST(PolicyExportTest, KnowsAnnotationsAndRoles) {
  const Outcome outcome =
      Export(IssuerText("sso", "roles { path: \"realm_access\" path: \"roles\" }") +
                 RuleText("/shop.Orders/Purge", "allow { any_roles: [\"a\", \"b\"] }"),
             {"--descriptors", DescriptorFile({OrdersService()})});
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("# /shop.Orders/Get, by annotation of /shop.Orders/Get\n"),
                    HasSubstr("    - key: \"request.auth.claims[scope]\"\n"
                              "      values: [\"orders.read\"]\n"),
                    HasSubstr("    - key: \"request.auth.claims[realm_access][roles]\"\n"
                              "      values: [\"a\", \"b\"]\n")));
}

TEST(PolicyExportTest, WarnsOfWhatItLeavesOut) {
  const std::string config = kSso + RuleText(kGet,
                                             "allow { any_authenticated: true max_token_age { "
                                             "seconds: 60 } } allow { subjects: \"svc:a\" }");
  const std::string warning =
      "left out of \"any_authenticated: true max_token_age { seconds: 60 }\": the whole "
      "alternative: Istio cannot say max_token_age";
  const Outcome outcome = Export(config);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, absl::StrCat("warning: /shop.Orders/Get: ", warning, "\n"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr(absl::StrCat("  #   ", warning, "\n")),
                                 HasSubstr("values: [\"svc:a\"]")));

  const Outcome json = Export(config, {"--json"});
  const auto document = internal::JsonDocument::ParseObject(json.out);
  ASSERT_TRUE(document.ok()) << json;
  EXPECT_TRUE(document->root().Find("ok")->boolean());
  EXPECT_EQ(document->root().Find("warnings")->size(), 1u);
  EXPECT_THAT(std::string(document->root().Find("yaml")->string()), HasSubstr("action: ALLOW"));
  EXPECT_THAT(json.err, IsEmpty());
}

TEST(PolicyExportTest, EnforcesWhatIsObserved) {
  const std::string day =
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(48), absl::UTCTimeZone());
  const Outcome outcome =
      Export(kSso + RuleText(kGet, "allow { subjects: \"svc:a\" }") +
             "settings { method: \"*\" enforcement: OBSERVE observe_until: \"" + day + "\" }\n");
  EXPECT_THAT(outcome.err, HasSubstr("/shop.Orders/Get: enforced by Istio, though OBSERVED until"));
  EXPECT_THAT(outcome.out, HasSubstr("values: [\"svc:a\"]"));
}

TEST(PolicyExportTest, HealthWarnsOfBadTokens) {
  const Outcome outcome = Export(kSso + "health: ANYONE\n");
  EXPECT_THAT(outcome.err, HasSubstr("callers with a bad token"));
  EXPECT_THAT(outcome.out, HasSubstr("paths: [\"/grpc.health.v1.Health/Check\"]"));
}

// A subject that looks like YAML writes none: the file has the lines that it has with another.
TEST(PolicyExportTest, WhatStandsInTheConfigIsNoYaml) {
  const auto shape = [](const std::string& text) {
    const std::string quoted = absl::StrCat("\"", text, "\"");
    const Outcome outcome = Export(
        IssuerText("sso", "may_assert { anything: true }") +
        RuleText(kGet,
                 absl::StrCat("allow { subjects: ", quoted, " all_scopes: ", quoted,
                              " clients: ", quoted, " claims { path: ", quoted, " any_of: ", quoted,
                              " } } allow { any_authenticated: true any_acr: ", quoted, " }")) +
        absl::StrCat("deny { subjects: ", quoted, " clients: ", quoted, " }\n"));
    EXPECT_EQ(outcome.code, 0) << outcome;
    std::vector<std::string> starts;
    for (const absl::string_view line : absl::StrSplit(outcome.out, '\n')) {
      for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
      starts.push_back(std::string(line.substr(0, line.find_first_of("\"[#"))));
    }
    return starts;
  };
  const std::vector<std::string> plain = shape("x");
  for (const char* evil : {"\\\"", "a\\\"}\\n  - {}\\n#", "a\\nb: c", "\\r\\n---\\nkind: x", "\\\\",
                           "a #b", "{{x}}", "\\302\\205- to:", "\\342\\200\\250- to:", "'",
                           "!!python/object:x", "&a b", "%YAML", "\\t- x"}) {
    EXPECT_EQ(shape(evil), plain) << evil;
  }
}

TEST(PolicyExportTest, RefusesATargetThatCouldBeAnother) {
  const auto code = [](const std::string& option, const std::string& value) {
    std::vector<std::string> args = kTarget;
    *(std::find(args.begin(), args.end(), option) + 1) = value;
    const Outcome outcome = RunPolicy("export", kSso, args);
    EXPECT_TRUE(outcome.code == 0 || absl::StrContains(outcome.err, option)) << outcome;
    return outcome.code;
  };
  EXPECT_EQ(code("--format", "envoy"), 2);
  for (const char* bad : {"Orders", "-orders", "orders-", "or ders", "or\nders", "a\"b"}) {
    EXPECT_EQ(code("--name", bad), 2) << bad;
    EXPECT_EQ(code("--namespace", bad), 2) << bad;
  }
  EXPECT_EQ(code("--name", std::string(58, 'a')), 0);
  EXPECT_EQ(code("--name", std::string(59, 'a')), 2);
  EXPECT_EQ(code("--namespace", std::string(63, 'a')), 0);
  EXPECT_EQ(code("--namespace", std::string(64, 'a')), 2);
  for (const char* bad : {"app", "=orders", "app=", "app=a b", "app=a\"", "a pp=a", "app=a=b"}) {
    EXPECT_EQ(code("--selector", bad), 2) << bad;
  }
  EXPECT_EQ(code("--selector", "app.kubernetes.io/name=orders-v1.2_x"), 0);
  EXPECT_EQ(Export(kSso, {"--selector", "app=other"}).code, 2);
  EXPECT_THAT(Export(kSso, {"--selector", "tier=back"}).out,
              HasSubstr("      \"app\": \"orders\"\n      \"tier\": \"back\"\n"));
  EXPECT_EQ(RunPolicy("export", kSso).code, 2);
  EXPECT_EQ(Export("rulez { }").code, 1);
}

}  // namespace
}  // namespace lanyard::tools
