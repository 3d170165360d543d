// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/duration_histogram.h"

#include <algorithm>
#include <string>

namespace lanyard::internal {
namespace {

size_t NumberOfThisThread() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t number = threads.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace

void DurationHistogram::Record(std::chrono::nanoseconds duration) {
  Part& part = parts_[NumberOfThisThread() % parts_.size()];
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), duration.count());
  part.counts[static_cast<size_t>(bound - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  part.nanoseconds.fetch_add(duration.count(), std::memory_order_relaxed);
}

Metric DurationHistogram::Collect(absl::string_view name, absl::string_view help) const {
  Metric metric{std::string(name), std::string(help), Metric::Kind::kHistogram, {}, {}};
  for (const int64_t bound : kBounds) metric.bounds.push_back(static_cast<double>(bound) / 1e9);
  Metric::Value value;
  value.counts.resize(kBounds.size() + 1);
  for (const Part& part : parts_) {
    for (size_t i = 0; i < value.counts.size(); ++i) {
      value.counts[i] += part.counts[i].load(std::memory_order_relaxed);
    }
    value.value += static_cast<double>(part.nanoseconds.load(std::memory_order_relaxed)) / 1e9;
  }
  metric.values.push_back(std::move(value));
  return metric;
}

}  // namespace lanyard::internal
