// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TIMER_QUEUE_H_
#define LANYARD_SDK_INTERNAL_TIMER_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

namespace lanyard::internal {

// Calls functions at given times, all on one thread. Thread-safe.
class TimerQueue {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Id = uint64_t;

  TimerQueue();
  // Functions that are not due yet are never called; one that runs is waited for, unless it is the
  // one that destroys the queue.
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // `work` must not block. It is called without a lock held, so it may use the queue.
  Id Add(TimePoint when, std::function<void()> work);

  // After this `work` is not started; it may be running on the queue's thread just now.
  void Cancel(Id id);

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TIMER_QUEUE_H_
