// SPDX-License-Identifier: Apache-2.0
// A token file that changes while a client sends what it holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/authenticated_channel.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

namespace fs = std::filesystem;
using testing::FakeClock;
using ::testing::HasSubstr;

// Issuer, server and client go by the test's clock.
class TokenFilesTest : public ClientAuthTest {
 protected:
  void SetUp() override {
    server_.options.config_text = issuer_.ConfigText();
    server_.options.key_sources["test"] = issuer_.Keys();
    server_.options.clock = clock_;
    ASSERT_NO_FATAL_FAILURE(ClientAuthTest::SetUp());
  }
  std::string Token(const std::string& subject, absl::Duration life = absl::Minutes(5)) const {
    return issuer_.Token().Subject(subject).ExpiresIn(life).Sign();
  }
  std::string path() const { return server_.files.Path("token"); }
  void Write(const std::string& content) const { server_.files.Write("token", content); }

  void StartClient() {
    ClientAuthOptions options = Options(FileTokenSource(path(), clock_));
    options.clock = clock_;
    auth_ = *ClientAuth::Create(options);
    channel_ = *auth_->CreateChannel(target());
  }
  // Whose token a call goes out with.
  std::string CallAs() const {
    const Outcome outcome = MakeCall(channel_, CallType::kUnary);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    return outcome.text;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::Now());
  const testing::TestIssuer issuer_{Algorithm::kEs256, "test", clock_};
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::Channel> channel_;
};

// As the kubelet does it: "token" leads to "..data/token", and "..data" to a folder whose name says
// when it was made. A new folder is put in place by renaming the link; the old one goes at once.
class ProjectedVolume {
 public:
  explicit ProjectedVolume(std::string folder) : folder_(std::move(folder)) {
    fs::create_directory(folder_);
    fs::create_symlink("..data/token", path());
  }
  std::string path() const { return folder_ + "/token"; }

  void Replace(const std::string& token) {
    const std::string name = absl::StrCat("..2030_", ++count_);
    fs::create_directory(absl::StrCat(folder_, "/", name));
    std::ofstream(absl::StrCat(folder_, "/", name, "/token")) << token;
    fs::create_symlink(name, folder_ + "/..data_tmp");
    fs::rename(folder_ + "/..data_tmp", folder_ + "/..data");
    fs::remove_all(absl::StrCat(folder_, "/..2030_", count_ - 1));
  }

 private:
  const std::string folder_;
  int count_ = 0;
};

// Each token can be used for ten seconds, and is replaced when five of them are over.
TEST_F(TokenFilesTest, AProjectedVolumeIsReplacedUnderCallers) {
  constexpr int kTokens = 60;
  ProjectedVolume volume(server_.files.Path("volume"));
  const auto replace = [&](int number) {
    volume.Replace(Token(absl::StrCat(number), absl::Seconds(40)));
  };
  replace(1);
  ClientAuthOptions options = Options(FileTokenSource(volume.path(), clock_));
  options.clock = clock_;
  const auto channel = Connect(options);

  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, failed{0}, newest{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      while (!stop) {
        const Outcome outcome = MakeCall(channel, CallType::kUnary);
        int number = 0;
        if (!outcome.status.ok() || !absl::SimpleAtoi(outcome.text, &number)) {
          ++failed;
          ADD_FAILURE() << outcome.status.error_message();
        }
        for (int seen = newest; number > seen && !newest.compare_exchange_weak(seen, number);) {
        }
        ++calls;
      }
    });
  }
  for (int number = 2; number <= kTokens; ++number) {
    replace(number);
    clock_->Advance(absl::Seconds(1));
    const int wanted = calls + 16;
    ASSERT_TRUE(Eventually([&] { return calls >= wanted; })) << "calls hang";
    EXPECT_GE(newest, number - 10);
  }
  clock_->Advance(absl::Seconds(5));
  EXPECT_TRUE(Eventually([&] { return newest == kTokens; })) << newest;
  stop = true;
  for (std::thread& thread : callers) thread.join();
  EXPECT_EQ(failed, 0);
}

// What somebody may leave in the file, and what the client says of it.
struct Broken {
  const char* name;
  std::function<std::string(const std::string& token)> content;
  const char* says;
  bool names_the_file = true;
};

class BrokenTokenFileTest : public TokenFilesTest, public ::testing::WithParamInterface<Broken> {
 protected:
  void Break() const { Write(GetParam().content(Token("second"))); }
  void ExpectSaid(const std::string& text) const {
    if (GetParam().names_the_file) {
      EXPECT_THAT(text, HasSubstr(path()));
    }
    EXPECT_THAT(text, HasSubstr(GetParam().says));
  }
};

TEST_P(BrokenTokenFileTest, TheOldTokenGoesOnAndTheNextIsTakenByItself) {
  Write(Token("first"));
  StartClient();
  EXPECT_EQ(CallAs(), "first");
  Break();
  clock_->Advance(absl::Seconds(211));  // It has a minute left before it counts as expired.
  const auto described = [this] { return auth_->Describe().text; };
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(CallAs(), "first");
    return HasFailure() || ::testing::Value(described(), HasSubstr("last_error: "));
  }));
  ExpectSaid(described());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CallAs(), "first");
  Write(Token("second"));
  clock_->Advance(absl::Seconds(30));
  EXPECT_TRUE(Eventually([&] { return HasFailure() || CallAs() == "second"; }));
}

TEST_P(BrokenTokenFileTest, WithoutAnOldTokenCallsFailUntilItIsMended) {
  Break();
  StartClient();
  const grpc::Status status = MakeCall(channel_, CallType::kUnary).status;
  EXPECT_FALSE(status.ok());
  ExpectSaid(status.error_message());
  EXPECT_TRUE(server_.audit->events().empty()) << "it was sent";
  Write(Token("second"));
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(CallAs(), "second");
}

INSTANTIATE_TEST_SUITE_P(
    , BrokenTokenFileTest,
    ::testing::Values(
        Broken{"Empty", [](const std::string&) { return ""; }, "is empty"},
        Broken{"ByteOrderMark", [](const std::string& token) { return "\xEF\xBB\xBF" + token; },
               "something else than one token"},
        Broken{"TwoLines", [](const std::string& token) { return token + "\n" + token; },
               "something else than one token"},
        Broken{"HalfOfTheHeader",
               [](const std::string& token) { return token.substr(0, token.find('.') / 2); },
               "the token is no JWT", /*names_the_file=*/false},
        Broken{"HalfOfTheClaims",
               [](const std::string& token) { return token.substr(0, token.size() / 2); },
               "cut short"},
        Broken{"NoSignature",
               [](const std::string& token) { return token.substr(0, token.rfind('.') + 1); },
               "cut short"},
        Broken{"HalfOfTheSignature",
               [](const std::string& token) { return token.substr(0, token.size() - 40); },
               "cut short"}),
    [](const auto& info) { return info.param.name; });

TEST_F(TokenFilesTest, AMissingFileIsTakenWhenItComesBack) {
  Write(Token("first"));
  StartClient();
  EXPECT_EQ(CallAs(), "first");
  fs::remove(path());
  clock_->Advance(absl::Seconds(211));
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(CallAs(), "first");
    return HasFailure() || ::testing::Value(auth_->Describe().text, HasSubstr(path()));
  }));
  Write(Token("second"));
  clock_->Advance(absl::Seconds(30));
  EXPECT_TRUE(Eventually([&] { return HasFailure() || CallAs() == "second"; }));
}

TEST_F(TokenFilesTest, AnExpiredTokenInTheFileReplacesNoGoodOne) {
  Write(Token("first"));
  const std::string expired = Token("expired", absl::Minutes(1));
  StartClient();
  EXPECT_EQ(CallAs(), "first");
  Write(expired);
  clock_->Advance(absl::Seconds(211));
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(CallAs(), "first");
    return HasFailure() ||
           ::testing::Value(auth_->Describe().text, HasSubstr("a token that expired "));
  }));
  Write(Token("second"));
  clock_->Advance(absl::Seconds(30));
  EXPECT_TRUE(Eventually([&] { return HasFailure() || CallAs() == "second"; }));
}

}  // namespace
}  // namespace lanyard::test
