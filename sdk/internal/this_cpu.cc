// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/this_cpu.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <atomic>

namespace lanyard::internal {

size_t ThisCpu() {
#ifdef __linux__
  if (const int cpu = sched_getcpu(); cpu >= 0) return static_cast<size_t>(cpu);
#endif
  static std::atomic<size_t> threads{0};
  thread_local const size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
  return thread;
}

}  // namespace lanyard::internal
