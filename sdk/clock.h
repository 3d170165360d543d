// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_CLOCK_H_
#define LANYARD_SDK_CLOCK_H_

#include <memory>

#include "absl/time/time.h"

namespace lanyard {

// Where every check takes the time from, so that a test can set it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall-clock time.
  virtual absl::Time Now() const = 0;

  // The time since some fixed moment: nobody sets it back, and it goes on while the machine is
  // suspended. For ages, cooldowns and deadlines that a wrong wall clock must not lengthen.
  virtual absl::Duration SinceBoot() const;
};

// The system's clock.
std::shared_ptr<const Clock> SystemClock();

}  // namespace lanyard

#endif  // LANYARD_SDK_CLOCK_H_
