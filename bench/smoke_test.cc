// SPDX-License-Identifier: Apache-2.0
//
// What no noise of a machine explains: allocations where there should be none, memory beyond what
// is promised, and ratios that are wrong by far. Everything finer is the report's
// (bench/report.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/allocations.h"
#include "bench/raw_signature.h"
#include "bench/workload.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/sdk/tokens/caching_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"

namespace lanyard::bench {
namespace {

using testing::TestIssuer;

// The least of many short turns: what others take from this process only makes one longer.
class Stopwatch {
 public:
  void Turn(int times, const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    least_ = std::min(least_, took.count() / times);
  }
  double least() const { return least_; }

 private:
  double least_ = 1e9;
};

constexpr int kTurns = 40;

int64_t AllocationsOf(const std::function<void()>& work) {
  work();  // What the first time alone needs.
  const int64_t before = AllocationsOfThread();
  work();
  return AllocationsOfThread() - before;
}

class SmokeTest : public ::testing::Test {
 protected:
  const TestIssuer issuer_{Algorithm::kEs256, "bench"};
  const std::string token_ = TokenOf(issuer_, 0);
  const std::unique_ptr<Verifier> verifier_ = VerifierOf(issuer_);
};

TEST_F(SmokeTest, ACachedTokenCostsNextToNothingBesideItsSignature) {
  const auto raw = RawSignatureCheck(issuer_.key(), issuer_.algorithm(), token_);
  ASSERT_TRUE(verifier_->Verify(token_).ok());
  Stopwatch checks, hits;
  for (int i = 0; i < kTurns; ++i) {
    checks.Turn(20, raw);
    hits.Turn(500, [&] { (void)verifier_->Verify(token_).ok(); });
  }
  EXPECT_GT(verifier_->Status().cache_hits, kTurns * 500 - 1);
  // A tenth of what the report aims at.
  EXPECT_LT(hits.least() * 30, checks.least());
}

TEST_F(SmokeTest, AFirstSightIsMostlyItsSignature) {
  const auto raw = RawSignatureCheck(issuer_.key(), issuer_.algorithm(), token_);
  const std::unique_ptr<Verifier> forgetful = VerifierOf(issuer_, /*cache_bytes=*/0);
  Stopwatch checks, sights;
  for (int i = 0; i < kTurns; ++i) {
    checks.Turn(20, raw);
    sights.Turn(20, [&] { ASSERT_TRUE(forgetful->Verify(token_).ok()); });
  }
  EXPECT_EQ(forgetful->Status().cache_hits, 0);
  EXPECT_LT(sights.least(), checks.least() * 2);
}

TEST_F(SmokeTest, ACachedTokenAllocatesNothing) {
  // But for a copy for each CPU that sees it, once.
  int64_t least = 1;
  for (unsigned cpu = 0; cpu <= std::thread::hardware_concurrency() && least > 0; ++cpu) {
    least = AllocationsOf([&] {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(verifier_->Verify(token_).ok());
    });
  }
  EXPECT_EQ(least, 0);
}

TEST_F(SmokeTest, AFirstSightAllocatesForTheVerdictAlone) {
  const TestIssuer issuer(Algorithm::kEdDsa, "bench");  // Whose check allocates nothing.
  const std::unique_ptr<Verifier> verifier = VerifierOf(issuer);
  int next = 0;
  const std::vector<std::string> tokens = TokensOf(issuer, 2);
  // The identity, the cache's entry, and its table where that grows.
  EXPECT_LE(AllocationsOf([&] { ASSERT_TRUE(verifier->Verify(tokens[next++]).ok()); }), 4);
}

TEST_F(SmokeTest, AVerdictTakesLittleMoreThanTwiceItsToken) {
  const std::vector<std::string> tokens = TokensOf(issuer_, 2000);
  const std::unique_ptr<Verifier> verifier = VerifierOf(issuer_, size_t{64} << 20);
  const int64_t before = AllocatedBytes();
  for (const std::string& token : tokens) ASSERT_TRUE(verifier->Verify(token).ok());
  const auto bytes = static_cast<size_t>(AllocatedBytes() - before) / tokens.size();
  EXPECT_LE(bytes, 2 * token_.size() + 256);
  EXPECT_GE(verifier->Status().cache_bytes, bytes * tokens.size()) << "it counts too little";
}

TEST_F(SmokeTest, BadTokensAreRefusedWithoutACheckWhereTheyCanBe) {
  const auto raw = RawSignatureCheck(issuer_.key(), issuer_.algorithm(), token_);
  const TestIssuer stranger(Algorithm::kEs256, "stranger");
  const std::string unknown = TokenOf(stranger, 0), garbage(700, 'x');
  Stopwatch checks, unknowns, garbages;
  for (int i = 0; i < kTurns; ++i) {
    checks.Turn(20, raw);
    unknowns.Turn(50, [&] { ASSERT_FALSE(verifier_->Verify(unknown).ok()); });
    garbages.Turn(50, [&] { ASSERT_FALSE(verifier_->Verify(garbage).ok()); });
  }
  EXPECT_LT(unknowns.least(), checks.least() / 2);
  EXPECT_LT(garbages.least(), checks.least() / 2);
}

TEST_F(SmokeTest, TenThousandRulesCostNoMoreThanTen) {
  const auto policy_of = [&](int rules) {
    std::string text = issuer_.ConfigText("keys.jwks");
    for (int i = 0; i < rules; ++i) {
      absl::StrAppend(&text, "rules { method: \"/acme.S", i,
                      "/Call\" allow { all_scopes: \"orders.read\" } }\n");
    }
    auto policy = Policy::Create(*LoadConfig({}, text), {}, absl::Now());
    EXPECT_TRUE(policy.ok()) << policy.status();
    return *policy;
  };
  const auto few = policy_of(10), many = policy_of(10000);
  const auto caller = verifier_->Verify(token_);
  ASSERT_TRUE(caller.ok());
  Stopwatch of_few, of_many;
  for (int i = 0; i < kTurns; ++i) {
    of_few.Turn(500, [&] { ASSERT_TRUE(few->Decide("/acme.S9/Call", *caller).allowed()); });
    of_many.Turn(500, [&] { ASSERT_TRUE(many->Decide("/acme.S9/Call", *caller).allowed()); });
  }
  EXPECT_LT(of_many.least(), of_few.least() * 5);
  EXPECT_EQ(AllocationsOf([&] { (void)many->Decide("/acme.S9/Call", *caller); }), 0);
}

TEST_F(SmokeTest, ATokenThatIsKeptAllocatesNothing) {
  CachingTokenSource cache(StaticTokenSource("token"));
  const TokenRequest request{"orders"};
  while (cache.Cached(request) == nullptr) {
    cache.Get(request, TokenUse::kCall, [](const auto&) {});
  }
  EXPECT_EQ(AllocationsOf([&] { ASSERT_NE(cache.Cached(request), nullptr); }), 0);
}

}  // namespace
}  // namespace lanyard::bench
