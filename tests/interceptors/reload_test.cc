// SPDX-License-Identifier: Apache-2.0
// A config that changes while the server runs: a good one rules soon, a bad one never.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

// A rule for Unary that takes the place of its annotation.
std::string UnaryFor(const std::string& who) {
  return absl::StrCat("rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true ", who,
                      " }\n");
}
std::string Subject(const std::string& subject) {
  return UnaryFor("allow { subjects: '" + subject + "' }");
}
constexpr char kTypingError[] = "rules { method: '/lanyard.test.Echo/Unary'\n  alow { } }\n";

class ReloadTest : public ::testing::Test {
 protected:
  ReloadTest() : server_(Api::kCallback, clock_) {
    server_.options.config_files = {server_.files.Write("rules", Subject("svc:a"))};
  }
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }

  bool Allows(const std::string& subject) {
    return MakeCall(channel(), CallType::kUnary,
                    Bearer(server_.issuer.Token().Subject(subject).Sign()))
        .status.ok();
  }
  const std::shared_ptr<grpc::Channel>& channel() {
    if (channel_ == nullptr) channel_ = server_.Channel();
    return channel_;
  }
  ConfigStatus Config() const { return server_.auth->Config(); }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ReloadTest, NewRulesRuleOnceTheFileIsStill) {
  EXPECT_TRUE(Allows("svc:a"));
  EXPECT_FALSE(Allows("svc:b"));
  EXPECT_EQ(Config().loads, 1);
  server_.files.Write("rules", Subject("svc:b"));
  EXPECT_TRUE(Eventually([this] { return Allows("svc:b"); }));
  EXPECT_FALSE(Allows("svc:a"));
  EXPECT_EQ(Config().loads, 2);
  EXPECT_EQ(Config().failures, 0);
}

TEST_F(ReloadTest, ABrokenFileIsSeenAtOnceChangesNothingAndIsForgottenWhenMended) {
  const std::string path = server_.files.Write("rules", kTypingError);
  // Within a second, long before it could rule.
  EXPECT_TRUE(Eventually([this] { return !Config().last_error.empty(); }));
  EXPECT_THAT(Config().last_error, HasSubstr(path + ":2"));
  EXPECT_NE(Config().failing_since, absl::InfiniteFuture());
  EXPECT_TRUE(Eventually([this] { return Config().failures >= 1; }));
  EXPECT_TRUE(Allows("svc:a"));
  EXPECT_EQ(Config().loads, 1);

  server_.files.Write("rules", Subject("svc:b"));
  EXPECT_TRUE(Eventually([this] { return Config().last_error.empty(); }));
  const int64_t failures = Config().failures;  // A file that is wrong is tried again and again.
  EXPECT_EQ(Config().failing_since, absl::InfiniteFuture());
  EXPECT_TRUE(Allows("svc:b"));
  EXPECT_EQ(Config().failures, failures);
}

// Whoever takes a mistake back before the two seconds are over has nothing left that is wrong.
TEST_F(ReloadTest, AMistakeThatIsTakenBackAtOnceIsForgotten) {
  server_.files.Write("rules", kTypingError);
  ASSERT_TRUE(Eventually([this] { return !Config().last_error.empty(); }));
  server_.files.Write("rules", Subject("svc:a"));
  EXPECT_TRUE(Eventually([this] { return Config().last_error.empty(); })) << Config().last_error;
}

TEST_F(ReloadTest, ReloadReadsAtOnceAndSaysWhatIsWrong) {
  server_.files.Write("rules", Subject("svc:b"));
  EXPECT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_TRUE(Allows("svc:b"));
  server_.files.Write("rules", "rules { method: '/lanyard.test.Echo/Unray' nobody: true }");
  EXPECT_THAT(server_.auth->Reload(), IsError(HasSubstr("Unary")));
  EXPECT_THAT(Config().last_error, HasSubstr("rules:1"));
  EXPECT_GE(Config().failures, 1);
  EXPECT_TRUE(Allows("svc:b"));
  std::filesystem::remove(server_.files.Path("rules"));
  EXPECT_FALSE(server_.auth->Reload().ok());
  EXPECT_TRUE(Allows("svc:b"));
}

TEST_F(ReloadTest, AnEmergencyDenialBindsAndABrokenOneShows) {
  server_.files.Write("rules", Subject("svc:a") + "deny { subjects: 'svc:a' }\n");
  ASSERT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_FALSE(Allows("svc:a"));
  server_.files.Write("rules", Subject("svc:a") + "deny { subject: 'svc:b' }\n");
  EXPECT_TRUE(Eventually([this] { return !Config().last_error.empty(); }));
}

TEST_F(ReloadTest, RefusesLongerTokensThanTheServerBeganWith) {
  server_.files.Write("rules", Subject("svc:b") + "max_token_bytes: 32768\n");
  EXPECT_THAT(server_.auth->Reload(), IsError(HasSubstr("max_token_bytes")));
  EXPECT_TRUE(Allows("svc:a"));
  server_.files.Write("rules", Subject("svc:b") + "max_token_bytes: 8192\n");
  EXPECT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_TRUE(Allows("svc:b"));
  server_.files.Write("rules", Subject("svc:a") + "max_token_bytes: 16384\n");
  EXPECT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_TRUE(Allows("svc:a"));
}

TEST(ReloadDeadlineTest, ReadySaysSoOnceTheDeadlineHasPassed) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kSync);
  server.options.clock = clock;
  server.options.config_failure_deadline = absl::Minutes(10);
  server.options.config_files = {server.files.Write("rules", Subject("svc:a"))};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  server.files.Write("rules", kTypingError);
  EXPECT_FALSE(server.auth->Reload().ok());
  EXPECT_THAT(server.auth->Ready(), IsOk());
  clock->Advance(absl::Minutes(10));
  // Failing again does not begin a new deadline.
  EXPECT_FALSE(server.auth->Reload().ok());
  EXPECT_THAT(server.auth->Ready(), IsOk());
  clock->Advance(absl::Seconds(1));
  EXPECT_THAT(server.auth->Ready(), IsError(HasSubstr("rules:2")));
  server.files.Write("rules", Subject("svc:a"));
  EXPECT_THAT(server.auth->Reload(), IsOk());
  EXPECT_THAT(server.auth->Ready(), IsOk());
}

TEST(ReloadFilesTest, SeveralFilesThatChangeOneByOneAreReadAsOne) {
  GatedServer server(Api::kSync);
  const auto rule = [](const char* method, const char* subject) {
    return absl::StrCat("rules { method: '/lanyard.test.Echo/", method,
                        "' replaces_annotation: true allow { subjects: '", subject, "' } }\n");
  };
  const auto write = [&](int file, const char* method, const char* subject) {
    return server.files.Write(absl::StrCat("rules", file), rule(method, subject));
  };
  server.options.config_files = {write(0, "Unary", "svc:a"), write(1, "Collect", "svc:a"),
                                 write(2, "Repeat", "svc:a")};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto allowed = [&, channel = server.Channel()](const char* subject) {
    int count = 0;
    for (const CallType type : {CallType::kUnary, CallType::kCollect, CallType::kRepeat}) {
      count += MakeCall(channel, type, Bearer(server.issuer.Token().Subject(subject).Sign()))
                   .status.ok();
    }
    return count;
  };
  // Unary moves to the file where Collect was and so on: in between, the files are at odds.
  write(0, "Collect", "svc:b");
  EXPECT_TRUE(Eventually([&] { return !server.auth->Config().last_error.empty(); }));
  EXPECT_EQ(allowed("svc:a"), 3);
  write(1, "Repeat", "svc:b");
  write(2, "Unary", "svc:b");
  EXPECT_TRUE(Eventually([&] { return server.auth->Config().loads == 2; }));
  EXPECT_EQ(allowed("svc:b"), 3);
  EXPECT_EQ(allowed("svc:a"), 0);
  EXPECT_EQ(server.auth->Config().loads, 2);
}

TEST(ReloadFilesTest, KubernetesSwapsAllFilesOfAMountByOneLink) {
  GatedServer server(Api::kSync);
  namespace fs = std::filesystem;
  const fs::path mount = server.files.Path("mount");
  const auto revision = [&](const char* name, const char* subject) {
    fs::create_directories(mount / name);
    server.files.Write(absl::StrCat("mount/", name, "/rules"), Subject(subject));
    fs::create_directory_symlink(name, mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
  };
  revision("..1", "svc:a");
  fs::create_symlink("..data/rules", mount / "rules");
  server.options.config_files = {(mount / "rules").string()};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  revision("..2", "svc:b");
  fs::remove_all(mount / "..1");
  EXPECT_TRUE(Eventually([&] { return server.auth->Config().loads == 2; }));
  EXPECT_EQ(server.auth->Config().last_error, "");
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary,
                       Bearer(server.issuer.Token().Subject("svc:b").Sign()))
                  .status.ok());
}

TEST(ReloadKeysTest, KeepsTheKeysOfIssuersThatStayAsTheyWere) {
  GatedServer server(Api::kSync);
  server.options.key_sources.clear();
  const auto issuers = [&](const testing::TestIssuer& issuer) {
    const std::string file = issuer.name() + ".jwks";
    server.files.Write(file, issuer.PublicJwks());
    return issuer.ConfigText(server.files.Path(file));
  };
  const testing::TestIssuer other(Algorithm::kEs256, "other");
  server.options.config_text =
      issuers(server.issuer) + issuers(other) + "annotation_issuers: 'test'\n";
  const std::string rules = UnaryFor("allow { issuers: 'test' subjects: 'svc:test' }");
  server.options.config_files = {server.files.Write("rules", rules)};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  // Were the sources made anew, they would find nothing.
  std::filesystem::remove(server.files.Path("test.jwks"));
  std::filesystem::remove(server.files.Path("other.jwks"));
  for (int i = 0; i < 3; ++i) {
    server.files.Write("rules", absl::StrCat(rules, "# ", i, "\n"));
    EXPECT_THAT(server.auth->Reload(), IsOk());
    EXPECT_EQ(server.auth->Keys()["test"].key_ids.size(), 1u);
  }
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
                  .status.ok());
}

TEST(ReloadShadowTest, AShadowFileIsReadAgainAsWell) {
  GatedServer server(Api::kSync);
  const auto shadow = [&](const char* subject) {
    return server.files.Write("shadow", server.issuer.ConfigText() + Subject(subject));
  };
  server.options.shadow_config_files = {shadow("svc:test")};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto verdict = [&, channel = server.Channel()] {
    EXPECT_TRUE(
        MakeCall(channel, CallType::kUnary, Bearer(server.issuer.Token().Sign())).status.ok());
    return server.audit->last().shadow_allowed;
  };
  EXPECT_EQ(verdict(), true);
  shadow("svc:other");
  EXPECT_TRUE(Eventually([&] { return verdict() == false; }));
  server.files.Write("shadow", "nonsense");
  EXPECT_TRUE(Eventually([&] { return verdict() == std::nullopt; }));
  shadow("svc:test");
  EXPECT_TRUE(Eventually([&] { return verdict() == true; }));
}

}  // namespace
}  // namespace lanyard::test
