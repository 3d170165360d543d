// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace lanyard::internal {
namespace {

// Work that waits until it is let go, and counts itself.
class HeldWork {
 public:
  WorkQueue::Work One() {
    return [this](bool stopped) {
      std::unique_lock<std::mutex> lock(mutex_);
      if (stopped) {
        ++stopped_;
        return;
      }
      most_ = std::max(most_, ++running_);
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
      --running_;
      ++done_;
    };
  }
  void Release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void AwaitRunning(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return running_ == count; });
  }
  int most() const { return most_; }
  int done() const { return done_; }
  int stopped() const { return stopped_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  int running_ = 0, most_ = 0, done_ = 0, stopped_ = 0;
};

TEST(WorkQueueTest, RunsOneForEachCoreUnlessTold) {
  EXPECT_EQ(WorkQueue().threads(),
            std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  EXPECT_EQ(WorkQueue({3, 1}).threads(), 3);
}

TEST(WorkQueueTest, RefusesExactlyWhatIsAboveItsBound) {
  HeldWork work;
  auto queue = std::make_unique<WorkQueue>(WorkQueueOptions{3, 100});
  for (int i = 0; i < 103; ++i) ASSERT_TRUE(queue->Run(work.One()).ok()) << i;
  work.AwaitRunning(3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(queue->Run([](bool) { FAIL(); }).code(), absl::StatusCode::kResourceExhausted);
  }
  work.Release();
  while (!queue->Run([](bool) {}).ok()) std::this_thread::yield();  // There is room again.
  queue.reset();
  EXPECT_EQ(work.most(), 3);
  EXPECT_EQ(work.done() + work.stopped(), 103);
}

TEST(WorkQueueTest, AFloodTakesNoMoreThanItsShareAndLosesNobody) {
  HeldWork work;
  std::atomic<int> taken{0}, refused{0};
  {
    WorkQueue queue({4, 100});
    std::vector<std::thread> clients;
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          const absl::Status status = queue.Run(work.One());
          ++(status.ok() ? taken : refused);
          EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kResourceExhausted);
        }
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(taken, 104) << "none of them ends before the flood does";
    EXPECT_EQ(refused, 896);
    work.AwaitRunning(4);
    work.Release();
  }
  EXPECT_EQ(work.most(), 4);
  EXPECT_EQ(work.done() + work.stopped(), taken);
}

TEST(WorkQueueTest, TheEndTellsThoseThatStillWait) {
  HeldWork work;
  std::atomic<bool> ended{false};
  auto queue = std::make_unique<WorkQueue>(WorkQueueOptions{2, 10});
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(queue->Run(work.One()).ok());
  work.AwaitRunning(2);
  std::thread closer([&] {
    queue.reset();
    ended = true;
  });
  EXPECT_FALSE(ended) << "what runs is waited for";
  work.Release();
  closer.join();
  EXPECT_EQ(work.done() + work.stopped(), 12);
  EXPECT_GE(work.done(), 2);
}

TEST(WorkQueueTest, WorkThatAsksForMoreAtTheEndIsRefused) {
  auto queue = std::make_unique<WorkQueue>(WorkQueueOptions{1, 10});
  std::atomic<int> taken{1}, called{0};
  ASSERT_TRUE(queue
                  ->Run([&, raw = queue.get()](bool) {
                    ++called;
                    absl::Status status;
                    while (status.code() != absl::StatusCode::kCancelled) {
                      status = raw->Run([&](bool) { ++called; });
                      if (status.ok()) ++taken;
                    }
                  })
                  .ok());
  queue.reset();
  EXPECT_LE(taken, 11);
  EXPECT_EQ(called, taken);
}

TEST(WorkQueueTest, WhatWorkHoldsIsLetGoWhenItHasRun) {
  WorkQueue queue({1, 10});
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  ASSERT_TRUE(queue.Run([held = std::move(held)](bool) {}).ok());
  std::atomic<bool> gone{false}, ran{false};
  ASSERT_TRUE(queue
                  .Run([&](bool) {
                    gone = watched.expired();
                    ran = true;
                  })
                  .ok());
  while (!ran) std::this_thread::yield();
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace lanyard::internal
