// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_WORKER_THREADS_H_
#define LANYARD_SDK_INTERNAL_WORKER_THREADS_H_

#include <atomic>
#include <functional>
#include <memory>

namespace lanyard::internal {

// Runs what blocks, so that whoever asks for it does not: on up to `max_threads` threads, which are
// started when work finds none idle. Thread-safe.
class WorkerThreads {
 public:
  // Should return soon after `stop` has become true.
  using Work = std::function<void(const std::atomic<bool>& stop)>;

  explicit WorkerThreads(int max_threads);

  // Stops the work that runs and waits for it; all that has not begun is called as well, and finds
  // itself stopped. Where work itself destroys this, its own thread is not waited for.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // In this order, as threads become free.
  void Run(Work work);

 private:
  struct State;
  const std::shared_ptr<State> state_;  // The threads share it.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_WORKER_THREADS_H_
