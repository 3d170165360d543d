// SPDX-License-Identifier: Apache-2.0
// The promise: a handler never runs for a caller whom the policy did not allow, whatever the API it
// is written with and whatever the kind of call.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <tuple>

#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::Combine;
using ::testing::HasSubstr;
using ::testing::ValuesIn;

class RefusedCallsTest : public ::testing::TestWithParam<std::tuple<Api, CallType>> {
 protected:
  void SetUp() override {
    server_ = std::make_unique<GatedServer>(std::get<0>(GetParam()));
    ASSERT_NO_FATAL_FAILURE(server_->Start());
  }

  void ExpectRefused(const std::vector<std::pair<std::string, std::string>>& headers,
                     AuthFailure failure) {
    const Outcome outcome = MakeCall(server_->Channel(), std::get<1>(GetParam()), headers);
    EXPECT_EQ(outcome.status.error_code(), static_cast<int>(AuthFailureCode(failure)));
    EXPECT_THAT(outcome.status.error_message(),
                ::testing::StartsWith(std::string(AuthFailureWireText(failure)) + " [lanyard "));
    EXPECT_EQ(server_->audit->last().failure, failure) << server_->audit->last().detail;
    EXPECT_EQ(server_->echo.handled().runs, 0);
  }

  std::unique_ptr<GatedServer> server_;
};

TEST_P(RefusedCallsTest, RunsNoHandlerForACallWithoutAToken) {
  ExpectRefused({}, AuthFailure::kMissingToken);
}

TEST_P(RefusedCallsTest, RunsNoHandlerForAForgedToken) {
  const testing::TestIssuer stranger(Algorithm::kEs256, "test");
  ExpectRefused(Bearer(stranger.Token().KeyId(server_->issuer.key().id()).Sign()),
                AuthFailure::kBadSignature);
}

TEST_P(RefusedCallsTest, RunsNoHandlerForAnExpiredToken) {
  ExpectRefused(
      Bearer(
          server_->issuer.Token().IssuedIn(-absl::Minutes(10)).ExpiresIn(-absl::Minutes(1)).Sign()),
      AuthFailure::kExpired);
}

TEST_P(RefusedCallsTest, RunsNoHandlerForGarbage) {
  ExpectRefused({{"authorization", "Bearer garbage"}}, AuthFailure::kMalformedToken);
}

TEST_P(RefusedCallsTest, RunsTheHandlerOnceForAnAllowedCallAndShowsItTheCaller) {
  const Outcome outcome = MakeCall(server_->Channel(), std::get<1>(GetParam()),
                                   Bearer(server_->issuer.Token().Subject("svc:caller").Sign()));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.text, "svc:caller");
  EXPECT_EQ(server_->echo.handled().runs, 1);
  EXPECT_EQ(server_->echo.handled().saw_bearer, 0);
}

INSTANTIATE_TEST_SUITE_P(All, RefusedCallsTest,
                         Combine(ValuesIn(kAllApis), ValuesIn(kAllCallTypes)),
                         [](const auto& info) {
                           return NameOf(std::get<0>(info.param)) + NameOf(std::get<1>(info.param));
                         });

class FloodTest : public ::testing::TestWithParam<Api> {};

// Keeps a hundred calls in flight.
class Flood {
 public:
  Flood(std::shared_ptr<grpc::Channel> channel, std::vector<std::string> tokens, int total)
      : stub_(Echo::NewStub(channel)), tokens_(std::move(tokens)), left_(total), total_(total) {}

  // How many calls ended with UNAUTHENTICATED.
  int Run() {
    for (int i = 0; i < 100; ++i) Next();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return ended_ == total_; });
    // gRPC 1.51 frees twice when a channel's last owner is a call that ends on gRPC's own thread.
    while (live_ != 0) std::this_thread::yield();
    return unauthenticated_;
  }

 private:
  // Declared first in a call, so that it goes last.
  struct Alive {
    explicit Alive(std::atomic<int>* the_count) : count(the_count) { ++*count; }
    ~Alive() { --*count; }
    std::atomic<int>* const count;
  };
  struct Call {
    explicit Call(std::atomic<int>* count) : alive(count) {}
    const Alive alive;
    grpc::ClientContext context;
    Message request, reply;
  };
  void Next() {
    auto call = std::make_shared<Call>(&live_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (left_ == 0) return;
      --left_;
      const std::string& token = tokens_[left_ % tokens_.size()];
      if (!token.empty()) call->context.AddMetadata("authorization", "Bearer " + token);
    }
    stub_->async()->Unary(
        &call->context, &call->request, &call->reply, [this, call](const grpc::Status& status) {
          const bool refused = status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
          Next();
          std::lock_guard<std::mutex> lock(mutex_);
          if (refused) ++unauthenticated_;
          if (++ended_ == total_) done_.notify_all();
        });
  }

  std::unique_ptr<Echo::Stub> stub_;
  const std::vector<std::string> tokens_;
  std::atomic<int> live_{0};
  std::mutex mutex_;
  std::condition_variable done_;
  int left_, ended_ = 0, unauthenticated_ = 0;
  const int total_;
};

TEST_P(FloodTest, NoHandlerRunsInFiftyThousandBadCallsAHundredAtATime) {
  constexpr int kCalls = 50000 / 5;  // Over the five APIs.
  GatedServer server(GetParam());
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const testing::TestIssuer stranger(Algorithm::kEs256, "test");
  const std::string forged = stranger.Token().KeyId(server.issuer.key().id()).Sign();
  const std::string other = server.issuer.Token().Audience("somebody-else").Sign();
  Flood flood(server.Channel(), {"", "garbage", forged, other}, kCalls);
  EXPECT_EQ(flood.Run(), kCalls);
  EXPECT_EQ(server.echo.handled().runs, 0);
}

INSTANTIATE_TEST_SUITE_P(All, FloodTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
