// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/clock.h"

#include <time.h>

#include "absl/time/clock.h"

namespace lanyard {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

absl::Duration Clock::SinceBoot() const {
  timespec time{};
#ifdef CLOCK_BOOTTIME
  clock_gettime(CLOCK_BOOTTIME, &time);
#else
  clock_gettime(CLOCK_MONOTONIC, &time);
#endif
  return absl::DurationFromTimespec(time);
}

std::shared_ptr<const Clock> SystemClock() { return std::make_shared<RealClock>(); }

}  // namespace lanyard
