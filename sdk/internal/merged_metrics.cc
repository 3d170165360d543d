// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/merged_metrics.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace lanyard::internal {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// The order of labels tells nothing apart.
Labels Sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

class Merger {
 public:
  void Add(Metric family) {
    const auto [it, is_new] = positions_.try_emplace(family.name, merged_.size());
    if (is_new) {
      merged_.push_back({family.name, family.help, family.kind, family.bounds, {}});
      values_.emplace_back();
    }
    const size_t position = it->second;
    if (merged_[position].kind != family.kind || merged_[position].bounds != family.bounds) return;
    for (Metric::Value& value : family.values) AddValue(position, std::move(value));
  }

  std::vector<Metric> Take() { return std::move(merged_); }

 private:
  void AddValue(size_t position, Metric::Value value) {
    Metric& family = merged_[position];
    const bool is_histogram = family.kind == Metric::Kind::kHistogram;
    if (is_histogram && value.counts.size() != family.bounds.size() + 1) return;
    const auto [it, is_new] =
        values_[position].try_emplace(Sorted(value.labels), family.values.size());
    if (is_new) {
      family.values.push_back(std::move(value));
      return;
    }
    if (family.kind == Metric::Kind::kGauge) return;
    Metric::Value& sum = family.values[it->second];
    sum.value += value.value;
    if (!is_histogram) return;
    for (size_t i = 0; i < sum.counts.size(); ++i) sum.counts[i] += value.counts[i];
  }

  std::vector<Metric> merged_;
  std::map<std::string, size_t> positions_;       // In merged_.
  std::vector<std::map<Labels, size_t>> values_;  // In the values of each.
};

}  // namespace

std::vector<Metric> MergedMetrics(const std::vector<MetricSource>& sources) {
  Merger merger;
  for (const MetricSource& source : sources) {
    if (source == nullptr) continue;
    for (Metric& family : source()) merger.Add(std::move(family));
  }
  return merger.Take();
}

}  // namespace lanyard::internal
