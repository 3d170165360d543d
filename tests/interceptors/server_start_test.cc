// SPDX-License-Identifier: Apache-2.0
// What is said when a server starts: keys that serve two purposes, and whether it is ready.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/output_search.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What is printed while a server with these keys is made.
std::string Printed(GatedServer& server) {
  OutputCapture output;
  const auto auth = ServerAuth::Create(server.options);
  const std::string text = output.End();
  EXPECT_TRUE(auth.ok()) << auth.status();
  return text;
}

TEST(KeyWarningsTest, NothingToSay) {
  GatedServer server(Api::kCallback);
  EXPECT_THAT(Printed(server), Not(HasSubstr("WARNING")));
}

TEST(KeyWarningsTest, TwoIssuersWithOneKey) {
  GatedServer server(Api::kCallback);
  const testing::TestIssuer other(Algorithm::kEs256, "other");
  server.options.services.clear();
  server.options.config_text += other.ConfigText();
  server.options.key_sources["other"] = other.Keys();
  EXPECT_THAT(Printed(server), Not(HasSubstr("WARNING")));
  server.options.key_sources["other"] = server.issuer.Keys();
  EXPECT_THAT(Printed(server), HasSubstr("WARNING: the issuers other and test have the same key"));
}

TEST(ObservationWarningTest, SaysWhatSoonWillBeEnforcedOrIsAlready) {
  const auto printed = [](absl::Duration ahead) {
    GatedServer server(Api::kCallback,
                       absl::StrCat("settings { method: '*' enforcement: OBSERVE observe_until: '",
                                    absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() + ahead,
                                                     absl::UTCTimeZone()),
                                    "' }"));
    return Printed(server);
  };
  EXPECT_THAT(printed(absl::Hours(24 * 30)), Not(HasSubstr("WARNING")));
  EXPECT_THAT(printed(absl::Hours(24 * 6)), HasSubstr("* will be enforced from "));
  EXPECT_THAT(printed(-absl::Hours(1)), HasSubstr("* is enforced since "));
}

TEST(KeyWarningsTest, TheKeyOfTlsSignsTokens) {
  GatedServer server(Api::kCallback);
  const Key key = *Key::FromPem(server.files.Read("server.key"));
  server.options.key_sources["test"] =
      std::make_shared<StaticKeySource>(*KeySet({key}).BindTo({Algorithm::kEs256}));
  EXPECT_THAT(Printed(server), HasSubstr("also signs tokens"));
}

// A machine that has just started may think that it is 1970; then no lifetime means anything.
TEST(ReadyTest, NotWhileTheClockIsNotSet) {
  GatedServer server(Api::kCallback);
  const auto clock = std::make_shared<testing::FakeClock>(absl::FromUnixSeconds(100));
  server.options.clock = clock;
  const auto auth = ServerAuth::Create(server.options);
  ASSERT_TRUE(auth.ok()) << auth.status();
  EXPECT_THAT(std::string((*auth)->Ready().message()), HasSubstr("wall clock"));
  clock->Set(absl::FromUnixSeconds(1900000000));
  EXPECT_TRUE((*auth)->Ready().ok());
}

}  // namespace
}  // namespace lanyard::test
