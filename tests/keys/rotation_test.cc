// SPDX-License-Identifier: Apache-2.0
// Keys that rotate every second under a hundred callers, from a real nginx to real calls.
// LANYARD_ROTATION_SECONDS makes it last longer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/gated_server.h"
#include "tests/keys/nginx_server.h"
#include "tests/keys/remote_keys.h"

namespace lanyard::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

int SecondsToRun() {
  const char* const text = std::getenv("LANYARD_ROTATION_SECONDS");
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : 12;
}

class RotationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    for (int i = 0; i < SecondsToRun() + 4; ++i) issuers_.push_back(NewIssuer());
    Publish(0, 1);
    nginx_.Start();
  }

  static std::unique_ptr<testing::TestIssuer> NewIssuer() {
    return std::make_unique<testing::TestIssuer>();
  }

  // The keys from one to another, without the last.
  void Publish(size_t from, size_t to) {
    std::vector<std::string> keys;
    for (size_t i = from; i < to; ++i) keys.push_back(*issuers_[i]->key().ToPublicJwk());
    nginx_.Serve("jwks", "{\"keys\":[" + absl::StrJoin(keys, ",") + "]}");
  }

  RemoteKeySourceOptions Options() const {
    RemoteKeySourceOptions options;
    options.name = "test";
    options.algorithms = {Algorithm::kEs256};
    options.jwks_url = nginx_.Url("jwks");
    options.ca_file = files_.Client().root_certificates;
    options.https = Https();
    return options;
  }

  void StartServer(RemoteKeySourceOptions options) {
    std::shared_ptr<const KeySource> source = *RemoteKeySource::Create(std::move(options));
    server_.options.key_sources["test"] = source;
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    ASSERT_TRUE(Soon([this] { return server_.auth->Ready().ok(); })) << server_.auth->Ready();
  }

  // Whether the server comes to know a key.
  ::testing::AssertionResult Learns(size_t key) const {
    return Soon([&] {
      const std::vector<std::string> ids = server_.auth->Keys().at("test").key_ids;
      return std::count(ids.begin(), ids.end(), issuers_[key]->key().PrintableId()) > 0;
    });
  }
  // The oldest key that is still published. One stays for long after it has signed: its tokens may
  // still be under way, from callers for whom the machine had no time.
  static size_t Oldest(size_t second) { return second < 5 ? 0 : second - 5; }

  // A hundred callers, each with a token of the key that signs just then, while `rotate` is called
  // every second with its number, until something fails. Gives what they got.
  std::map<std::string, int> CallWhile(const std::function<Outcome()>& call,
                                       const std::function<void(size_t)>& rotate) {
    std::mutex mutex;
    std::map<std::string, int> outcomes;
    std::atomic<bool> done{false};
    std::vector<std::thread> callers;
    for (int c = 0; c < 100; ++c) {
      callers.emplace_back([&] {
        while (!done) {
          const Outcome outcome = call();
          const std::string message = outcome.status.error_message();
          {
            std::lock_guard<std::mutex> lock(mutex);
            ++outcomes[outcome.status.ok() ? "OK" : message.substr(0, message.find(" [lanyard "))];
          }
          std::this_thread::sleep_for(milliseconds(100));
        }
      });
    }
    for (int second = 0; second < SecondsToRun() && !HasFailure(); ++second) {
      std::this_thread::sleep_for(seconds(1));
      rotate(static_cast<size_t>(second));
    }
    done = true;
    for (std::thread& caller : callers) caller.join();
    for (const auto& [outcome, count] : outcomes) std::printf("%6d %s\n", count, outcome.c_str());
    return outcomes;
  }

  // A client of whatever language: it puts the token there by itself.
  std::function<Outcome()> AnyClient() {
    return [this, channel = server_.Channel()] {
      return MakeCall(channel, CallType::kUnary, Bearer(issuers_[signing_]->Token().Sign()));
    };
  }

  // A Lanyard client, with a new token for each call.
  std::function<Outcome()> LanyardClient() {
    class Source final : public TokenSource {
     public:
      explicit Source(const RotationTest* test) : test_(test) {}
      void Fetch(const TokenRequest& /*request*/, TokenCallback done) override {
        done(BearerToken(test_->issuers_[test_->signing_]->Token().Sign(),
                         absl::Now() + absl::Seconds(32)));
      }

     private:
      const RotationTest* const test_;
    };
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = std::make_shared<Source>(this);
    options.tls = server_.files.Client();
    options.retry_unavailable = true;
    auto channel = CreateChannel(absl::StrCat("localhost:", server_.port), std::move(options));
    EXPECT_THAT(channel, testing::IsOk());
    return [channel = *channel] { return MakeCall(channel, CallType::kUnary, {}); };
  }

  const testing::TestCertificates files_;
  NginxServer nginx_{files_};
  std::vector<std::unique_ptr<testing::TestIssuer>> issuers_;
  std::atomic<size_t> signing_{0};
  GatedServer server_{Api::kCallback};
};

// Published a refresh before it signs, as security rule 48 has it.
TEST_F(RotationTest, KeysThatArePublishedAheadDropNoCall) {
  RemoteKeySourceOptions options = Options();
  options.refresh = absl::Seconds(1);
  Publish(0, 4);
  ASSERT_NO_FATAL_FAILURE(StartServer(options));
  const auto outcomes = CallWhile(AnyClient(), [&](size_t second) {
    // A busy machine may need longer for a refresh.
    EXPECT_TRUE(Learns(second + 1));
    signing_ = second + 1;
    Publish(Oldest(second), second + 5);
  });
  EXPECT_EQ(outcomes.size(), 1u);
  EXPECT_GT(outcomes.at("OK"), 100);
}

// Published when it signs already: callers may be told to come again, but never that they are
// nobody, so none throws its token away.
TEST_F(RotationTest, KeysThatSignAtOnceRefuseNobodyForGood) {
  ASSERT_NO_FATAL_FAILURE(StartServer(Options()));
  const auto outcomes = CallWhile(AnyClient(), [&](size_t second) {
    EXPECT_TRUE(Learns(second));  // The one that signs now.
    Publish(Oldest(second), second + 2);
    signing_ = second + 1;
  });
  EXPECT_GT(outcomes.at("OK"), 100);
  for (const auto& outcome : outcomes) {
    EXPECT_THAT(outcome.first, ::testing::AnyOf("OK", "token cannot be verified now"));
  }
}

TEST_F(RotationTest, AndWithLanyardClientsThatMayRetryNoCallFails) {
  ASSERT_NO_FATAL_FAILURE(StartServer(Options()));
  const auto outcomes = CallWhile(LanyardClient(), [&](size_t second) {
    EXPECT_TRUE(Learns(second));  // The one that signs now.
    Publish(Oldest(second), second + 2);
    signing_ = second + 1;
  });
  EXPECT_EQ(outcomes.size(), 1u) << ::testing::PrintToString(outcomes);
  EXPECT_GT(outcomes.at("OK"), 100);
}

// A server that is up before its issuer: not ready, and says so.
TEST_F(RotationTest, ReadinessFollowsTheKeys) {
  nginx_.Stop();
  server_.options.key_sources["test"] = *RemoteKeySource::Create(Options());
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  EXPECT_THAT(std::string(server_.auth->Ready().message()),
              ::testing::StartsWith("issuer test: no keys yet: "));
  const std::string token = issuers_[0]->Token().Sign();
  const auto channel = server_.Channel();
  EXPECT_EQ(MakeCall(channel, CallType::kUnary, Bearer(token)).status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
  ASSERT_TRUE(
      Soon([this] { return server_.auth->Keys().at("test").failures.count("unreachable") > 0; }));
  nginx_.Start();
  EXPECT_TRUE(Soon([this] { return server_.auth->Ready().ok(); })) << server_.auth->Ready();
  const KeySourceStatus status = server_.auth->Keys().at("test");
  EXPECT_EQ(status.key_ids.size(), 1u);
  EXPECT_GE(status.failures.at("unreachable"), 1);
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary, Bearer(token)).status.ok());
}

}  // namespace
}  // namespace lanyard::test
