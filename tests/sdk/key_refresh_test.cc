// SPDX-License-Identifier: Apache-2.0
// When keys are fetched, in a time of the test's own: no thread, no network.
#include "lanyard/sdk/internal/key_refresh.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

using absl::Minutes;
using absl::Seconds;

class KeyRefreshTest : public ::testing::Test {
 protected:
  // Lets time pass, fetching whenever it is due; every fetch takes a moment.
  void Run(absl::Duration duration) {
    const absl::Duration end = now_ + duration;
    while (true) {
      const absl::Duration due = std::max(now_, refresh_.NextFetch());
      if (due > end) break;
      now_ = due;
      FetchOnce();
    }
    now_ = end;
  }

  void FetchOnce() {
    refresh_.Begin(now_);
    now_ += absl::Milliseconds(10);
    ++fetches_;
    if (up_) {
      refresh_.Succeeded(now_, max_age_, [this](const std::string& id) { return ids_.count(id); });
    } else {
      refresh_.Failed(now_);
    }
  }

  bool up_ = true;
  std::set<std::string> ids_ = {"a"};
  std::optional<absl::Duration> max_age_;
  int fetches_ = 0;
  double random_ = 0;
  absl::Duration now_ = absl::Hours(1);
  KeyRefresh refresh_{Minutes(5), absl::Hours(1), [this] { return random_; }};
};

TEST_F(KeyRefreshTest, FetchesAtOnceAndThenAtEachInterval) {
  EXPECT_TRUE(refresh_.IsStale(now_));
  Run(Seconds(1));
  EXPECT_EQ(fetches_, 1);
  EXPECT_FALSE(refresh_.IsStale(now_));
  Run(Minutes(60));
  EXPECT_EQ(fetches_, 1 + 12);
}

TEST_F(KeyRefreshTest, JitterOnlyShortensTheInterval) {
  random_ = 0.999;
  Run(Minutes(5) * 10);
  EXPECT_EQ(fetches_, 12) << "at 4.5 minutes each";
}

TEST_F(KeyRefreshTest, CacheControlShortensWithinBounds) {
  max_age_ = Minutes(2);
  Run(Minutes(20));
  EXPECT_EQ(fetches_, 10);
  // Not below a minute, and never longer than the interval.
  for (const auto& [age, fetches] : {std::pair(Seconds(0), 60), std::pair(absl::Hours(24), 12)}) {
    max_age_ = age;
    FetchOnce();
    fetches_ = 0;
    Run(Minutes(61));
    EXPECT_NEAR(fetches_, fetches, 1) << age;
  }
}

TEST_F(KeyRefreshTest, BacksOffWhileTheIssuerIsDown) {
  up_ = false;
  Run(Minutes(10));
  // 1, 2, 4, 8, 16, 32 s and then every minute.
  EXPECT_EQ(fetches_, 7 + 8);
  up_ = true;
  Run(Minutes(1));
  EXPECT_FALSE(refresh_.IsStale(now_));
  EXPECT_EQ(refresh_.failures(), 0);
}

TEST(KeyRefreshPauseTest, PausesGrowToTheLongest) {
  KeyRefresh refresh(
      Minutes(5), absl::Hours(1), [] { return 0; }, Seconds(30));
  absl::Duration now = absl::ZeroDuration();
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    refresh.Begin(now);
    refresh.Failed(now);
    EXPECT_EQ(refresh.NextFetch() - now, Seconds(seconds));
    now = refresh.NextFetch();
  }
}

TEST_F(KeyRefreshTest, KeysGrowStaleFromTheLastSuccess) {
  Run(Seconds(1));
  const absl::Duration fetched = now_ - Seconds(1);
  up_ = false;
  EXPECT_FALSE(refresh_.IsStale(fetched + absl::Hours(1)));
  EXPECT_TRUE(refresh_.IsStale(fetched + absl::Hours(1) + Seconds(1)));
  Run(absl::Hours(2));
  EXPECT_TRUE(refresh_.IsStale(now_));
  up_ = true;
  Run(Minutes(1));
  EXPECT_FALSE(refresh_.IsStale(now_));
}

TEST_F(KeyRefreshTest, UnknownKeyIsAskedForOnceAndThenKnownToBeAbsent) {
  Run(Seconds(10));
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  EXPECT_TRUE(refresh_.MayArrive("b", now_)) << "until a fetch has answered";
  EXPECT_LE(refresh_.NextFetch(), now_);
  Run(absl::Milliseconds(100));
  EXPECT_EQ(fetches_, 2);
  EXPECT_FALSE(refresh_.MayArrive("b", now_));
  // Remembered for a minute.
  now_ += Seconds(58);
  EXPECT_FALSE(refresh_.MayArrive("b", now_));
  now_ += Seconds(3);
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
}

TEST_F(KeyRefreshTest, AKeyThatArrivedIsNotMissedAnyMore) {
  Run(Seconds(10));
  ids_.insert("b");
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  Run(Seconds(1));
  EXPECT_EQ(fetches_, 2);
  // Withdrawn and missed again: as at the first time, at once.
  ids_.erase("b");
  now_ += Seconds(5);
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  EXPECT_LE(refresh_.NextFetch(), now_);
}

TEST_F(KeyRefreshTest, AWithdrawnKeyIsNoReasonToAsk) {
  Run(Seconds(10));
  refresh_.Withdrawn("a", now_);
  EXPECT_FALSE(refresh_.MayArrive("a", now_));
  EXPECT_GT(refresh_.NextFetch(), now_);
  now_ += Seconds(6);
  EXPECT_TRUE(refresh_.MayArrive("a", now_));
}

// The answer is as old as the question.
TEST_F(KeyRefreshTest, AgeCountsFromTheBeginningOfTheFetch) {
  refresh_.Begin(now_);
  now_ += absl::Hours(2);  // Suspended.
  refresh_.Succeeded(now_, {}, [](const std::string&) { return true; });
  EXPECT_TRUE(refresh_.IsStale(now_));
}

TEST_F(KeyRefreshTest, AFetchThatBeganBeforeSaysNothing) {
  Run(Seconds(10));
  refresh_.Begin(now_);
  now_ += Seconds(1);
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  refresh_.Succeeded(now_ + Seconds(1), {}, [](const std::string&) { return false; });
  now_ += Seconds(2);
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  Run(Seconds(5));
  EXPECT_FALSE(refresh_.MayArrive("b", now_));
}

TEST_F(KeyRefreshTest, AFailedFetchSaysNothing) {
  Run(Seconds(10));
  up_ = false;
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
  Run(Seconds(1));
  EXPECT_TRUE(refresh_.MayArrive("b", now_));
}

// A flood of made-up ids, a thousand a second.
TEST_F(KeyRefreshTest, FloodOfUnknownKeysCostsOneFetchACooldown) {
  Run(Minutes(2));
  fetches_ = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    refresh_.MayArrive(absl::StrCat("made up ", ms), now_);
    Run(absl::Milliseconds(1));
  }
  // At 0, 1, 3 and 8 s.
  EXPECT_LE(fetches_, 4);
  EXPECT_GE(fetches_, 3);
  fetches_ = 0;
  for (int s = 0; s < 300; ++s) {
    for (int i = 0; i < 100; ++i) {
      refresh_.MayArrive(absl::StrCat("made up too ", s, " ", i), now_);
    }
    Run(Seconds(1));
  }
  EXPECT_LE(fetches_, 300 / 30 + 3) << "one in 30 s and the regular one";
}

TEST_F(KeyRefreshTest, RotationDuringAFloodIsSeenWithinACooldown) {
  Run(Minutes(2));
  for (int s = 0; s < 120; ++s) {
    for (int i = 0; i < 2000; ++i) {
      refresh_.MayArrive(absl::StrCat("made up ", s, " ", i), now_);
    }
    Run(Seconds(1));
  }
  ids_.insert("b");
  // Nobody is told that there is no such key, and soon it is there.
  fetches_ = 0;
  absl::Duration waited;
  while (fetches_ == 0) {
    ASSERT_TRUE(refresh_.MayArrive("b", now_));
    Run(Seconds(1));
    waited += Seconds(1);
  }
  EXPECT_LE(waited, Seconds(31));
}

TEST_F(KeyRefreshTest, FloodDoesNotDelayTheRegularRefresh) {
  int regular = 0;
  for (int s = 0; s < 3600; ++s) {
    refresh_.MayArrive(absl::StrCat("made up ", s), now_);
    const int before = fetches_;
    Run(Seconds(1));
    regular += fetches_ > before ? 1 : 0;
    ASSERT_FALSE(refresh_.IsStale(now_));
  }
  EXPECT_GE(regular, 3600 / 31);
}

TEST_F(KeyRefreshTest, CooldownStartsAnewAfterAQuietMinute) {
  Run(Minutes(2));
  for (int s = 0; s < 60; ++s) {
    refresh_.MayArrive(absl::StrCat("made up ", s), now_);
    Run(Seconds(1));
  }
  Run(Seconds(90));
  fetches_ = 0;
  refresh_.MayArrive("x", now_);
  Run(absl::Milliseconds(100));
  refresh_.MayArrive("y", now_);
  Run(Seconds(2));
  EXPECT_EQ(fetches_, 2);
}

}  // namespace
}  // namespace lanyard::internal
