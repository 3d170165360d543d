// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_CHECK_H_
#define LANYARD_TESTS_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Ends the process, so that the fuzzer keeps the input.
#define FUZZ_CHECK(condition)                                                      \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

#endif  // LANYARD_TESTS_FUZZ_CHECK_H_
