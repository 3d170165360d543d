// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_FAKE_CLOCK_H_
#define LANYARD_TESTS_TESTING_FAKE_CLOCK_H_

#include <mutex>

#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"

namespace lanyard::testing {

// A clock that stands where the test puts it: Advance() is time that passes, Set() is somebody who
// sets the clock. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1900000000)) : now_(now) {}

  absl::Time Now() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }
  void Set(absl::Time now) {
    std::lock_guard<std::mutex> lock(mutex_);
    now_ = now;
  }
  void Advance(absl::Duration by) {
    std::lock_guard<std::mutex> lock(mutex_);
    now_ += by;
    since_boot_ += by;
  }
  absl::Duration SinceBoot() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return since_boot_;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_;
  absl::Duration since_boot_ = absl::Hours(1);
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_FAKE_CLOCK_H_
