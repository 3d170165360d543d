// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lanyard::internal {
namespace {

using ::testing::ElementsAre;

using Clock = std::chrono::steady_clock;

// Far enough for a test never to see it.
TimerQueue::TimePoint Never() { return Clock::now() + std::chrono::hours(24); }
TimerQueue::TimePoint Past() { return Clock::now() - std::chrono::hours(1); }

// Waits until all that was due when it was called has run: the queue keeps the order of time.
void Drain(TimerQueue& queue) {
  std::promise<void> done;
  queue.Add(Clock::now(), [&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(TimerQueueTest, RunsWhatIsDue) {
  TimerQueue queue;
  std::promise<std::thread::id> ran;
  queue.Add(Past(), [&ran] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST(TimerQueueTest, RunsInTheOrderOfTime) {
  TimerQueue queue;
  std::vector<int> order;
  std::promise<void> go, started;
  const TimerQueue::TimePoint base = Past();
  // Holds the thread until all are queued.
  queue.Add(base - std::chrono::hours(1), [&] {
    started.set_value();
    go.get_future().wait();
  });
  started.get_future().wait();
  queue.Add(base + std::chrono::seconds(3), [&order] { order.push_back(3); });
  queue.Add(base + std::chrono::seconds(1), [&order] { order.push_back(1); });
  queue.Add(base + std::chrono::seconds(2), [&order] { order.push_back(2); });
  queue.Add(base + std::chrono::seconds(2), [&order] { order.push_back(20); });
  go.set_value();
  Drain(queue);
  EXPECT_THAT(order, ElementsAre(1, 2, 20, 3));
}

TEST(TimerQueueTest, NeverRunsEarly) {
  TimerQueue queue;
  std::promise<TimerQueue::TimePoint> ran;
  const TimerQueue::TimePoint when = Clock::now() + std::chrono::milliseconds(20);
  queue.Add(when, [&ran] { ran.set_value(Clock::now()); });
  EXPECT_GE(ran.get_future().get(), when);
}

TEST(TimerQueueTest, SoonerTimerOvertakesOneThatIsWaitedFor) {
  TimerQueue queue;
  queue.Add(Never(), [] { FAIL() << "not due"; });
  Drain(queue);
}

TEST(TimerQueueTest, NeverRunsWhatWasCancelled) {
  TimerQueue queue;
  std::promise<void> go, started;
  queue.Add(Past() - std::chrono::hours(1), [&] {
    started.set_value();
    go.get_future().wait();
  });
  started.get_future().wait();
  std::atomic<int> ran{0};
  const TimerQueue::Id first = queue.Add(Past(), [&ran] { ran += 1; });
  queue.Add(Past(), [&ran] { ran += 10; });
  const TimerQueue::Id far = queue.Add(Never(), [&ran] { ran += 100; });
  queue.Cancel(first);
  queue.Cancel(far);
  go.set_value();
  Drain(queue);
  EXPECT_EQ(ran, 10);
}

TEST(TimerQueueTest, CancellingTwiceOrAfterwardsOrSomethingUnknownIsHarmless) {
  TimerQueue queue;
  std::atomic<int> ran{0};
  const TimerQueue::Id id = queue.Add(Past(), [&ran] { ++ran; });
  Drain(queue);
  queue.Cancel(id);
  queue.Cancel(id);
  queue.Cancel(0);
  queue.Cancel(123456789);
  Drain(queue);
  EXPECT_EQ(ran, 1);
}

TEST(TimerQueueTest, CancellingFreesWhatTheWorkHolds) {
  TimerQueue queue;
  auto held = std::make_shared<int>(1);
  const TimerQueue::Id id = queue.Add(Never(), [held] {});
  EXPECT_EQ(held.use_count(), 2);
  queue.Cancel(id);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerQueueTest, WorkMayUseTheQueue) {
  TimerQueue queue;
  std::promise<void> second;
  const TimerQueue::Id other = queue.Add(Never(), [] { FAIL() << "cancelled"; });
  queue.Add(Past(), [&] {
    queue.Cancel(other);
    queue.Add(Past(), [&second] { second.set_value(); });
  });
  second.get_future().wait();
}

TEST(TimerQueueTest, WhatIsFreedWithTheWorkMayUseTheQueue) {
  TimerQueue queue;
  struct CancelsWhenFreed {
    TimerQueue* queue;
    TimerQueue::Id id;
    ~CancelsWhenFreed() { queue->Cancel(id); }
  };
  const TimerQueue::Id other = queue.Add(Never(), [] {});
  auto first = std::make_shared<CancelsWhenFreed>(CancelsWhenFreed{&queue, other});
  auto second = std::make_shared<CancelsWhenFreed>(CancelsWhenFreed{&queue, other});
  queue.Add(Past(), [held = std::move(first)] {});
  Drain(queue);
  queue.Cancel(queue.Add(Never(), [held = std::move(second)] {}));
}

TEST(TimerQueueTest, DestructorForgetsWhatIsNotDue) {
  std::atomic<bool> ran{false};
  auto held = std::make_shared<int>(1);
  {
    TimerQueue queue;
    queue.Add(Never(), [&ran, held] { ran = true; });
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerQueueTest, DestructorWaitsForWorkThatRuns) {
  std::promise<void> started, go;
  std::atomic<bool> finished{false};
  auto queue = std::make_unique<TimerQueue>();
  queue->Add(Past(), [&] {
    started.set_value();
    go.get_future().wait();
    finished = true;
  });
  started.get_future().wait();
  std::thread releaser([&go] { go.set_value(); });
  queue.reset();
  EXPECT_TRUE(finished);
  releaser.join();
}

TEST(TimerQueueTest, WorkMayDestroyTheQueue) {
  std::promise<void> gone;
  auto queue = std::make_shared<std::unique_ptr<TimerQueue>>(std::make_unique<TimerQueue>());
  (*queue)->Add(Past(), [queue, &gone] {
    queue->reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

TEST(TimerQueueTest, ManyThreadsAddAndCancel) {
  TimerQueue queue;
  std::atomic<int> ran{0}, kept{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        queue.Cancel(queue.Add(Never(), [] { FAIL() << "cancelled"; }));
        queue.Add(Past(), [&ran] { ++ran; });
        ++kept;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Drain(queue);
  EXPECT_EQ(ran, kept);
}

}  // namespace
}  // namespace lanyard::internal
