// SPDX-License-Identifier: Apache-2.0
//
// : configs that load and mean something else, and one that ends the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/config.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kIssuer[] =
    "issuers { name: \"a\" issuer: \"https://a.test\" audiences: \"orders\" algorithms: ES256 "
    "jwks_file: \"a.jwks\" }\n";

// policy.md: "${NAME} is … an error elsewhere"; config.proto: "In all other fields it is a load
// error". A deny that names nobody is the unsafe way to be wrong.
TEST(ConfigTest, AVariableInDenyIsALoadError) {
  for (const char* deny : {"deny { subjects: '${COMPROMISED}' }", "deny { clients: '${APP}' }"}) {
    EXPECT_THAT(LoadConfig({}, absl::StrCat(kIssuer, deny)), IsError(HasSubstr("${"))) << deny;
  }
}

TEST(ConfigTest, AVariableInMinVersionOrSettingsIsNamedAsSuch) {
  EXPECT_THAT(LoadConfig({}, absl::StrCat(kIssuer,
                                          "settings { method: '*' enforcement: OBSERVE "
                                          "observe_until: '${UNTIL}' }")),
              IsError(HasSubstr("${…}")));
}

// CheckVersion skips unknown fields without a bound on how deep they go.
TEST(ConfigDeathTest, ADeepUnknownFieldIsAnErrorAndNotACrash) {
  std::string text = kIssuer;
  for (int i = 0; i < 300000; ++i) text += "x{";
  EXPECT_EXIT(
      {
        const bool ok = LoadConfig({}, text).ok();
        std::_Exit(ok ? 1 : 0);
      },
      ::testing::ExitedWithCode(0), "");
}

// What a variable holds may be a secret; whoever reads the error (logs, Config().last_error, a
// readiness probe's text) is not always whoever may know it.
TEST(ConfigTest, ErrorsDoNotRepeatWhatVariablesHold) {
  ::setenv("LANYARD_TEST_SECRET", "s3cr3t-value", 1);
  const auto with = [](const std::string& more) {
    return absl::StrCat(
        "issuers { name: 'a' issuer: 'https://a.test' audiences: 'o' algorithms: ES256 ", more,
        " }");
  };
  for (const char* more : {
           "jwks_url: 'https://user:${LANYARD_TEST_SECRET}@keys.test/k'",
           "jwks_url: 'ftp://${LANYARD_TEST_SECRET}'",
           "discovery_url: 'https://a.test/.well-known/openid-configuration' fetch { proxy: "
           "'http://user:${LANYARD_TEST_SECRET}@proxy:80' }",
           "discovery_url: 'https://a.test/' fetch { key_hosts: '${LANYARD_TEST_SECRET}' }",
           "discovery_url: 'https://a.test/' fetch { bearer_token_file: 'f' bearer_hosts: "
           "'${LANYARD_TEST_SECRET}' }",
       }) {
    const auto loaded = LoadConfig({}, with(more));
    ASSERT_FALSE(loaded.ok()) << more;
    EXPECT_THAT(std::string(loaded.status().message()), Not(HasSubstr("s3cr3t"))) << more;
  }
}

// config.proto: an older Lanyard says that it is too old "rather than stumble over a field that it
// does not know"; a new enum value, which is what profiles grow by, before it makes it stumble.
TEST(ConfigTest, MinVersionIsSeenBehindAnUnknownEnumValue) {
  EXPECT_THAT(LoadConfig({},
                         "issuers { name: 'a' profile: FROM_THE_FUTURE }\n"
                         "min_lanyard_version: '99.0.0'\n"),
              IsError(HasSubstr("needs Lanyard 99.0.0")));
}

}  // namespace
}  // namespace lanyard
