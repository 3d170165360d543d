// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_MERGED_METRICS_H_
#define LANYARD_SDK_INTERNAL_MERGED_METRICS_H_

#include <vector>

#include "lanyard/sdk/metrics.h"

namespace lanyard::internal {

// What several sources say, in their order, with each family once, as systems for metrics want it.
//
// Of values with the same labels, counters and histograms are added up; of a gauge the first one
// stands, because a sum of ages or times means nothing. A family of another kind or with other
// bounds than the first of its name is left out, and so is a histogram's value without a count for
// each of its bounds and one more. A source that is no function has nothing.
std::vector<Metric> MergedMetrics(const std::vector<MetricSource>& sources);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_MERGED_METRICS_H_
