// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/merged_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace lanyard::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

using Kind = Metric::Kind;

MetricSource Always(std::vector<Metric> families) {
  return [families = std::move(families)] { return families; };
}

Metric Calls(std::vector<Metric::Value> values) {
  return {"calls_total", "Calls.", Kind::kCounter, {}, std::move(values)};
}

TEST(MergedMetricsTest, KeepsTheOrderOfFamiliesAndValues) {
  const auto merged = MergedMetrics(
      {Always({{"b", "B.", Kind::kGauge, {}, {{{{"x", "2"}}, 1, {}}, {{{"x", "1"}}, 2, {}}}}}),
       Always({{"a", "A.", Kind::kGauge, {}, {{{}, 3, {}}}}})});
  ASSERT_THAT(merged, SizeIs(2));
  EXPECT_EQ(merged[0].name, "b");
  EXPECT_EQ(merged[0].help, "B.");
  ASSERT_THAT(merged[0].values, SizeIs(2));
  EXPECT_THAT(merged[0].values[0].labels, ElementsAre(Pair("x", "2")));
  EXPECT_EQ(merged[0].values[1].value, 2);
  EXPECT_EQ(merged[1].name, "a");
}

TEST(MergedMetricsTest, PutsTheValuesOfAFamilyTogether) {
  const auto merged =
      MergedMetrics({Always({Calls({{{{"method", "/a"}}, 1, {}}})}),
                     Always({Calls({{{{"method", "/b"}}, 2, {}}, {{{"method", ""}}, 4, {}}})})});
  ASSERT_THAT(merged, SizeIs(1));
  ASSERT_THAT(merged[0].values, SizeIs(3));
  EXPECT_EQ(merged[0].values[1].value, 2);
}

TEST(MergedMetricsTest, AddsUpCountersOfTheSameLabelsInWhateverOrder) {
  const auto merged = MergedMetrics({Always({Calls({{{{"a", "1"}, {"b", "2"}}, 10, {}}})}),
                                     Always({Calls({{{{"b", "2"}, {"a", "1"}}, 5, {}}})})});
  ASSERT_THAT(merged, SizeIs(1));
  ASSERT_THAT(merged[0].values, SizeIs(1));
  EXPECT_EQ(merged[0].values[0].value, 15);
}

TEST(MergedMetricsTest, AddsUpHistogramsSizeBySize) {
  const Metric one{"s", "S.", Kind::kHistogram, {1, 2}, {{{}, 0.5, {1, 0, 3}}}};
  const Metric other{"s", "S.", Kind::kHistogram, {1, 2}, {{{}, 7, {10, 20, 30}}}};
  const auto merged = MergedMetrics({Always({one}), Always({other})});
  ASSERT_THAT(merged, SizeIs(1));
  ASSERT_THAT(merged[0].values, SizeIs(1));
  EXPECT_EQ(merged[0].values[0].value, 7.5);
  EXPECT_THAT(merged[0].values[0].counts, ElementsAre(11, 20, 33));
}

TEST(MergedMetricsTest, TakesTheFirstOfAGauge) {
  const Metric one{"age", "", Kind::kGauge, {}, {{{{"issuer", "sso"}}, 10, {}}}};
  const Metric other{"age", "", Kind::kGauge, {}, {{{{"issuer", "sso"}}, 20, {}}}};
  const auto merged = MergedMetrics({Always({one}), Always({other})});
  ASSERT_THAT(merged, SizeIs(1));
  ASSERT_THAT(merged[0].values, SizeIs(1));
  EXPECT_EQ(merged[0].values[0].value, 10);
}

TEST(MergedMetricsTest, LeavesOutWhatDoesNotFitTheFirstOfItsName) {
  const Metric histogram{"s", "", Kind::kHistogram, {1, 2}, {{{}, 1, {1, 1, 1}}}};
  const Metric other_kind{"s", "", Kind::kCounter, {}, {{{{"a", "b"}}, 1, {}}}};
  const Metric other_bounds{"s", "", Kind::kHistogram, {1, 3}, {{{{"a", "b"}}, 1, {1, 1, 1}}}};
  const auto merged =
      MergedMetrics({Always({histogram}), Always({other_kind}), Always({other_bounds})});
  ASSERT_THAT(merged, SizeIs(1));
  EXPECT_EQ(merged[0].kind, Kind::kHistogram);
  EXPECT_THAT(merged[0].values, SizeIs(1));
}

TEST(MergedMetricsTest, LeavesOutAHistogramWithoutACountForEachBound) {
  const Metric broken{
      "s", "", Kind::kHistogram, {1, 2}, {{{{"a", "b"}}, 1, {1, 1}}, {{}, 1, {1, 1, 1}}}};
  const auto merged = MergedMetrics({Always({broken, broken})});
  ASSERT_THAT(merged, SizeIs(1));
  ASSERT_THAT(merged[0].values, SizeIs(1));
  EXPECT_THAT(merged[0].values[0].counts, ElementsAre(2, 2, 2));
}

TEST(MergedMetricsTest, HasNothingWithoutSources) {
  EXPECT_THAT(MergedMetrics({}), IsEmpty());
  EXPECT_THAT(MergedMetrics({nullptr}), IsEmpty());
}

}  // namespace
}  // namespace lanyard::internal
