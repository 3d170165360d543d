// SPDX-License-Identifier: Apache-2.0
//
// Redis forgets in many ways what it has acknowledged: a store must find out, and let no session
// that may have been spent or revoked since come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/redis_store.h"
#include "tests/issuer/redis_fixture.h"
#include "tests/issuer/redis_server.h"
#include "tests/issuer/store_calls.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class RedisLossTest : public RedisStoreTest {
 protected:
  // What the server would find after it has lost all that comes after this.
  void CopyData() {
    server_.Stop();
    std::filesystem::remove_all(server_.folder() + "/old");
    std::filesystem::copy(Data(), server_.folder() + "/old",
                          std::filesystem::copy_options::recursive);
    server_.Restart();
  }
  void BringBackOldData() {
    server_.Stop();
    std::filesystem::remove_all(Data());
    std::filesystem::copy(server_.folder() + "/old", Data(),
                          std::filesystem::copy_options::recursive);
    server_.Restart();
  }
  // One more record of a user.
  static void Commit(IssuerStore& store, const std::string& key) {
    ASSERT_THAT(Apply(store, {Put(Kind::kUser, key, "x")}), IsOk());
  }

 private:
  std::string Data() const { return server_.folder() + "/appendonlydir"; }
};

TEST_F(RedisLossTest, ARestartIsNoLoss) {
  server_.Start();
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1")}), IsOk());
  const std::string epoch = Log(*store).epoch;
  for (int i = 0; i < 3; ++i) {
    server_.Restart();
    EXPECT_EQ(Get(*store, Kind::kSession, "s").value, "1");
    EXPECT_EQ(Log(*store).epoch, epoch);
    EXPECT_EQ(Log(*Open()).epoch, epoch);
    Commit(*store, absl::StrCat(i));
  }
}

TEST_F(RedisLossTest, OldDataBeginsAnotherEpochWithoutSessions) {
  server_.Start();
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1"), Put(Kind::kUser, "alice", "1")}),
              IsOk());
  const std::string epoch = Log(*store).epoch;
  const uint64_t session = Version(*store, Kind::kSession, "s");
  CopyData();
  // The session is spent, which the server forgets.
  ASSERT_THAT(Apply(*store, {Delete(Kind::kSession, "s", session)},
                    {RevocationOf("s", clock_->Now() + absl::Hours(1))}),
              IsOk());
  BringBackOldData();
  EXPECT_EQ(Version(*store, Kind::kSession, "s"), 0u);
  EXPECT_NE(Log(*store).epoch, epoch);
  EXPECT_THAT(Keys(*store, Kind::kSession), ::testing::IsEmpty());
  EXPECT_THAT(Apply(*store, {Put(Kind::kSession, "s", "2", session)}), IsAborted());
  // All else is what there is.
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  // And that for everybody, those who have seen nothing of it too.
  EXPECT_EQ(Version(*Open(), Kind::kSession, "s"), 0u);
  EXPECT_EQ(Log(*Open()).epoch, Log(*store).epoch);
  EXPECT_EQ(server_.Ask({"EXISTS", "{lanyard:}record:session:s"}), "1");
  EXPECT_THAT(store->RemoveExpired(), IsOk());
  EXPECT_EQ(server_.Ask({"EXISTS", "{lanyard:}record:session:s"}), "0");
  EXPECT_EQ(server_.Ask({"ZCARD", "{lanyard:}keys:session"}), "0");
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
}

TEST_F(RedisLossTest, SessionsOfTheNewEpochStay) {
  server_.Start();
  const auto store = Open();
  std::vector<IssuerStore::Write> old;
  for (int i = 0; i < 1200; ++i) old.push_back(Put(Kind::kSession, absl::StrCat("s", i), "old"));
  ASSERT_THAT(Apply(*store, old), IsOk());
  CopyData();
  Commit(*store, "lost");
  BringBackOldData();
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s600", "new"), Put(Kind::kSession, "a", "new")}),
              IsOk());
  EXPECT_THAT(Keys(*store, Kind::kSession), ::testing::ElementsAre("a", "s600"));
  EXPECT_THAT(store->RemoveExpired(), IsOk());
  EXPECT_THAT(Keys(*store, Kind::kSession), ::testing::ElementsAre("a", "s600"));
  EXPECT_EQ(server_.Ask({"ZCARD", "{lanyard:}keys:session"}), "2");
  EXPECT_EQ(server_.Do({"KEYS", "{lanyard:}record:session:*"}).elements.size(), 2u);
  EXPECT_EQ(server_.Ask({"HEXISTS", "{lanyard:}state", "sweep"}), "0");
}

// Others have changed more since than was lost, so that the count alone says nothing.
TEST_F(RedisLossTest, IsFoundOutByWhoeverMadeTheChangeThoughOthersWentOn) {
  server_.Start();
  const auto store = Open(), other = Open();
  Commit(*store, "a");
  Commit(*other, "b");
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1")}), IsOk());
  CopyData();
  Commit(*store, "lost");
  BringBackOldData();
  const std::string epoch = Log(*other).epoch;
  for (int i = 0; i < 10; ++i) Commit(*other, absl::StrCat("c", i));
  EXPECT_EQ(Log(*other).epoch, epoch);
  EXPECT_EQ(Version(*store, Kind::kSession, "s"), 0u);
  EXPECT_NE(Log(*store).epoch, epoch);
  // Once.
  EXPECT_EQ(Log(*other).epoch, Log(*store).epoch);
  const std::string next = Log(*store).epoch;
  Commit(*other, "d");
  Commit(*store, "d2");
  EXPECT_EQ(Log(*other).epoch, next);
  EXPECT_EQ(Log(*store).epoch, next);
}

// Whoever made it may be gone.
TEST_F(RedisLossTest, IsFoundOutByWhoeverHasSeenTheChange) {
  server_.Start();
  const auto reader = Open();
  const std::string epoch = Log(*reader).epoch;
  CopyData();
  {
    const auto writer = Open();
    Commit(*writer, "lost");
    Commit(*writer, "lost too");  // Says besides that the first was acknowledged.
    EXPECT_EQ(Log(*reader).epoch, epoch);
  }
  BringBackOldData();
  EXPECT_NE(Log(*reader).epoch, epoch);
}

TEST_F(RedisLossTest, ALossOfTheNewEpochIsALoss) {
  server_.Start();
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1")}), IsOk());
  const std::string first = Log(*store).epoch;
  CopyData();
  Commit(*store, "lost");
  BringBackOldData();
  const std::string second = Log(*store).epoch;
  EXPECT_NE(second, first);
  BringBackOldData();
  EXPECT_EQ(Version(*store, Kind::kSession, "s"), 0u);
  EXPECT_NE(Log(*store).epoch, first);
  EXPECT_NE(Log(*store).epoch, second);
}

TEST_F(RedisLossTest, NoVersionComesAgain) {
  server_.Start();
  const auto store = Open();
  uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    Commit(*store, "alice");
    const uint64_t version = Version(*store, Kind::kUser, "alice");
    EXPECT_GT(version, last);
    last = version;
    server_.Do({"FLUSHALL"});
    // By whom there was before, and by somebody new.
    const std::unique_ptr<IssuerStore> one = i % 2 == 0 ? Open() : nullptr;
    EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "2", last)}), IsAborted());
  }
}

TEST_F(RedisLossTest, FlushedUnderLoad) {
  server_.Start();
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "old", "1")}), IsOk());
  const std::string epoch = Log(*store).epoch;
  constexpr int kThreads = 4;
  std::atomic<bool> flushed{false}, stop{false};
  std::atomic<int> made{0};
  std::vector<std::vector<std::string>> after(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; !stop; ++n) {
        const std::string key = absl::StrCat("t", i, " ", n);
        const bool begun_after = flushed;
        EXPECT_THAT(Apply(*store, {Put(Kind::kSession, key, "x"), Put(Kind::kUser, key, "x")},
                          {RevocationOf(key, clock_->Now() + absl::Hours(1))}),
                    IsOk());
        if (begun_after) after[static_cast<size_t>(i)].push_back(key);
        ++made;
      }
    });
  }
  const auto await = [&](int count) {
    const int goal = made + count;
    while (made < goal) std::this_thread::yield();
  };
  await(200);
  server_.Do({"FLUSHALL"});
  flushed = true;
  await(200);
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_NE(Log(*store).epoch, epoch);
  EXPECT_EQ(Version(*store, Kind::kSession, "old"), 0u);
  // Of a second loss nothing is known: what was acknowledged since the first is there.
  size_t kept = 0;
  for (const auto& keys : after) {
    for (const std::string& key : keys) {
      EXPECT_GE(Version(*store, Kind::kSession, key), 1u) << key;
      EXPECT_GE(Version(*store, Kind::kUser, key), 1u) << key;
      ++kept;
    }
  }
  EXPECT_GE(kept, 100u);
  EXPECT_GE(Log(*store).sequence, kept);
}

// A server with a replica. Stores find "the" server through a link, as through a name in the DNS.
class RedisReplicaTest : public RedisLossTest {
 protected:
  void SetUp() override {
    RedisLossTest::SetUp();
    if (IsSkipped()) return;
    server_.Start(absl::StrCat("port ", server_.port()));
    replica_.Start(absl::StrCat("replicaof 127.0.0.1 ", server_.port()));
    Point(server_);
    // A first change waits for the connection.
    RedisStoreOptions options = Options();
    options.timeout = absl::Seconds(60);
    ASSERT_THAT(Apply(*Open(options), {Put(Kind::kUser, "first", "x")}), IsOk());
  }
  void Point(const RedisServer& server) const {
    unlink(link_.c_str());
    ASSERT_EQ(symlink(server.socket().c_str(), link_.c_str()), 0);
  }
  void FailOver() {
    server_.Stop();
    replica_.Do({"REPLICAOF", "NO", "ONE"});
    Point(replica_);
  }
  RedisStoreOptions Options() const {
    RedisStoreOptions options = RedisLossTest::Options();
    options.address = "unix:" + link_;
    options.wait_replicas = 1;
    return options;
  }

  const std::string link_ = files_.Path("redis.sock");
  RedisServer replica_{files_, "replica"};
};

TEST_F(RedisReplicaTest, WhatIsAcknowledgedIsOnTheReplica) {
  const auto store = Open(Options());
  for (int i = 0; i < 50; ++i) {
    const std::string key = absl::StrCat(i);
    ASSERT_THAT(Apply(*store, {Put(Kind::kSession, key, "x")}), IsOk());
    EXPECT_EQ(replica_.Ask({"HGET", absl::StrCat("{lanyard:}record:session:", key), "d"}), "x");
  }
}

TEST_F(RedisReplicaTest, AChangeThatNoReplicaHasIsUnavailable) {
  RedisStoreOptions options = Options();
  options.timeout = absl::Seconds(3);
  const auto store = Open(options);
  replica_.Pause();
  const absl::Status status = Apply(*store, {Put(Kind::kSession, "s", "1")});
  EXPECT_THAT(status, AllOf(HasCode(absl::StatusCode::kUnavailable),
                            IsError(HasSubstr("0 of 1 replicas"))));
  // What fails before it is written needs no replica.
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "first", "2")}), IsAborted());
  EXPECT_EQ(Get(*store, Kind::kUser, "first").value, "x");
  replica_.Continue();
  EXPECT_THAT(Apply(*Open(Options()), {Put(Kind::kSession, "t", "1")}), IsOk());
}

TEST_F(RedisReplicaTest, AFailoverLosesNothingThatWasAcknowledged) {
  const auto store = Open(Options());
  RedisStoreOptions alone = Options();
  alone.wait_replicas = 0;
  const std::string epoch = Log(*store).epoch;
  std::vector<std::string> acknowledged;
  std::atomic<bool> stop{false};
  std::atomic<int> made{0};
  std::thread writer([&] {
    RedisStoreOptions options = Options();
    options.timeout = absl::Seconds(20);
    const auto writing = Open(options);
    for (int i = 0; !stop; ++i) {
      const std::string key = absl::StrCat(i);
      if (Apply(*writing, {Put(Kind::kSession, key, "x")}).ok()) {
        acknowledged.push_back(key);
        ++made;
      }
    }
  });
  while (made < 100) std::this_thread::yield();
  server_.Stop();  // Maybe in the middle of one.
  stop = true;
  writer.join();
  FailOver();
  const auto after = Open(alone);
  for (const std::string& key : acknowledged) {
    EXPECT_GE(Version(*after, Kind::kSession, key), 1u) << key;
  }
  // So everybody stays signed in.
  EXPECT_EQ(Log(*store).epoch, epoch);
  EXPECT_EQ(Log(*after).epoch, epoch);
}

TEST_F(RedisReplicaTest, AFailoverThatLosesBeginsAnotherEpoch) {
  RedisStoreOptions options = Options();
  options.wait_replicas = 0;
  const auto store = Open(options);
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1")}), IsOk());
  ASSERT_THAT(Apply(*Open(Options()), {Put(Kind::kUser, "replicated", "1")}), IsOk());
  const std::string epoch = Log(*store).epoch;
  // The network fails first, then the server.
  replica_.Do({"REPLICAOF", "NO", "ONE"});
  ASSERT_THAT(Apply(*store, {Delete(Kind::kSession, "s", Version(*store, Kind::kSession, "s"))}),
              IsOk());
  FailOver();
  EXPECT_EQ(replica_.Ask({"EXISTS", "{lanyard:}record:session:s"}), "1");
  EXPECT_EQ(Version(*store, Kind::kSession, "s"), 0u);
  EXPECT_NE(Log(*store).epoch, epoch);
  EXPECT_EQ(Get(*store, Kind::kUser, "replicated").value, "1");
}

}  // namespace
}  // namespace lanyard::test
