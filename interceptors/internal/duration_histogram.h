// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_DURATION_HISTOGRAM_H_
#define LANYARD_INTERCEPTORS_INTERNAL_DURATION_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::internal {

// How long something takes, from a microsecond to a tenth of a second. Thread-safe; Record() takes
// no lock, and threads seldom write to the same memory.
class DurationHistogram {
 public:
  void Record(std::chrono::nanoseconds duration);
  Metric Collect(absl::string_view name, absl::string_view help) const;

 private:
  // 1, 2.5, 5, 10, … microseconds, and one for the rest.
  static constexpr std::array<int64_t, 16> kBounds = {
      1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,    250'000,
      500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 25'000'000, 50'000'000, 100'000'000};

  struct alignas(64) Part {
    std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts{};
    std::atomic<int64_t> nanoseconds{0};
  };
  std::array<Part, 8> parts_;  // A thread has one of them.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_DURATION_HISTOGRAM_H_
