// SPDX-License-Identifier: Apache-2.0
// Many callers at once whose tokens come from an issuer that counts what it is asked: tokens that
// last for two seconds, and an issuer that hangs, or dies and comes back.
//
// With LANYARD_LONG=1 in the environment the first takes a minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/metric_values.h"
#include "tests/interop/oauth_fixture.h"

namespace lanyard::test {
namespace {

using testing::FakeClock;
using testing::IsOk;
using testing::kAudience;

// Calls on so many threads, one after the other, until stop() or for a time.
class Callers {
 public:
  Callers(const std::shared_ptr<grpc::Channel>& channel, int threads,
          absl::Time until = absl::InfiniteFuture()) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, channel, until] {
        const auto stub = Echo::NewStub(channel);
        while (!stop_ && absl::Now() < until) Call(*stub);
      });
    }
  }
  ~Callers() { Stop(); }

  void Stop() {
    stop_ = true;
    Join();
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int calls() const { return calls_; }
  int failed() const { return failed_; }
  std::string first_failure() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return first_failure_;
  }
  // Waits for so many calls more.
  void ExpectMore(int more) const {
    const int wanted = calls() + more;
    EXPECT_TRUE(Eventually([&] { return calls() >= wanted; })) << "calls hang";
  }

 private:
  void Call(Echo::Stub& stub) {
    grpc::ClientContext context;
    Limit(&context);
    Message request, reply;
    const grpc::Status status = stub.Unary(&context, request, &reply);
    ++calls_;
    if (status.ok()) return;
    ++failed_;
    std::lock_guard<std::mutex> lock(mutex_);
    if (first_failure_.empty()) {
      first_failure_ = absl::StrCat(status.error_code(), ": ", status.error_message());
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> calls_{0}, failed_{0};
  mutable std::mutex mutex_;
  std::string first_failure_;  // Guarded by mutex_.
  std::vector<std::thread> threads_;
};

class TokenLoadTest : public OAuthFixture {
 protected:
  // An issuer whose tokens live so long, a server and a client that waits so long for the issuer.
  void StartAll(int ttl, absl::Duration timeout = absl::Seconds(20)) {
    StartProvider({"--ttl", absl::StrCat(ttl)});
    ASSERT_NO_FATAL_FAILURE(Serve(&server_, kAudience, ""));
    OAuthClient client = WithSecret();
    client.timeout = timeout;
    client.clock = clock_;
    ClientCredentialsOptions credentials;
    credentials.client = client;
    credentials.audience_as = AudienceAs::kResource;
    ClientAuthOptions options;
    options.audience = kAudience;
    options.token_source = *ClientCredentialsTokenSource(credentials);
    options.tls = files_.Client();
    options.clock = clock_;
    auto auth = ClientAuth::Create(options);
    ASSERT_THAT(auth, IsOk());
    auth_ = *std::move(auth);
    channel_ = *auth_->CreateChannel(absl::StrCat("localhost:", server_.port));
  }
  int Fetches(const std::string& outcome = "ok") const {
    const auto values = ValuesOf(auth_->Metrics());
    const auto it =
        values.find(absl::StrCat("lanyard_client_token_fetches_total{audience=", kAudience,
                                 ",source=default,outcome=", outcome, "}"));
    return it == values.end() ? -1 : static_cast<int>(it->second);
  }

  std::shared_ptr<const Clock> clock_ = SystemClock();
  GatedServer server_{Api::kCallback};
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A token counts as expired 30 s early, and a new one is fetched when half of the rest is left. So
// it can be used for eight seconds, less the time of its request, and requests follow each other by
// half of that and that time: three seconds at least.
TEST_F(TokenLoadTest, TokensThatLastEightSecondsAreNeverMissed) {
  ASSERT_NO_FATAL_FAILURE(StartAll(38));
  const absl::Duration length =
      std::getenv("LANYARD_LONG") != nullptr ? absl::Minutes(1) : absl::Seconds(15);
  const absl::Time begin = absl::Now();
  Callers callers(channel_, 200, begin + length);
  callers.Join();
  const absl::Duration elapsed = absl::Now() - begin;
  EXPECT_EQ(callers.failed(), 0) << callers.first_failure();
  // The last may still be under way.
  int requests = 0;
  EXPECT_TRUE(Eventually([&] { return (requests = provider_->TokenRequests()) == Fetches(); }))
      << requests << " requests, but " << Fetches() << " fetches: more than one for one token";
  EXPECT_GT(requests, 1) << "tokens are refreshed";
  EXPECT_LE(requests, absl::ToDoubleSeconds(elapsed) / 3 + 2);
  std::cout << callers.calls() << " calls, " << requests << " token requests in " << elapsed
            << "\n";
}

// The client's clock is the test's, so that its token expires when the test says.
class TokenOutageTest : public TokenLoadTest {
 protected:
  void SetUp() override {
    TokenLoadTest::SetUp();
    if (IsSkipped()) return;
    // So far behind that tokens which the issuer makes later are good after all that passes here.
    time_ = std::make_shared<FakeClock>(absl::Now() - absl::Minutes(10));
    clock_ = time_;
    ASSERT_NO_FATAL_FAILURE(StartAll(600, absl::Seconds(5)));  // For an issuer that hangs.
  }
  void PassTime(absl::Duration by) const { time_->Advance(by); }
  // Until the token is to be replaced, but good for another minute.
  void PassTimeUntilRefresh() const { PassTime(absl::Seconds(511)); }

  std::shared_ptr<FakeClock> time_;
};

TEST_F(TokenOutageTest, AHundredThreadsAtExpiryMakeOneRequest) {
  const auto stub = Echo::NewStub(channel_);
  for (const int requests : {1, 2}) {
    std::vector<std::thread> threads;
    std::atomic<int> ok{0};
    for (int i = 0; i < 100; ++i) {
      threads.emplace_back([&] {
        grpc::ClientContext context;
        Limit(&context);
        Message request, reply;
        if (stub->Unary(&context, request, &reply).ok()) ++ok;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ok, 100);
    EXPECT_EQ(provider_->TokenRequests(), requests);
    PassTime(absl::Seconds(570));  // Half a minute before its end a token counts as expired.
  }
}

TEST_F(TokenOutageTest, AnIssuerThatHangsFailsNoCallWhileTheTokenLives) {
  Callers callers(channel_, 50);
  ASSERT_TRUE(Eventually([this] { return Fetches() == 1; }));
  provider_->Signal(SIGSTOP);
  PassTimeUntilRefresh();
  ASSERT_TRUE(Eventually([this] { return Fetches("transient") >= 1; }));
  callers.ExpectMore(200);
  provider_->Signal(SIGCONT);
  PassTime(absl::Seconds(30));  // The pause after a failure.
  EXPECT_TRUE(Eventually([this] { return Fetches() >= 2; })) << "nobody asks again";
  callers.ExpectMore(200);
  callers.Stop();
  EXPECT_EQ(callers.failed(), 0) << callers.first_failure();
}

TEST_F(TokenOutageTest, AnIssuerThatDiesFailsNoCallWhileTheTokenLives) {
  Callers callers(channel_, 50);
  ASSERT_TRUE(Eventually([this] { return Fetches() == 1; }));
  const std::vector<std::string> parts = absl::StrSplit(provider_->url(), ':');
  provider_->Signal(SIGKILL);
  provider_.reset();
  PassTimeUntilRefresh();
  ASSERT_TRUE(Eventually([this] { return Fetches("transient") >= 1; }));
  callers.ExpectMore(200);
  StartProvider({"--port", parts.back()});
  PassTime(absl::Seconds(30));
  EXPECT_TRUE(Eventually([this] { return Fetches() >= 2; })) << "nobody asks again";
  callers.ExpectMore(200);
  callers.Stop();
  EXPECT_EQ(callers.failed(), 0) << callers.first_failure();
  EXPECT_EQ(provider_->TokenRequests(), 1);
}

}  // namespace
}  // namespace lanyard::test
