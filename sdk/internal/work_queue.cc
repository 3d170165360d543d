// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/work_queue.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace lanyard::internal {
namespace {

int Cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace

WorkQueue::WorkQueue(WorkQueueOptions options)
    : threads_(options.threads > 0 ? options.threads : Cores()),
      max_unfinished_(threads_ + std::max(0, options.max_waiting)),
      workers_(std::make_unique<WorkerThreads>(threads_)) {}

WorkQueue::~WorkQueue() {
  stopped_ = true;
  workers_.reset();
}

absl::Status WorkQueue::Run(Work work) {
  if (stopped_) return absl::CancelledError("the queue is closed");
  // Not by adding first: for that moment, somebody else would be refused for nothing.
  int unfinished = unfinished_;
  do {
    if (unfinished >= max_unfinished_) {
      return absl::ResourceExhaustedError("too many requests wait for their turn");
    }
  } while (!unfinished_.compare_exchange_weak(unfinished, unfinished + 1));
  workers_->Run([this, work = std::move(work)](const std::atomic<bool>& stop) mutable {
    work(stop);
    work = nullptr;  // What it holds may be large, and goes before its place is free.
    --unfinished_;
  });
  return absl::OkStatus();
}

}  // namespace lanyard::internal
