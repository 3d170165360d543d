// SPDX-License-Identifier: Apache-2.0
// What a connection that sends bad signatures may cost (security: floods).
#include "lanyard/interceptors/internal/signature_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "lanyard/sdk/internal/base64url.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using internal::SignatureBudget;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class SignatureBudgetTest : public ::testing::Test {
 protected:
  int TakeAll(uint64_t connection, steady_clock::time_point now) {
    int taken = 0;
    while (taken < 1000 && budget_.Take(connection, now)) ++taken;
    return taken;
  }

  SignatureBudget budget_{100};
  const steady_clock::time_point start_ = steady_clock::now();
};

TEST_F(SignatureBudgetTest, ASecondsWorthAtOnceAndAsManyAgainOverASecond) {
  EXPECT_EQ(TakeAll(1, start_), 100);
  EXPECT_EQ(TakeAll(1, start_), 0);
  EXPECT_EQ(TakeAll(1, start_ + milliseconds(9)), 0);
  EXPECT_EQ(TakeAll(1, start_ + milliseconds(10)), 1);
  EXPECT_EQ(TakeAll(1, start_ + milliseconds(510)), 50);
  EXPECT_EQ(TakeAll(1, start_ + seconds(100)), 100) << "no more than a second's worth";
}

TEST_F(SignatureBudgetTest, OneConnectionDoesNotPayForAnother) {
  EXPECT_EQ(TakeAll(1, start_), 100);
  EXPECT_EQ(TakeAll(2, start_), 100);
}

TEST_F(SignatureBudgetTest, GoodSignaturesCostNothing) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(budget_.Take(1, start_)) << i;
    budget_.GiveBack(1, start_);
  }
  EXPECT_EQ(budget_.connections(), 0u);
  EXPECT_EQ(TakeAll(1, start_), 100);
  budget_.GiveBack(1, start_);
  EXPECT_EQ(TakeAll(1, start_), 1);
}

TEST_F(SignatureBudgetTest, ForgetsConnectionsThatOweNothing) {
  for (uint64_t connection = 10; connection < 10'010; ++connection) {
    budget_.Take(connection, start_);
  }
  EXPECT_EQ(budget_.connections(), 10'000u);
  EXPECT_TRUE(budget_.Take(1, start_ + seconds(2)));
  EXPECT_EQ(budget_.connections(), 1u);
  budget_.GiveBack(2, start_);  // One that is not known.
  EXPECT_EQ(budget_.connections(), 1u);
}

TEST_F(SignatureBudgetTest, ThreadsShareIt) {
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { taken += TakeAll(1, start_); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 100);
}

// Signatures of the dearest kind.
class FloodTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }

  // A token that nobody signed, no two the same. Without signing, which is as dear as checking.
  std::string Forged(int n) const {
    testing::TokenBuilder token = issuer_.Token();
    token.Subject("svc:" + std::to_string(n));
    return internal::Base64UrlEncode(token.HeaderJson()) + "." +
           internal::Base64UrlEncode(token.ClaimsJson()) + some_signature_;
  }

  int Count(AuthFailure failure) const {
    int count = 0;
    for (const AuditEvent& event : server_.audit->events()) count += event.failure == failure;
    return count;
  }

  GatedServer server_{Api::kCallback, "", Algorithm::kEs512};
  const testing::TestIssuer& issuer_ = server_.issuer;
  const std::string some_token_ = issuer_.Token().Sign();
  const std::string some_signature_ = some_token_.substr(some_token_.rfind('.'));
};

TEST_F(FloodTest, BadSignaturesOfOneConnectionAreCheckedWithinItsBudgetOnly) {
  constexpr int kCalls = 10'000, kThreads = 4;
  const auto flooding = server_.Channel();
  const auto calm = server_.Channel();
  const std::string known = issuer_.Token().Sign();
  ASSERT_TRUE(MakeCall(flooding, CallType::kUnary, Bearer(known)).status.ok());

  const auto start = steady_clock::now();
  std::atomic<int> next{0}, running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int n = next++; n < kCalls; n = next++) {
        const grpc::Status status = MakeCall(flooding, CallType::kUnary, Bearer(Forged(n))).status;
        ASSERT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
        ASSERT_THAT(status.error_message(), ::testing::StartsWith("invalid token [lanyard "));
      }
      --running;
    });
  }
  // Meanwhile nobody else notices: neither first sights on another connection, nor tokens that are
  // known on this one.
  int calm_calls = 0;
  do {
    const std::string fresh = issuer_.Token().Subject("svc:fresh").Sign();
    EXPECT_TRUE(MakeCall(calm, CallType::kUnary, Bearer(fresh)).status.ok());
    EXPECT_TRUE(MakeCall(flooding, CallType::kUnary, Bearer(known)).status.ok());
    ++calm_calls;
  } while (running > 0);
  for (std::thread& thread : threads) thread.join();
  const auto lasted = steady_clock::now() - start;

  const int checked = Count(AuthFailure::kBadSignature);
  const int unchecked = Count(AuthFailure::kTooManyBadTokens);
  EXPECT_EQ(checked + unchecked, kCalls);
  EXPECT_GE(checked, 100);
  EXPECT_LE(checked, 100 + lasted / milliseconds(10));
  std::printf("%d of %d bad signatures checked; %d good calls beside them\n", checked, kCalls,
              calm_calls);

  // The connection is not lost: what it owes is paid back in a second.
  const std::string fresh = issuer_.Token().Subject("svc:later").Sign();
  grpc::Status status = MakeCall(flooding, CallType::kUnary, Bearer(fresh)).status;
  for (int i = 0; i < 100 && !status.ok(); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    status = MakeCall(flooding, CallType::kUnary, Bearer(fresh)).status;
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
}

// A connection's name is made of addresses, which others get when it is gone.
TEST_F(FloodTest, ANewConnectionSeldomPaysForOneThatIsGone) {
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    {
      const auto gone = server_.Channel();
      for (int n = 0; n < 110; ++n) {
        MakeCall(gone, CallType::kUnary, Bearer(Forged(1000 * i + n)));
      }
    }
    const std::string fresh = issuer_.Token().Subject("svc:" + std::to_string(i)).Sign();
    refused += !MakeCall(server_.Channel(), CallType::kUnary, Bearer(fresh)).status.ok();
  }
  std::printf("%d of 50 new connections paid for another\n", refused);
  EXPECT_LE(refused, 5);
}

TEST_F(FloodTest, TheBudgetMustBeOne) {
  for (const int bad : {0, -1, 1'000'001}) {
    server_.options.bad_signatures_per_second = bad;
    const auto created = ServerAuth::Create(server_.options);
    ASSERT_FALSE(created.ok());
    EXPECT_THAT(created.status().message(), ::testing::HasSubstr("bad_signatures_per_second"));
  }
}

}  // namespace
}  // namespace lanyard::test
