// SPDX-License-Identifier: Apache-2.0
// What a client's config may say, and what is said of one that is wrong.
#include "lanyard/sdk/client_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFile[] = R"(sources { name: "file" file { path: "token" } }
)";
constexpr char kExchange[] = R"(sources { name: "swap" token_exchange { request { client {
  token_url: "https://sso.example.test/token" ca_file: "ca.pem" client_secret_file: "/abs/secret" } } } }
)";
constexpr char kTarget[] = R"(targets { names: "orders:8443" audience: "orders" source: "file" }
)";

class ClientConfigTest : public ::testing::Test {
 protected:
  absl::StatusOr<LoadedClientConfig> Load(const std::string& text,
                                          const std::set<std::string>& more = {}) const {
    return LoadClientConfig(folder_.Write("client.textproto", text), more);
  }
  // What is said of a config whose first source and target are in order.
  absl::Status Refused(const std::string& more) const {
    return Load(absl::StrCat(kFile, kTarget, more)).status();
  }

  const testing::TempFolder folder_;
};

TEST_F(ClientConfigTest, IsReadWithItsPlacesAndPaths) {
  const auto loaded = Load(absl::StrCat(kFile, kExchange, kTarget));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.sources(0).file().path(), folder_.Path("token"));
  const v1::OAuthClient& client = loaded->config.sources(1).token_exchange().request().client();
  EXPECT_EQ(client.ca_file(), folder_.Path("ca.pem"));
  EXPECT_EQ(client.client_secret_file(), "/abs/secret");
  EXPECT_EQ(client.private_key_file(), "");
  const std::string file = folder_.Path("client.textproto");
  EXPECT_THAT(loaded->source_locations, ElementsAre(file + ":1", file + ":2"));
  EXPECT_THAT(loaded->target_locations, ElementsAre(file + ":4"));
}

TEST_F(ClientConfigTest, TheExampleIsGood) {
  const auto loaded = LoadClientConfig("examples/tokens/client.textproto");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.sources_size(), 3);
  EXPECT_EQ(loaded->config.targets_size(), 2);
}

TEST_F(ClientConfigTest, ErrorsNameTheLineAndWhatWouldBeRight) {
  const std::string file = folder_.Path("client.textproto");
  EXPECT_THAT(Refused("targets { name: \"a\" }"),
              IsError(AllOf(HasSubstr(file + ":3"), HasSubstr("did you mean names?"))));
  EXPECT_THAT(Refused("targets { names: \"a\" audience: \"a\" source: \"fil\" }"),
              IsError(AllOf(HasSubstr(file + ":3"), HasSubstr("target \"a\": source:"),
                            HasSubstr("did you mean file?"))));
  EXPECT_THAT(LoadClientConfig("/no/such/file"), IsError(HasSubstr("/no/such/file")));
}

TEST_F(ClientConfigTest, RefusesSourcesThatMakeNoSense) {
  EXPECT_THAT(Refused("sources { file { path: \"x\" } }"), IsError(HasSubstr("[a-z0-9._-]")));
  EXPECT_THAT(Refused("sources { name: \"A\" file { path: \"x\" } }"),
              IsError(HasSubstr("[a-z0-9._-]")));
  EXPECT_THAT(Refused("sources { name: \"x\" }"), IsError(HasSubstr("one of file")));
  EXPECT_THAT(Refused("sources { name: \"file\" file { path: \"x\" } }"),
              IsError(HasSubstr("another has that name")));
  EXPECT_THAT(Load(absl::StrCat(kFile, kTarget), {"file"}),
              IsError(HasSubstr("here or in the program")));
  EXPECT_THAT(Refused("sources: [{ name: \"x\" file {} }, { name: \"y\" file {} }]"),
              IsError(HasSubstr("once for each")));
  EXPECT_THAT(Refused("sources { name: \"x\" token_exchange { actor_source: \"gone\" } }"),
              IsError(HasSubstr("actor_source: no source is called \"gone\"")));
  EXPECT_THAT(Refused("sources { name: \"x\" token_exchange { actor_source: \"x\" } }"),
              IsError(HasSubstr("has none for this client itself")));
}

TEST_F(ClientConfigTest, RefusesTargetsThatMakeNoSense) {
  EXPECT_THAT(Load(kFile), IsError(HasSubstr("no targets")));
  EXPECT_THAT(Load(""), IsError(HasSubstr("no targets")));
  EXPECT_THAT(Refused("targets { audience: \"a\" source: \"file\" }"),
              IsError(HasSubstr("names is required")));
  EXPECT_THAT(Refused("targets { names: \"orders:8443\" audience: \"a\" source: \"file\" }"),
              IsError(AllOf(HasSubstr("stands already at"), HasSubstr(":2"))));
  EXPECT_THAT(Refused("targets { names: \"a\" audience: \"a\" source: \"file\" scopes: \"a b\" }"),
              IsError(AllOf(HasSubstr(":3"), HasSubstr("\"a b\" is no scope"))));
  EXPECT_THAT(Refused("targets { names: \"a\" source: \"file\" }"),
              IsError(HasSubstr("exactly one of audience")));
  EXPECT_THAT(Refused("targets { names: \"a\" audience: \"a\" audience_from_service_url: true }"),
              IsError(HasSubstr("exactly one of audience")));
  EXPECT_THAT(Refused("targets { names: \"a\" audience: \"a\" }"),
              IsError(HasSubstr("source: required")));
  EXPECT_THAT(
      Refused(
          "targets { names: \"a\" audience: \"a\" source: \"file\" exchange_source: \"file\" }"),
      IsError(HasSubstr("a token_exchange is needed here")));
  EXPECT_THAT(Refused("targets { names: \"a\" audience: \"a\" source: \"file\" methods { method: "
                      "\"/a.B/C\" source: \"x\" } }"),
              IsError(HasSubstr("methods: source: no source is called \"x\"")));
  const std::string exchange = absl::StrCat(kFile, kExchange);
  EXPECT_THAT(
      Load(absl::StrCat(exchange, "targets { names: \"a\" audience: \"a\" source: \"swap\" }")),
      IsError(HasSubstr("has none for this client itself")));
}

TEST_F(ClientConfigTest, TakesSourcesOfTheProgramForEitherUse) {
  EXPECT_THAT(
      Load("targets { names: \"a\" audience: \"a\" source: \"own\" exchange_source: \"own\" }",
           {"own"}),
      IsOk());
}

TEST_F(ClientConfigTest, ExpandsVariablesInAddressesAndPathsOnly) {
  setenv("LANYARD_TEST_REGION", "eu", 1);
  const auto loaded = Load(
      absl::StrCat("sources { name: \"file\" file { path: \"/run/${LANYARD_TEST_REGION}\" } }\n",
                   "targets { names: \"orders.${LANYARD_TEST_REGION}:8443\"",
                   " audience: \"orders-${LANYARD_TEST_REGION}\" source: \"file\" }"));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.sources(0).file().path(), "/run/eu");
  EXPECT_EQ(loaded->config.targets(0).names(0), "orders.eu:8443");
  EXPECT_EQ(loaded->config.targets(0).audience(), "orders-eu");
  EXPECT_THAT(Refused("sources { name: \"${LANYARD_TEST_REGION}\" file { path: \"x\" } }"),
              IsError(HasSubstr("${")));
  EXPECT_THAT(
      Refused("targets { names: \"a\" audience: \"${LANYARD_TEST_GONE}\" source: \"file\" }"),
      IsError(HasSubstr("LANYARD_TEST_GONE")));
}

TEST_F(ClientConfigTest, AnOlderLanyardSaysSo) {
  EXPECT_THAT(Refused("min_lanyard_version: \"99.0.0\" what_is_this: 1"),
              IsError(HasSubstr("99.0.0")));
}

TEST_F(ClientConfigTest, ErrorsAreSafeToShow) {
  EXPECT_THAT(
      Refused("targets { names: \"\\033[2J\" audience: \"a\" source: \"\\033[2J\" }").message(),
      ::testing::Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace lanyard
