// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_PERIODIC_THREAD_H_
#define LANYARD_SDK_INTERNAL_PERIODIC_THREAD_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace lanyard::internal {

// Calls a function again and again on a thread of its own, until it is destroyed; the destructor
// waits for a call that is running. The first call comes after one interval.
class PeriodicThread {
 public:
  PeriodicThread(std::chrono::milliseconds interval, std::function<void()> work);
  ~PeriodicThread();
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;

 private:
  void Run();

  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_PERIODIC_THREAD_H_
