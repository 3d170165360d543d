// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_
#define LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace lanyard::test {

// Looks until the condition holds; false if it has not by then. The limit is generous: what is
// awaited takes a second or two, but the machine may be busy.
inline bool Eventually(const std::function<bool()>& condition,
                       absl::Duration limit = absl::Seconds(20)) {
  const absl::Time deadline = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_
