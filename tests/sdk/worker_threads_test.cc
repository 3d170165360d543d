// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/worker_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace lanyard::internal {
namespace {

TEST(WorkerThreadsTest, RunsWorkOnAnotherThread) {
  std::promise<std::thread::id> ran;
  WorkerThreads workers(2);
  workers.Run([&ran](const std::atomic<bool>& stop) {
    EXPECT_FALSE(stop);
    ran.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST(WorkerThreadsTest, WorkThatBlocksHoldsUpNoOther) {
  std::promise<void> release, ran;
  WorkerThreads workers(2);  // Ends first: the work uses both.
  workers.Run([&](const std::atomic<bool>&) { release.get_future().wait(); });
  workers.Run([&](const std::atomic<bool>&) { ran.set_value(); });
  ran.get_future().wait();
  release.set_value();
}

TEST(WorkerThreadsTest, UsesNoMoreThreadsThanItMay) {
  std::atomic<int> running{0}, most{0}, done{0};
  {
    WorkerThreads workers(3);
    for (int i = 0; i < 300; ++i) {
      workers.Run([&](const std::atomic<bool>&) {
        const int now = ++running;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --running;
        ++done;
      });
    }
  }
  EXPECT_EQ(done, 300) << "also what had not begun when it ended";
  EXPECT_LE(most, 3);
}

TEST(WorkerThreadsTest, TheEndStopsWhatRunsAndWaitsForIt) {
  std::atomic<bool> begun{false}, ended{false};
  auto workers = std::make_unique<WorkerThreads>(1);
  workers->Run([&](const std::atomic<bool>& stop) {
    begun = true;
    while (!stop) std::this_thread::yield();
    ended = true;
  });
  std::atomic<bool> late_was_stopped{false};
  workers->Run([&](const std::atomic<bool>& stop) { late_was_stopped = stop.load(); });
  while (!begun) std::this_thread::yield();
  workers.reset();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(late_was_stopped);
}

TEST(WorkerThreadsTest, WorkMayEndIt) {
  auto workers = std::make_shared<std::unique_ptr<WorkerThreads>>(new WorkerThreads(2));
  const auto gone = std::make_shared<std::promise<void>>();  // Nobody waits for that thread.
  std::future<void> done = gone->get_future();
  (*workers)->Run([workers, gone](const std::atomic<bool>& stop) {
    workers->reset();
    EXPECT_TRUE(stop);
    gone->set_value();
  });
  done.wait();
}

TEST(WorkerThreadsTest, WorkMayAskForMoreAtTheEnd) {
  std::atomic<bool> last{false};
  auto workers = std::make_unique<WorkerThreads>(2);
  workers->Run([&, raw = workers.get()](const std::atomic<bool>& stop) {
    while (!stop) std::this_thread::yield();
    raw->Run([&](const std::atomic<bool>& stopped) { last = stopped.load(); });
  });
  workers.reset();
  EXPECT_TRUE(last);
}

TEST(WorkerThreadsTest, WhatWorkHoldsIsLetGoWhenItHasRun) {
  std::promise<bool> gone;
  WorkerThreads workers(1);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  workers.Run([held = std::move(held)](const std::atomic<bool>&) {});
  workers.Run([&](const std::atomic<bool>&) { gone.set_value(watched.expired()); });
  EXPECT_TRUE(gone.get_future().get());
}

}  // namespace
}  // namespace lanyard::internal
