// SPDX-License-Identifier: Apache-2.0
// What the gate counts with, from many threads.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/decision_counts.h"
#include "lanyard/interceptors/internal/duration_histogram.h"
#include "tests/interceptors/metric_values.h"

namespace lanyard::test {
namespace {

using internal::DecisionCounts;
using internal::DurationHistogram;

TEST(DecisionCountsTest, CountsFromManyThreadsAndBoundsMethods) {
  DecisionCounts counts;
  counts.AddMethods({"/a.B/C", "/a.B/D"});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counts] {
      for (int i = 0; i < 10'000; ++i) {
        counts.CountAllowed("/a.B/C");
        counts.CountDenied(absl::StrCat("/x.Y/", i), AuthFailure::kExpired);
        counts.CountWouldDeny("/a.B/D", AuthFailure::kMissingToken);
        if (i % 1000 == 0) counts.Collect();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto values = ValuesOf({counts.Collect()});
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(values.at(Decision("/a.B/C", "allowed", "")), 40'000);
  EXPECT_EQ(values.at(Decision("other", "denied", "EXPIRED")), 40'000);
  EXPECT_EQ(counts.WouldDeny("/a.B/D"), 40'000);
  EXPECT_EQ(counts.WouldDeny("/a.B/C"), 0);
  EXPECT_EQ(counts.WouldDeny("/x.Y/1"), 0);
}

TEST(DurationHistogramTest, CountsEachDurationUnderTheFirstBoundThatHoldsIt) {
  DurationHistogram histogram;
  const auto index = [&](std::chrono::nanoseconds duration) {
    const Metric before = histogram.Collect("n", "h");
    histogram.Record(duration);
    const Metric after = histogram.Collect("n", "h");
    for (size_t i = 0; i < after.values[0].counts.size(); ++i) {
      if (after.values[0].counts[i] != before.values[0].counts[i]) return static_cast<int>(i);
    }
    return -1;
  };
  using std::chrono::nanoseconds;
  EXPECT_EQ(index(nanoseconds(0)), 0);
  EXPECT_EQ(index(nanoseconds(1000)), 0);
  EXPECT_EQ(index(nanoseconds(1001)), 1);
  EXPECT_EQ(index(std::chrono::milliseconds(100)), 15);
  EXPECT_EQ(index(std::chrono::hours(1)), 16);
  const Metric metric = histogram.Collect("n", "h");
  EXPECT_EQ(metric.bounds.size() + 1, metric.values[0].counts.size());
  EXPECT_DOUBLE_EQ(metric.bounds[0], 1e-6);
  EXPECT_NEAR(metric.values[0].value, 3600.1, 0.001);
}

}  // namespace
}  // namespace lanyard::test
