// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "tests/tools/lanyard/issuer_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IssuerConfigFile;
using ::lanyard::testing::kIssuer;
using ::lanyard::testing::OpenStore;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RevocationsIn;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::RunWith;
using ::lanyard::testing::TempFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

v1::Client ClientIn(const std::string& config, const std::string& name) {
  auto client = Accounts(kIssuer, OpenStore(config)).FindClient(name);
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *client : v1::Client();
}

// A JWK Set with the public half of a new key.
std::string NewJwks() {
  const std::string key = TempFile("key", RunTool({"key", "new", "--alg", "ES256"}).out);
  return TempFile("jwks.json", RunTool({"key", "public", key, "--format", "jwks"}).out);
}

TEST(ClientAddTest, AddsWhatTheOptionsSay) {
  const std::string config = IssuerConfigFile();
  const Outcome outcome = RunWith(config, {"client",
                                           "add",
                                           "orders",
                                           "--certificate-name",
                                           "spiffe://prod/orders",
                                           "--certificate-name",
                                           "orders.prod",
                                           "--jwks",
                                           NewJwks(),
                                           "--grant",
                                           "payments=pay",
                                           "--exchange",
                                           "mail=send",
                                           "--receives",
                                           "front",
                                           "--visible-claim",
                                           "roles",
                                           "--signs-users-in",
                                           "--certificate-bound",
                                           "--impersonation-without-trace"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out, "client orders is there\n");
  const v1::Client client = ClientIn(config, "orders");
  EXPECT_THAT(client.certificate_names(), ElementsAre("spiffe://prod/orders", "orders.prod"));
  EXPECT_THAT(client.jwks(), HasSubstr("\"kty\":\"EC\""));
  ASSERT_THAT(client.grants(), SizeIs(1));
  EXPECT_EQ(client.grants(0).audience(), "payments");
  ASSERT_THAT(client.exchanges(), SizeIs(1));
  EXPECT_EQ(client.exchanges(0).audience(), "mail");
  EXPECT_THAT(client.receives(), ElementsAre("front"));
  EXPECT_THAT(client.visible_claims(), ElementsAre("roles"));
  EXPECT_TRUE(client.signs_users_in());
  EXPECT_TRUE(client.certificate_bound());
  EXPECT_TRUE(client.impersonation_without_trace());
  EXPECT_THAT(RunWith(config, {"client", "show", "orders"}).out,
              HasSubstr("  weakened by   impersonation_without_trace: "));
}

TEST(ClientAddTest, TakesKeysFromStandardInput) {
  const std::string config = IssuerConfigFile();
  const std::string jwks = testing::ReadTextFile(NewJwks());
  EXPECT_EQ(RunWith(config, {"client", "add", "checkout", "--jwks", "-"}, jwks).code, 0);
  EXPECT_EQ(ClientIn(config, "checkout").jwks(), jwks);
}

struct Mistake {
  std::vector<std::string> args;
  int code;
  const char* error;
};

TEST(ClientCommandsTest, MistakesNameTheOptionAndWhatWouldBeRight) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"client", "add", "web", "--signs-users-in"}).code, 0);
  const std::string private_key = TempFile(
      "private", absl::StrCat("{\"keys\":[", RunTool({"key", "new", "--alg", "ES256"}).out, "]}"));
  const std::vector<Mistake> mistakes = {
      {{"add", "svc"}, 1, "--certificate-name, --jwks, --signs-users-in: one is required"},
      {{"add", "web", "--signs-users-in"}, 1, "there is a \"web\" already; `lanyard client list`"},
      {{"add", "a b", "--signs-users-in"}, 1, "NAME: "},
      {{"add", "svc", "--certificate-name", "*.prod"}, 1, "--certificate-name: each is a whole"},
      {{"add", "svc", "--jwks", private_key}, 1, "the private half of key"},
      {{"add", "svc", "--jwks", "/nowhere"}, 1, "/nowhere: No such file"},
      {{"add", "svc", "--jwks", "/dev/null"}, 1, "--jwks: a JWK Set has 1 byte"},
      {{"add", "app", "--signs-users-in", "--exchange", "a=b"},
       1,
       "--exchange: needs --certificate-name or --jwks: anybody could ask"},
      {{"add", "app", "--signs-users-in", "--certificate-bound"},
       1,
       "--certificate-bound: needs --certificate-name"},
      {{"add", "app", "--signs-users-in", "--visible-claim", "scope"}, 1, "--visible-claim: "},
      {{"add", "app", "--signs-users-in=yes"}, 2, "--signs-users-in takes no value"},
      {{"set", "web"}, 2, "nothing to change"},
      {{"set", "web", "--signs-users-in", "maybe"}, 2, "--signs-users-in takes yes or no"},
      {{"set", "web", "--signs-users-in", "no"}, 1, "one is required"},
      {{"set", "web", "--jwks", "x", "--remove-jwks"}, 2, "--remove-jwks is one word too many"},
      {{"set", "web", "--remove-exchange", "x"}, 1, "--remove-exchange: there is nothing for"},
      {{"set", "none", "--grant", "a=b"}, 1, "there is no \"none\"; `lanyard client list`"},
      {{"show", "none"}, 1, "there is no \"none\""},
      {{"disable", "none"}, 1, "there is no \"none\""},
      {{"enable"}, 2, "missing NAME"},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> args = mistake.args;
    args.insert(args.begin(), "client");
    const Outcome outcome = RunWith(config, args);
    EXPECT_EQ(outcome.code, mistake.code) << mistake.error << ": " << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(mistake.error));
    EXPECT_THAT(outcome.err, StartsWith(absl::StrCat("lanyard client ", mistake.args[0], ": ")));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_EQ(RunWith(config, {"client", "list"}).out, "web\n");
}

TEST(ClientCommandsTest, SetChangesWhatItNamesAndNothingElse) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"client", "add", "svc", "--certificate-name", "old", "--grant", "a=1",
                             "--grant", "b=1", "--receives", "x", "--visible-claim", "roles",
                             "--certificate-bound"})
                .code,
            0);
  ASSERT_EQ(RunWith(config, {"client", "set", "svc", "--certificate-name", "new", "--remove-grant",
                             "a", "--grant", "b=2", "--remove-receives", "--signs-users-in", "yes",
                             "--certificate-bound", "no"})
                .code,
            0);
  EXPECT_EQ(RunWith(config, {"client", "show", "svc", "--json"}).out,
            "{\"ok\":true,\"client\":{\"name\":\"svc\",\"disabled\":false,\"certificate_names\":["
            "\"new\"],\"signs_users_in\":true,\"grants\":[{\"audience\":\"b\",\"scopes\":[\"2\"]}],"
            "\"visible_claims\":[\"roles\"],\"exchanges\":[],\"receives\":[],"
            "\"certificate_bound\":false,\"impersonation_without_trace\":false}}\n");
  EXPECT_THAT(RevocationsIn(config), IsEmpty());
  ASSERT_EQ(RunWith(config, {"client", "set", "svc", "--revoke-tokens"}).code, 0);
  ASSERT_FALSE(RevocationsIn(config).empty());
  EXPECT_EQ(RevocationsIn(config).back().subject(), "svc:svc");
}

TEST(ClientCommandsTest, DisableWithdrawsItsTokens) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"client", "add", "svc", "--certificate-name", "svc"}).code, 0);
  EXPECT_EQ(RunWith(config, {"client", "disable", "svc"}).out,
            "client svc is disabled, and its tokens are withdrawn\n");
  EXPECT_TRUE(ClientIn(config, "svc").disabled());
  const size_t withdrawn = RevocationsIn(config).size();
  EXPECT_GE(withdrawn, 1u);
  EXPECT_EQ(RunWith(config, {"client", "enable", "svc"}).out, "client svc is enabled\n");
  EXPECT_FALSE(ClientIn(config, "svc").disabled());
  EXPECT_EQ(RevocationsIn(config).size(), withdrawn);
  EXPECT_EQ(RunWith(config, {"client", "list", "--json"}).out,
            "{\"ok\":true,\"clients\":[\"svc\"]}\n");
}

}  // namespace
}  // namespace lanyard::tools
