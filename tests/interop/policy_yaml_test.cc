// SPDX-License-Identifier: Apache-2.0
// What `lanyard policy export --format istio` writes, read by PyYAML, a reader of YAML 1.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/interop/program.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::testing {
namespace {

using internal::JsonDocument;
using internal::JsonValue;

// Debian's own, beside which another may stand in the path.
constexpr char kPython[] = "/usr/bin/python3";

class PolicyYamlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Succeeds(absl::StrCat(kPython, " -c 'import yaml'"))) {
      GTEST_SKIP() << "SKIPPED: there is no python3-yaml; tests/interop/install installs it";
    }
  }

  // The documents of the exported policies as JSON, "{"docs": […]}".
  static JsonDocument Exported(const std::string& config) {
    const Outcome outcome = RunPolicy("export", config,
                                      {"--format", "istio", "--name", "orders", "--namespace",
                                       "shop", "--selector", "app=orders"});
    EXPECT_EQ(outcome.code, 0) << outcome;
    const std::string file = TempFile("policy.yaml", outcome.out);
    auto document = JsonDocument::ParseObject(
        Printed(absl::StrCat(kPython,
                             " -c 'import json, sys, yaml; print(json.dumps({\"docs\": "
                             "list(yaml.safe_load_all(open(sys.argv[1])))}))' '",
                             file, "'")));
    EXPECT_TRUE(document.ok()) << outcome.out;
    return *std::move(document);
  }
};

const JsonValue At(const JsonValue& array, size_t index) {
  for (const JsonValue element : array) {
    if (index-- == 0) return element;
  }
  ADD_FAILURE() << "too short";
  return array;
}

// The first of `values` of the condition on the claim, in the first rule of the policy.
std::string ValueOf(const JsonValue& policy, const std::string& claim) {
  const JsonValue rule = At(*policy.Find("spec")->Find("rules"), 0);
  for (const JsonValue condition : *rule.Find("when")) {
    if (condition.Find("key")->string() == absl::StrCat("request.auth.claims[", claim, "]")) {
      return std::string(At(*condition.Find("values"), 0).string());
    }
  }
  return "no such condition";
}

TEST_F(PolicyYamlTest, SaysWhatTheConfigSays) {
  for (const std::string evil :
       {"svc:a", "a\"b'c\\d", "a\n  - b: c\n#d", "x\r\n---\nkind: y",
        "\u00e9\u2028\u0085\U0001f600", "{{ x }}", "!!python/object:os.system", "&a b",
        "a\"]\n  - {}\n#", "yes", "1e3", "\t- x", "# no comment"}) {
    const std::string quoted = absl::StrCat("\"", absl::CEscape(evil), "\"");
    const JsonDocument document =
        Exported(IssuerText("sso") +
                 RuleText("/shop.Orders/Get",
                          absl::StrCat("allow { subjects: ", quoted, " all_scopes: ", quoted,
                                       " } allow { any_authenticated: true "
                                       "any_acr: ",
                                       quoted, " }")) +
                 absl::StrCat("deny { subjects: ", quoted, " }\n"));
    const JsonValue docs = *document.root().Find("docs");
    ASSERT_EQ(docs.size(), 2u) << evil;
    EXPECT_EQ(ValueOf(At(docs, 0), "sub"), evil);
    EXPECT_EQ(ValueOf(At(docs, 1), "sub"), evil);
    EXPECT_EQ(ValueOf(At(docs, 1), "scope"), evil);
    for (const auto& [index, action] : {std::pair(0, "DENY"), std::pair(1, "ALLOW")}) {
      const JsonValue policy = At(docs, static_cast<size_t>(index));
      EXPECT_EQ(policy.Find("apiVersion")->string(), "security.istio.io/v1");
      EXPECT_EQ(policy.Find("kind")->string(), "AuthorizationPolicy");
      EXPECT_EQ(policy.Find("metadata")->Find("namespace")->string(), "shop");
      EXPECT_EQ(policy.Find("spec")->Find("action")->string(), action);
      EXPECT_EQ(policy.Find("spec")->Find("selector")->Find("matchLabels")->Find("app")->string(),
                "orders");
    }
    EXPECT_EQ(At(docs, 1).Find("spec")->Find("rules")->size(), 1u);
  }
}

TEST_F(PolicyYamlTest, LetsInNobodyWithoutARule) {
  const JsonDocument document = Exported(IssuerText("sso"));
  EXPECT_EQ(At(*document.root().Find("docs"), 1).Find("spec")->Find("rules")->size(), 0u);
}

}  // namespace
}  // namespace lanyard::testing
