// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_ALLOCATIONS_H_
#define LANYARD_BENCH_ALLOCATIONS_H_

#include <cstdint>

namespace lanyard::bench {

// How often this thread has allocated, by malloc, new or their kind: linking this target puts a
// counter before glibc's allocator.
int64_t AllocationsOfThread();

// The bytes that the whole process has from its allocator, which rounds up.
int64_t AllocatedBytes();

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_ALLOCATIONS_H_
