// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_END_TIME_H_
#define LANYARD_SDK_INTERNAL_END_TIME_H_

#include <algorithm>

#include "absl/time/time.h"

namespace lanyard::internal {

// A moment by the wall clock and by Clock::SinceBoot(), for what must not be forgotten before it.
// It is over when both say so: a clock that is set forward, and back again, forgets nothing.
struct EndTime {
  absl::Time wall = absl::InfinitePast();
  absl::Duration since_boot = -absl::InfiniteDuration();

  bool IsOver(absl::Time now, absl::Duration now_since_boot) const {
    return now >= wall && now_since_boot >= since_boot;
  }
  void Extend(const EndTime& other) {
    wall = std::max(wall, other.wall);
    since_boot = std::max(since_boot, other.since_boot);
  }
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_END_TIME_H_
