// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_STORE_SUITE_H_
#define LANYARD_TESTS_ISSUER_STORE_SUITE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/issuer/store_calls.h"

// What every IssuerStore must do. A store's test names where it is kept,
//
//   struct Home {
//     explicit Home(std::shared_ptr<const Clock> clock);  // Empty.
//     std::string Missing() const;                        // Why it cannot be tested here, or "".
//     std::unique_ptr<IssuerStore> Open();
//     size_t Stored();  // Records and revocations that take space.
//   };
//
// and says INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreTest, Home).
namespace lanyard::test {

template <typename Home>
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!home_.Missing().empty()) GTEST_SKIP() << "SKIPPED: " << home_.Missing();
    store_ = home_.Open();
    ASSERT_NE(store_, nullptr);
  }
  absl::Time In(absl::Duration time) const { return clock_->Now() + time; }

  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  Home home_{clock_};
  std::unique_ptr<IssuerStore> store_;
};
TYPED_TEST_SUITE_P(StoreTest);

TYPED_TEST_P(StoreTest, IsEmptyAtFirst) {
  EXPECT_EQ(Version(*this->store_, Kind::kUser, "alice"), 0u);
  EXPECT_THAT(Keys(*this->store_, Kind::kUser), ::testing::IsEmpty());
  EXPECT_EQ(Log(*this->store_).sequence, 0u);
  EXPECT_THAT(Log(*this->store_).revocations, ::testing::IsEmpty());
  EXPECT_NE(Log(*this->store_).epoch, "");
}

TYPED_TEST_P(StoreTest, GivesBackWhatWasPutThere) {
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "1");
  EXPECT_GE(Version(*this->store_, Kind::kUser, "alice"), 1u);
  EXPECT_EQ(Version(*this->store_, Kind::kUser, "alic"), 0u);
  EXPECT_EQ(Version(*this->store_, Kind::kUser, "alicea"), 0u);
}

TYPED_TEST_P(StoreTest, KindsAreApart) {
  EXPECT_THAT(
      Apply(*this->store_, {Put(Kind::kUser, "a", "user"), Put(Kind::kClient, "a", "client"),
                            Put(Kind::kSession, "a", "session"), Put(Kind::kUsedId, "a", "id"),
                            Put(Kind::kAttempts, "a", "5")}),
      testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "a").value, "user");
  EXPECT_EQ(Get(*this->store_, Kind::kClient, "a").value, "client");
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "a").value, "session");
  EXPECT_EQ(Get(*this->store_, Kind::kUsedId, "a").value, "id");
  EXPECT_EQ(Get(*this->store_, Kind::kAttempts, "a").value, "5");
  EXPECT_THAT(Apply(*this->store_,
                    {Delete(Kind::kClient, "a", Version(*this->store_, Kind::kClient, "a"))}),
              testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "a").value, "user");
  EXPECT_THAT(Keys(*this->store_, Kind::kClient), ::testing::IsEmpty());
  EXPECT_THAT(Keys(*this->store_, Kind::kSession), ::testing::ElementsAre("a"));
}

TYPED_TEST_P(StoreTest, ReplacesOnlyTheExpectedVersion) {
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}), testing::IsOk());
  const uint64_t first = Version(*this->store_, Kind::kUser, "alice");
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "2")}), IsAborted());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "2", first + 1)}), IsAborted());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "1");
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "2", first)}), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "2");
  EXPECT_NE(Version(*this->store_, Kind::kUser, "alice"), first);
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "3", first)}), IsAborted());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "bob", "1", first)}), IsAborted());
}

TYPED_TEST_P(StoreTest, DeletesOnlyTheExpectedVersion) {
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}), testing::IsOk());
  const uint64_t first = Version(*this->store_, Kind::kUser, "alice");
  EXPECT_THAT(Apply(*this->store_, {Delete(Kind::kUser, "alice", 0)}), IsAborted());
  EXPECT_THAT(Apply(*this->store_, {Delete(Kind::kUser, "alice", first + 1)}), IsAborted());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "1");
  EXPECT_THAT(Apply(*this->store_, {Delete(Kind::kUser, "alice", first)}), testing::IsOk());
  EXPECT_EQ(Version(*this->store_, Kind::kUser, "alice"), 0u);
  EXPECT_THAT(Keys(*this->store_, Kind::kUser), ::testing::IsEmpty());
  EXPECT_THAT(Apply(*this->store_, {Delete(Kind::kUser, "alice", first)}), IsAborted());
}

// Else whoever read the first one could write over the second.
TYPED_TEST_P(StoreTest, ARecordThatIsMadeAgainHasAnotherVersion) {
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}), testing::IsOk());
  const uint64_t first = Version(*this->store_, Kind::kUser, "alice");
  ASSERT_THAT(Apply(*this->store_, {Delete(Kind::kUser, "alice", first)}), testing::IsOk());
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}), testing::IsOk());
  EXPECT_NE(Version(*this->store_, Kind::kUser, "alice"), first);
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "2", first)}), IsAborted());
}

TYPED_TEST_P(StoreTest, AChangeIsDoneWholeOrNotAtAll) {
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1"), Put(Kind::kSession, "s", "1")}),
              testing::IsOk());
  const uint64_t alice = Version(*this->store_, Kind::kUser, "alice");
  const uint64_t session = Version(*this->store_, Kind::kSession, "s");
  const auto revoked = RevocationOf("s", this->In(absl::Hours(1)));
  // The one that does not fit stands first, in the middle, last.
  const auto wrong = Put(Kind::kClient, "c", "2", 12345);
  std::vector<IssuerStore::Write> good = {Put(Kind::kUser, "alice", "2", alice),
                                          Delete(Kind::kSession, "s", session),
                                          Put(Kind::kUsedId, "id", "")};
  for (size_t place = 0; place <= good.size(); ++place) {
    std::vector<IssuerStore::Write> writes = good;
    writes.insert(writes.begin() + static_cast<std::ptrdiff_t>(place), wrong);
    EXPECT_THAT(Apply(*this->store_, writes, {revoked}), IsAborted());
    EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "1");
    EXPECT_EQ(Version(*this->store_, Kind::kSession, "s"), session);
    EXPECT_EQ(Version(*this->store_, Kind::kUsedId, "id"), 0u);
    EXPECT_EQ(Log(*this->store_).sequence, 0u);
    EXPECT_THAT(Keys(*this->store_, Kind::kUsedId), ::testing::IsEmpty());
  }
  EXPECT_THAT(Apply(*this->store_, good, {revoked}), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "alice").value, "2");
  EXPECT_EQ(Version(*this->store_, Kind::kSession, "s"), 0u);
  EXPECT_GE(Version(*this->store_, Kind::kUsedId, "id"), 1u);
  EXPECT_THAT(SessionIds(Log(*this->store_)), ::testing::ElementsAre("s"));
}

TYPED_TEST_P(StoreTest, RefusesWhatIsNoChange) {
  std::vector<v1::Revocation> endless = {RevocationOf("s", this->In(absl::Hours(1)))};
  endless[0].clear_expires_at();
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "", "1")}), IsInvalid());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, AnyBytes(257), "1")}), IsInvalid());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", AnyBytes(64 * 1024 + 1))}),
              IsInvalid());
  EXPECT_THAT(
      Apply(*this->store_, {Put(Kind::kUser, "alice", "1"), Put(Kind::kUser, "alice", "2")}),
      IsInvalid());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kUser, "alice", "1")}, endless), IsInvalid());
  EXPECT_EQ(this->home_.Stored(), 0u);
  EXPECT_THAT(Apply(*this->store_, {}), testing::IsOk());
}

TYPED_TEST_P(StoreTest, KeepsAnyBytes) {
  const std::string key = AnyBytes(256), value = AnyBytes(64 * 1024);
  ASSERT_THAT(Apply(*this->store_,
                    {Put(Kind::kSession, key, value), Put(Kind::kSession, std::string("\0", 1), ""),
                     Put(Kind::kSession, std::string("\0\0", 2), "two")}),
              testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kSession, key).value, value);
  EXPECT_EQ(Get(*this->store_, Kind::kSession, std::string("\0", 1)).value, "");
  EXPECT_GE(Version(*this->store_, Kind::kSession, std::string("\0", 1)), 1u);
  EXPECT_EQ(Get(*this->store_, Kind::kSession, std::string("\0\0", 2)).value, "two");
  EXPECT_THAT(Keys(*this->store_, Kind::kSession),
              ::testing::ElementsAre(std::string("\0", 1), std::string("\0\0", 2), key));
}

TYPED_TEST_P(StoreTest, RecordsEndAtTheirTime) {
  const absl::Time end = this->In(absl::Seconds(60));
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kSession, "s", "1", 0, end),
                                    Put(Kind::kSession, "t", "1", 0, end + absl::Seconds(1)),
                                    Put(Kind::kSession, "u", "1")}),
              testing::IsOk());
  this->clock_->Set(end - absl::Microseconds(1));
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "s").value, "1");
  EXPECT_THAT(Keys(*this->store_, Kind::kSession), ::testing::ElementsAre("s", "t", "u"));
  this->clock_->Set(end);
  EXPECT_EQ(Version(*this->store_, Kind::kSession, "s"), 0u);
  EXPECT_THAT(Keys(*this->store_, Kind::kSession), ::testing::ElementsAre("t", "u"));
  EXPECT_THAT(Keys(*this->store_, Kind::kSession, "", 1), ::testing::ElementsAre("t"));
}

TYPED_TEST_P(StoreTest, WhatHasEndedIsMadeAnew) {
  const absl::Time end = this->In(absl::Seconds(60));
  ASSERT_THAT(Apply(*this->store_, {Put(Kind::kSession, "s", "1", 0, end)}), testing::IsOk());
  const uint64_t first = Version(*this->store_, Kind::kSession, "s");
  this->clock_->Set(end);
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kSession, "s", "2", first)}), IsAborted());
  EXPECT_THAT(Apply(*this->store_, {Delete(Kind::kSession, "s", first)}), IsAborted());
  EXPECT_THAT(Apply(*this->store_, {Put(Kind::kSession, "s", "2")}), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "s").value, "2");
  EXPECT_NE(Version(*this->store_, Kind::kSession, "s"), first);
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "s").value, "2");
}

TYPED_TEST_P(StoreTest, AWriteSetsTheEndAnew) {
  const absl::Time end = this->In(absl::Seconds(60));
  ASSERT_THAT(
      Apply(*this->store_, {Put(Kind::kSession, "s", "1", 0, end), Put(Kind::kSession, "t", "1")}),
      testing::IsOk());
  ASSERT_THAT(
      Apply(*this->store_,
            {Put(Kind::kSession, "s", "2", Version(*this->store_, Kind::kSession, "s")),
             Put(Kind::kSession, "t", "2", Version(*this->store_, Kind::kSession, "t"), end)}),
      testing::IsOk());
  this->clock_->Set(end);
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "s").value, "2");
  EXPECT_EQ(Version(*this->store_, Kind::kSession, "t"), 0u);
}

TYPED_TEST_P(StoreTest, ListsKeysInOrderAndInPages) {
  std::vector<std::string> all;
  std::vector<IssuerStore::Write> writes;
  for (int i = 0; i < 250; ++i) {
    all.push_back(absl::StrCat("user", 1000 + i));
    // Made in another order.
    writes.push_back(Put(Kind::kUser, absl::StrCat("user", 1000 + (i * 7) % 250), "x"));
  }
  all.push_back("\x7f");
  all.push_back("\x80");
  all.push_back(std::string("\xff\0", 2));
  for (size_t i = 250; i < all.size(); ++i) writes.push_back(Put(Kind::kUser, all[i], "x"));
  writes.push_back(Put(Kind::kClient, "user1000a", "x"));
  ASSERT_THAT(Apply(*this->store_, writes), testing::IsOk());
  std::vector<std::string> seen;
  for (;;) {
    const auto page = Keys(*this->store_, Kind::kUser, seen.empty() ? "" : seen.back(), 100);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 100u);
    seen.insert(seen.end(), page.begin(), page.end());
  }
  EXPECT_EQ(seen, all);
  EXPECT_THAT(Keys(*this->store_, Kind::kUser, "user1000a", 2),
              ::testing::ElementsAre("user1001", "user1002"));
  EXPECT_THAT(Keys(*this->store_, Kind::kUser, "", 0), ::testing::IsEmpty());
}

// A page may not come back short, or empty, because of them: it would look like the last one.
TYPED_TEST_P(StoreTest, PagesOfKeysAreFullWhereManyHaveEnded) {
  std::vector<IssuerStore::Write> writes;
  for (int i = 0; i < 700; ++i) {
    writes.push_back(Put(Kind::kSession, absl::StrCat("a", i), "x", 0, this->In(absl::Hours(1))));
  }
  for (int i = 0; i < 5; ++i) writes.push_back(Put(Kind::kSession, absl::StrCat("b", i), "x"));
  ASSERT_THAT(Apply(*this->store_, writes), testing::IsOk());
  this->clock_->Advance(absl::Hours(1));
  EXPECT_THAT(Keys(*this->store_, Kind::kSession, "", 3), ::testing::ElementsAre("b0", "b1", "b2"));
}

TYPED_TEST_P(StoreTest, NumbersRevocations) {
  const absl::Time end = this->In(absl::Hours(1));
  const std::string epoch = Log(*this->store_).epoch;
  ASSERT_THAT(Apply(*this->store_, {}, {RevocationOf("a", end), RevocationOf("b", end)}),
              testing::IsOk());
  ASSERT_THAT(Apply(*this->store_, {}, {RevocationOf("c", end)}), testing::IsOk());
  EXPECT_EQ(Log(*this->store_).sequence, 3u);
  EXPECT_THAT(SessionIds(Log(*this->store_)), ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(SessionIds(Log(*this->store_, 1)), ::testing::ElementsAre("b", "c"));
  EXPECT_THAT(SessionIds(Log(*this->store_, 3)), ::testing::IsEmpty());
  EXPECT_EQ(Log(*this->store_, 3).sequence, 3u);
  // Somebody who has seen more than there is can tell.
  EXPECT_EQ(Log(*this->store_, 99).sequence, 3u);
  EXPECT_EQ(Log(*this->store_).epoch, epoch);
  EXPECT_EQ(Log(*this->store_).revocations[0].SerializeAsString(),
            RevocationOf("a", end).SerializeAsString());
}

TYPED_TEST_P(StoreTest, RevocationsThatHaveEndedAreLeftOutAndStillCount) {
  const absl::Time end = this->In(absl::Hours(1));
  ASSERT_THAT(Apply(*this->store_, {},
                    {RevocationOf("a", end), RevocationOf("b", end + absl::Hours(1)),
                     RevocationOf("c", end)}),
              testing::IsOk());
  this->clock_->Set(end - absl::Microseconds(1));
  EXPECT_THAT(SessionIds(Log(*this->store_)), ::testing::ElementsAre("a", "b", "c"));
  this->clock_->Set(end);
  EXPECT_THAT(SessionIds(Log(*this->store_)), ::testing::ElementsAre("b"));
  EXPECT_EQ(Log(*this->store_).sequence, 3u);
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  EXPECT_THAT(SessionIds(Log(*this->store_)), ::testing::ElementsAre("b"));
  EXPECT_EQ(Log(*this->store_).sequence, 3u);
  ASSERT_THAT(Apply(*this->store_, {}, {RevocationOf("d", end + absl::Hours(1))}), testing::IsOk());
  EXPECT_EQ(Log(*this->store_).sequence, 4u);
  EXPECT_THAT(SessionIds(Log(*this->store_, 3)), ::testing::ElementsAre("d"));
}

TYPED_TEST_P(StoreTest, ManyRevocationsComeInPages) {
  std::vector<std::string> all;
  for (int change = 0; change < 5; ++change) {
    std::vector<v1::Revocation> revocations;
    for (int i = 0; i < 500; ++i) {
      // One in five is short.
      const bool is_short = change == 1;
      const std::string id = absl::StrCat("session ", change, " ", i);
      if (!is_short) all.push_back(id);
      revocations.push_back(RevocationOf(id, this->In(absl::Hours(is_short ? 1 : 2))));
    }
    ASSERT_THAT(Apply(*this->store_, {}, revocations), testing::IsOk());
  }
  this->clock_->Advance(absl::Hours(1));
  std::vector<std::string> seen;
  uint64_t sequence = 0;
  for (int page = 0; page < 10 && sequence < 2500; ++page) {
    const auto log = Log(*this->store_, sequence);
    ASSERT_GT(log.sequence, sequence);
    sequence = log.sequence;
    for (const std::string& id : SessionIds(log)) seen.push_back(id);
  }
  EXPECT_EQ(sequence, 2500u);
  EXPECT_EQ(seen, all);
}

TYPED_TEST_P(StoreTest, OfManyThreadsOneWinsEachVersion) {
  constexpr int kThreads = 8, kRounds = 40;
  std::atomic<int> won{0};
  std::vector<std::atomic<int>> winners(kThreads * kRounds + 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        if (const uint64_t number = Increment(*this->store_, Kind::kSession, "s"); number != 0) {
          ++won;
          ++winners[number];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto last = Number(Get(*this->store_, Kind::kSession, "s").value);
  EXPECT_EQ(last, static_cast<uint64_t>(won));
  for (uint64_t i = 1; i <= last; ++i) EXPECT_EQ(winners[i], 1) << i;
}

TYPED_TEST_P(StoreTest, OfManyThreadsOneMakesARecord) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const absl::Status status =
            Apply(*this->store_, {Put(Kind::kUsedId, absl::StrCat("id", round), "")});
        EXPECT_TRUE(status.ok() || absl::IsAborted(status)) << status;
        if (status.ok()) ++won;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
  }
}

TYPED_TEST_P(StoreTest, RemovingWhatHasEndedMakesRoom) {
  std::vector<IssuerStore::Write> writes;
  std::vector<v1::Revocation> revocations;
  for (int i = 0; i < 600; ++i) {
    writes.push_back(Put(i % 2 == 0 ? Kind::kSession : Kind::kUsedId, absl::StrCat("a", i), "x", 0,
                         this->In(absl::Hours(1))));
    revocations.push_back(RevocationOf(absl::StrCat(i), this->In(absl::Hours(1))));
  }
  writes.push_back(Put(Kind::kSession, "stays", "x", 0, this->In(absl::Hours(2))));
  writes.push_back(Put(Kind::kUser, "stays", "x"));
  revocations.push_back(RevocationOf("stays", this->In(absl::Hours(2))));
  ASSERT_THAT(Apply(*this->store_, writes, revocations), testing::IsOk());
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  EXPECT_EQ(this->home_.Stored(), 1203u);
  this->clock_->Advance(absl::Hours(1));
  EXPECT_EQ(this->home_.Stored(), 1203u);
  ASSERT_THAT(this->store_->RemoveExpired(), testing::IsOk());
  EXPECT_EQ(this->home_.Stored(), 3u);
  EXPECT_EQ(Get(*this->store_, Kind::kUser, "stays").value, "x");
  EXPECT_EQ(Get(*this->store_, Kind::kSession, "stays").value, "x");
}

REGISTER_TYPED_TEST_SUITE_P(StoreTest, IsEmptyAtFirst, GivesBackWhatWasPutThere, KindsAreApart,
                            ReplacesOnlyTheExpectedVersion, DeletesOnlyTheExpectedVersion,
                            ARecordThatIsMadeAgainHasAnotherVersion, AChangeIsDoneWholeOrNotAtAll,
                            RefusesWhatIsNoChange, KeepsAnyBytes, RecordsEndAtTheirTime,
                            WhatHasEndedIsMadeAnew, AWriteSetsTheEndAnew,
                            ListsKeysInOrderAndInPages, PagesOfKeysAreFullWhereManyHaveEnded,
                            NumbersRevocations, RevocationsThatHaveEndedAreLeftOutAndStillCount,
                            ManyRevocationsComeInPages, OfManyThreadsOneWinsEachVersion,
                            OfManyThreadsOneMakesARecord, RemovingWhatHasEndedMakesRoom);

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_STORE_SUITE_H_
