// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/tools/lanyard/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Outcome Check(const std::string& config, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"client", "check", TempFile("client.textproto", config)};
  args.insert(args.end(), more.begin(), more.end());
  return RunTool(args);
}

constexpr char kConfig[] = R"(sources { name: "token" file { path: "/run/token" } }
targets { names: "orders:8443" names: "*.orders:8443" audience: "orders" source: "token"
          scopes: "read" forward_callers_token: true
          methods { method: "/shop.Orders/Cancel" audience: "cancel" scopes: "a" scopes: "b" } }
)";

TEST(ClientCheckTest, SaysWhichTokensGoWhere) {
  const Outcome outcome = Check(kConfig);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("source token\n  kind        file\n  path        /run/token\n"),
                    HasSubstr("target orders:8443, *.orders:8443\n  audience    orders\n"
                              "  source      token\n  scopes      read\n"
                              "  method      /shop.Orders/Cancel  audience cancel, scopes a b\n"
                              "  weakened by forward_callers_token: the target can do"),
                    HasSubstr("any other target: an error, and no token\n")));
}

TEST(ClientCheckTest, SaysHowAnIssuerIsAsked) {
  const Outcome outcome = RunTool({"client", "check", "examples/tokens/client.textproto"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("  kind        client_credentials\n"
                                           "  endpoint    https://sso.example.com/token\n"
                                           "  client      checkout\n"),
                                 HasSubstr("  proof       secret examples/tokens/client-secret\n"
                                           "  audience as SCOPE aud-{audience}\n"),
                                 HasSubstr("  for callers sso-callers\n"),
                                 HasSubstr("  actor       sso\n"), Not(HasSubstr("weakened"))));
}

TEST(ClientCheckTest, PrintsJson) {
  const Outcome outcome = Check(kConfig, {"--json"});
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  EXPECT_TRUE(document->root().Find("ok")->boolean());
  const internal::JsonValue target = *document->root().Find("targets")->begin();
  EXPECT_EQ(target.Find("audience")->string(), "orders");
  EXPECT_EQ(target.Find("methods")->size(), 1u);
  EXPECT_EQ(target.Find("weakened_by")->size(), 1u);
  EXPECT_THAT(std::string(target.Find("stands_at")->string()), HasSubstr("client.textproto:2"));
}

TEST(ClientCheckTest, NamesTheLineOfAMistake) {
  const Outcome outcome = Check("targets { names: \"a\" audience: \"a\" source: \"mine\" }");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("client.textproto:1"), HasSubstr("\"mine\"")));
  EXPECT_EQ(
      Check("targets { names: \"a\" audience: \"a\" source: \"mine\" }", {"--source", "mine"}).code,
      0);
}

}  // namespace
}  // namespace lanyard::tools
