// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/this_cpu.h"

#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <thread>

namespace lanyard::internal {

size_t ThisCpu() {
#ifdef __linux__
  if (const int cpu = sched_getcpu(); cpu >= 0) return static_cast<size_t>(cpu);
#endif
  static std::atomic<size_t> threads{0};
  thread_local const size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
  return thread;
}

size_t CpuNumbers() {
#ifdef __linux__
  if (const long cpus = sysconf(_SC_NPROCESSORS_CONF); cpus > 0) return static_cast<size_t>(cpus);
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace lanyard::internal
