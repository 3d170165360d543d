// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_WORK_QUEUE_H_
#define LANYARD_SDK_INTERNAL_WORK_QUEUE_H_

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/worker_threads.h"

namespace lanyard::internal {

struct WorkQueueOptions {
  // How much runs at once; 0 is one for each core.
  int threads = 0;

  // How much more may wait for its turn.
  int max_waiting = 100;
};

// Runs what blocks or is dear away from the threads of gRPC, with a bound on how much of the
// machine a flood of requests can take: above it there is a refusal at once, before any work.
//
// Thread-safe.
class WorkQueue {
 public:
  // Is called exactly once if Run() returned OK, on a thread of the queue's. `stopped`: the queue
  // is going away, there is to be no work, only the news.
  using Work = std::function<void(bool stopped)>;

  explicit WorkQueue(WorkQueueOptions options = {});

  // Waits for what runs; what still waits is called with `stopped`. Not to be called by work, nor
  // while another thread is in Run(); work that calls that is refused.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // RESOURCE_EXHAUSTED with as many running and waiting as may be, CANCELLED at the end; then
  // `work` is never called.
  absl::Status Run(Work work);

  int threads() const { return threads_; }

 private:
  const int threads_;
  const int max_unfinished_;
  std::atomic<int> unfinished_{0};
  std::atomic<bool> stopped_{false};
  std::unique_ptr<WorkerThreads> workers_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_WORK_QUEUE_H_
