// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_
#define LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_

#include <algorithm>
#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace lanyard::test {

// Looks until the condition holds; false if it has not by then. The limit is generous: what is
// awaited takes a second or two, but the machine may be busy. A look counts for a second at most,
// so a process that stood still for a while looks on, for twice the limit in all.
inline bool Eventually(const std::function<bool()>& condition,
                       absl::Duration limit = absl::Seconds(60)) {
  absl::Duration waited;
  const absl::Time begin = absl::Now();
  absl::Time last = begin;
  while (!condition()) {
    if (waited > limit || last - begin > 2 * limit) return false;
    absl::SleepFor(absl::Milliseconds(5));
    const absl::Time now = absl::Now();
    waited += std::min(now - last, absl::Seconds(1));
    last = now;
  }
  return true;
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_EVENTUALLY_H_
