// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"

#include <malloc.h>

#include <cstddef>

// glibc's own, behind the names that a program may define anew.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
}

namespace {
thread_local int64_t allocations = 0;
}  // namespace

extern "C" {
void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
}

namespace lanyard::bench {

int64_t AllocationsOfThread() { return allocations; }

int64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

}  // namespace lanyard::bench
