// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/revocation_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/issuer/wrapped_store.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kIssuer[] = "https://tokens.example.com";

class RevocationFeedTest : public ::testing::Test {
 protected:
  // One that asks only when it is told to.
  std::unique_ptr<RevocationFeed> NewFeed() {
    RevocationFeedOptions options;
    options.issuer = kIssuer;
    options.store = wrapped_;
    options.interval = absl::Hours(24);
    options.clock = clock_;
    return std::make_unique<RevocationFeed>(options);
  }
  v1::Revocation RevocationOf(const std::string& session) const {
    v1::Revocation revocation;
    revocation.set_issuer(kIssuer);
    revocation.set_session_id(session);
    revocation.mutable_expires_at()->set_seconds(
        absl::ToUnixSeconds(clock_->Now() + absl::Hours(1)));
    return revocation;
  }
  void Revoke(const std::vector<std::string>& sessions) {
    IssuerStore::Change change;
    for (const std::string& session : sessions) {
      change.revocations.push_back(RevocationOf(session));
    }
    ASSERT_THAT(store_->Apply(change), IsOk());
  }
  static RevocationVerdict VerdictOf(const RevocationFeed& feed, const std::string& session) {
    TokenFacts token;
    token.issuer = kIssuer;
    token.session_id = session;
    return feed.Check(token);
  }
  static std::vector<std::string> SessionsOf(const RevocationFeed::Batch& batch) {
    std::vector<std::string> sessions;
    for (const auto& revocation : batch.revocations) sessions.push_back(revocation.session_id());
    return sessions;
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(clock_);
  const std::shared_ptr<WrappedStore> wrapped_ = std::make_shared<WrappedStore>(store_);
};

TEST_F(RevocationFeedTest, KnowsWhatWasRevokedBeforeIt) {
  Revoke({"a"});
  const auto feed = NewFeed();
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kRevoked);
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kGood);
}

TEST_F(RevocationFeedTest, HearsOfWhatIsRevokedLater) {
  const auto feed = NewFeed();
  const uint64_t generation = feed->generation();
  Revoke({"a"});
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kGood);
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kRevoked);
  EXPECT_NE(feed->generation(), generation);
}

TEST_F(RevocationFeedTest, KnowsNothingUntilTheStoreHasAnswered) {
  wrapped_->Fail(absl::UnavailableError("the disk is gone"));
  const auto feed = NewFeed();
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kUnknown);
  EXPECT_THAT(feed->Health(), IsError(HasSubstr("the disk is gone")));
  EXPECT_FALSE(feed->Status().age.has_value());
  wrapped_->Fail(absl::OkStatus());
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kGood);
  EXPECT_THAT(feed->Health(), IsOk());
  EXPECT_EQ(feed->Status().age, absl::ZeroDuration());
}

TEST_F(RevocationFeedTest, GoesOnForFiveMinutesWithoutTheStore) {
  Revoke({"a"});
  const auto feed = NewFeed();
  wrapped_->Fail(absl::UnavailableError("down"));
  clock_->Advance(absl::Minutes(5));
  EXPECT_TRUE(absl::IsUnavailable(feed->Poll()));
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kGood);
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kUnknown);
  // What is revoked stays so.
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kRevoked);
  EXPECT_EQ(feed->Status().failures.at("unreachable"), 1);
  wrapped_->Fail(absl::OkStatus());
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kGood);
}

TEST_F(RevocationFeedTest, AClockThatIsSetBackDoesNotLengthenThat) {
  const auto feed = NewFeed();
  wrapped_->Fail(absl::UnavailableError("down"));
  clock_->Advance(absl::Minutes(5) + absl::Nanoseconds(1));
  clock_->Set(clock_->Now() - absl::Hours(1));
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kUnknown);
}

TEST_F(RevocationFeedTest, WhatIsRevokedStaysSoInAStoreThatHasForgotten) {
  Revoke({"a"});
  const auto feed = NewFeed();
  // A new store, as after the loss of the old one.
  auto other = std::make_shared<MemoryStore>(clock_);
  wrapped_->SetStore(other);
  const std::string epoch = feed->epoch();
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_NE(feed->epoch(), epoch);
  EXPECT_EQ(VerdictOf(*feed, "a"), RevocationVerdict::kRevoked);
  ASSERT_THAT(other->Apply({{}, {RevocationOf("b")}}), IsOk());
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(VerdictOf(*feed, "b"), RevocationVerdict::kRevoked);
  EXPECT_FALSE(feed->After(epoch, 1).has_value());
}

TEST_F(RevocationFeedTest, ReadsAllAnewWhenTheSequenceGoesBack) {
  Revoke({"a", "b", "c"});
  const auto feed = NewFeed();
  auto earlier = std::make_shared<MemoryStore>(clock_);
  ASSERT_THAT(earlier->Apply({{}, {RevocationOf("d")}}), IsOk());
  wrapped_->SetEpoch(feed->epoch());  // A copy that says nothing of itself.
  wrapped_->SetStore(earlier);
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(VerdictOf(*feed, "d"), RevocationVerdict::kRevoked);
  EXPECT_EQ(VerdictOf(*feed, "c"), RevocationVerdict::kRevoked);
  EXPECT_FALSE(feed->After(feed->epoch(), 3).has_value());
  EXPECT_TRUE(feed->After(feed->epoch(), 1).has_value());
}

TEST_F(RevocationFeedTest, SaysWhatFollowsOnAPlace) {
  Revoke({"a", "b"});
  const auto feed = NewFeed();
  Revoke({"c"});
  ASSERT_THAT(feed->Poll(), IsOk());
  const std::string epoch = feed->epoch();
  // From the beginning of a batch, from its middle, and from its end.
  auto batch = feed->After(epoch, 0);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->previous_sequence, 0u);
  EXPECT_EQ(batch->sequence, 2u);
  EXPECT_THAT(SessionsOf(*batch), ::testing::ElementsAre("a", "b"));
  batch = feed->After(epoch, 1);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->previous_sequence, 1u);
  EXPECT_EQ(batch->sequence, 2u);
  EXPECT_THAT(SessionsOf(*batch), ::testing::Contains("b"));
  batch = feed->After(epoch, 2);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->previous_sequence, 2u);
  EXPECT_EQ(batch->sequence, 3u);
  EXPECT_THAT(SessionsOf(*batch), ::testing::ElementsAre("c"));
  batch = feed->After(epoch, 3);
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->sequence, 3u);
  EXPECT_THAT(batch->revocations, IsEmpty());
}

TEST_F(RevocationFeedTest, ANewSnapshotIsNeededForAPlaceThatItDoesNotKnow) {
  Revoke({"a"});
  const auto feed = NewFeed();
  EXPECT_FALSE(feed->After("another", 0).has_value());
  EXPECT_FALSE(feed->After("", 0).has_value());
  EXPECT_FALSE(feed->After(feed->epoch(), 2).has_value());
}

TEST_F(RevocationFeedTest, FollowsAHundredThousandAndForgetsThePast) {
  const auto feed = NewFeed();
  const int kMany = 100'000;
  for (int i = 0; i < kMany; i += 10'000) {
    std::vector<std::string> sessions;
    for (int j = i; j < i + 10'000; ++j) sessions.push_back(absl::StrCat("session-", j));
    Revoke(sessions);
  }
  ASSERT_THAT(feed->Poll(), IsOk());
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(VerdictOf(*feed, absl::StrCat("session-", i)), RevocationVerdict::kRevoked) << i;
  }
  EXPECT_EQ(feed->Status().entries, static_cast<size_t>(kMany));
  // The last ten thousand can be followed, page by page, and what was before needs a snapshot.
  EXPECT_FALSE(feed->After(feed->epoch(), 0).has_value());
  EXPECT_FALSE(feed->After(feed->epoch(), kMany - 20'000).has_value());
  uint64_t place = kMany - 9'500;
  size_t seen = 0;
  while (place < kMany) {
    const auto batch = feed->After(feed->epoch(), place);
    ASSERT_TRUE(batch.has_value());
    ASSERT_EQ(batch->previous_sequence, place);
    ASSERT_GT(batch->sequence, place);
    place = batch->sequence;
    seen += batch->revocations.size();
  }
  EXPECT_GE(seen, 9'500u);
  EXPECT_LE(seen, 10'500u);
  // And they go when their time has come.
  clock_->Advance(absl::Hours(1));
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(feed->Status().entries, 0u);
}

TEST_F(RevocationFeedTest, WhatHasEndedBeforeItIsHeardOfTakesNoRoom) {
  const auto feed = NewFeed();
  for (int i = 0; i < 20'000; ++i) {
    v1::Revocation old = RevocationOf("a");
    old.mutable_expires_at()->set_seconds(1);
    ASSERT_THAT(store_->Apply({{}, {old}}), IsOk());
    ASSERT_THAT(feed->Poll(), IsOk());
  }
  EXPECT_EQ(feed->Status().entries, 0u);
  EXPECT_FALSE(feed->After(feed->epoch(), 0).has_value());
  EXPECT_TRUE(feed->After(feed->epoch(), 15'000).has_value());
}

TEST_F(RevocationFeedTest, TellsListenersOfNewsUntilTheyLeave) {
  const auto feed = NewFeed();
  std::atomic<int> told{0};
  const auto id = feed->Subscribe([&] { ++told; });
  Revoke({"a"});
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(told, 1);
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(told, 1);  // Nothing new.
  wrapped_->SetEpoch("another");
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(told, 2);
  feed->Unsubscribe(id);
  Revoke({"b"});
  ASSERT_THAT(feed->Poll(), IsOk());
  EXPECT_EQ(told, 2);
}

TEST_F(RevocationFeedTest, EachOfManyThreadsHearsOfWhatItRevoked) {
  const auto feed = NewFeed();
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j) {
        const std::string session = absl::StrCat(i, " ", j);
        Revoke({session});
        ASSERT_THAT(feed->Poll(), IsOk());
        ASSERT_EQ(VerdictOf(*feed, session), RevocationVerdict::kRevoked);
        (void)feed->After(feed->epoch(), 0);
        (void)feed->Status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RevocationFeedTest, ThoseWhoWaitForTheStoreShareItsNextAnswer) {
  const auto feed = NewFeed();
  const int before = wrapped_->counts().logs;
  // While the store is asked for one, fifty more come.
  std::vector<std::thread> threads;
  std::atomic<int> arrived{0};
  wrapped_->AfterTheNextLog([&] {
    for (int i = 0; i < 50; ++i) {
      threads.emplace_back([&] {
        ++arrived;
        EXPECT_THAT(feed->Poll(), IsOk());
      });
    }
    while (arrived < 50) std::this_thread::yield();
  });
  ASSERT_THAT(feed->Poll(), IsOk());
  for (std::thread& thread : threads) thread.join();
  // Some may be late by a moment, and ask once more.
  EXPECT_LT(wrapped_->counts().logs - before, 40);
}

}  // namespace
}  // namespace lanyard::test
