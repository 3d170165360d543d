// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/one_time_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard::internal {
namespace {

using Answer = OneTimeTokens::Answer;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::VerifierFixture;

constexpr size_t kEntryBytes = 128;

class OneTimeTokensTest : public VerifierFixture {
 protected:
  // Of a token that a verifier has just seen.
  Identity Caller(const std::string& id, int64_t lives = 300) const {
    const std::string now = absl::StrCat(absl::ToUnixSeconds(clock_->Now()));
    return CallerWith(Claims()
                          .Set("jti", absl::StrCat("\"", id, "\""))
                          .Set("iat", now)
                          .Set("exp", absl::StrCat(absl::ToUnixSeconds(clock_->Now()) + lives)));
  }
  Identity CallerWith(const testing::ClaimsText& claims) const {
    // Without what it remembers, as a token that was pushed out of the cache.
    const auto caller = MakeFor(config_)->Verify(SignClaims(claims.str()));
    EXPECT_THAT(caller, IsOk());
    return *caller;
  }
  // Whose tokens need no iat.
  v1::Issuer config_ = Config(v1::CUSTOM, {"at+jwt"});
  OneTimeTokens tokens_{1 << 20, clock_};
};

TEST_F(OneTimeTokensTest, TakesEachTokenOnce) {
  const Identity a = Caller("a"), b = Caller("b");
  EXPECT_EQ(tokens_.Take(a), Answer::kTaken);
  EXPECT_EQ(tokens_.Take(b), Answer::kTaken);
  EXPECT_EQ(tokens_.Take(a), Answer::kUsed);
  EXPECT_EQ(tokens_.Take(Caller("a", 200)), Answer::kUsed) << "by its jti, not by its text";
}

TEST_F(OneTimeTokensTest, RemembersUntilTheTokenIsGoodForNothing) {
  const Identity a = Caller("a");
  EXPECT_EQ(tokens_.Take(a), Answer::kTaken);
  clock_->Advance(absl::Seconds(329));
  EXPECT_EQ(tokens_.Take(a), Answer::kUsed);
  EXPECT_EQ(tokens_.bytes(), kEntryBytes);
  // The verifier refuses it from now on; a call that is late is refused here.
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(tokens_.Take(a), Answer::kTooOld);
  EXPECT_EQ(tokens_.bytes(), 0u);
  EXPECT_EQ(tokens_.Take(Caller("a")), Answer::kTaken) << "another token, of the same name";
}

TEST_F(OneTimeTokensTest, ClockThatIsSetBackRevivesNoToken) {
  const auto claims = Claims().Set("jti", "\"a\"");
  EXPECT_EQ(tokens_.Take(CallerWith(claims)), Answer::kTaken);
  // Long enough ago for anything to be forgotten, but by the wall clock it is now again.
  clock_->Advance(absl::Minutes(10));
  (void)tokens_.Take(Caller("b"));
  for (int i = 0; i < 100; ++i) (void)tokens_.Take(Caller(absl::StrCat(i)));
  clock_->Set(absl::FromUnixSeconds(kNow));
  EXPECT_NE(tokens_.Take(CallerWith(claims)), Answer::kTaken);
}

TEST_F(OneTimeTokensTest, LongerLeewayRevivesNoToken) {
  const auto claims = Claims().Set("jti", "\"a\"");
  EXPECT_EQ(tokens_.Take(CallerWith(claims)), Answer::kTaken);
  clock_->Advance(absl::Seconds(331));
  config_.mutable_leeway()->set_seconds(300);
  EXPECT_EQ(tokens_.Take(CallerWith(claims)), Answer::kTooOld);
}

TEST_F(OneTimeTokensTest, TokenFromBeforeTheStartMayHaveBeenUsed) {
  const auto at = [this](int64_t seconds) {
    return Claims()
        .Set("jti", absl::StrCat("\"", seconds, "\""))
        .Set("iat", absl::StrCat(kNow + seconds));
  };
  EXPECT_EQ(tokens_.Take(CallerWith(at(-1))), Answer::kTooOld);
  EXPECT_EQ(tokens_.Take(CallerWith(at(0))), Answer::kTaken);
  EXPECT_EQ(tokens_.Take(CallerWith(at(1))), Answer::kTaken);
  const auto until = [this](int64_t seconds) {
    return Claims()
        .Remove("iat")
        .Set("jti", absl::StrCat("\"u", seconds, "\""))
        .Set("exp", absl::StrCat(kNow + seconds));
  };
  EXPECT_EQ(tokens_.Take(CallerWith(until(299))), Answer::kTooOld);
  EXPECT_EQ(tokens_.Take(CallerWith(until(300))), Answer::kTaken);
}

TEST_F(OneTimeTokensTest, TakesNothingThatItCouldNotRemember) {
  OneTimeTokens tokens(3 * kEntryBytes, clock_);
  std::vector<Identity> callers;
  for (int i = 0; i < 4; ++i) callers.push_back(Caller(absl::StrCat(i)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tokens.Take(callers[i]), Answer::kTaken);
  EXPECT_EQ(tokens.Take(callers[3]), Answer::kFull);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tokens.Take(callers[i]), Answer::kUsed);
  EXPECT_EQ(tokens.Take(callers[3]), Answer::kFull);
  EXPECT_EQ(tokens.bytes(), 3 * kEntryBytes);
  // There is room again when others have expired, wherever they are.
  clock_->Advance(absl::Minutes(6));
  EXPECT_EQ(tokens.Take(Caller("5")), Answer::kTaken);
}

TEST_F(OneTimeTokensTest, OfManyThreadsOneTakesIt) {
  std::vector<Identity> callers;
  for (int i = 0; i < 50; ++i) callers.push_back(Caller(absl::StrCat(i)));
  std::vector<std::atomic<int>> taken(callers.size());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < callers.size(); ++i) {
        taken[i] += tokens_.Take(callers[i]) == Answer::kTaken ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : taken) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace lanyard::internal
