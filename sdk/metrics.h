// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_METRICS_H_
#define LANYARD_SDK_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lanyard {

// A family of numbers as they are now, in the terms of Prometheus and OpenTelemetry: any system for
// metrics can take it. Names, labels and meaning are listed in docs/reference/metrics.md.
struct Metric {
  enum class Kind {
    kCounter,    // Only grows, from the start of the process.
    kGauge,      // Goes up and down.
    kHistogram,  // Counts by size.
  };

  struct Value {
    // What tells this one from the others of its family, as (name, value). Values come from the
    // config and from what the server registers, never from a call: there is a bound on how many
    // there can be.
    std::vector<std::pair<std::string, std::string>> labels;

    // The number itself; the sum of all sizes for a histogram.
    double value = 0;

    // For a histogram: how many were at most bounds[i] and more than the bound before; the last
    // one, without a bound, has the rest. Not cumulative. Empty otherwise.
    std::vector<uint64_t> counts;
  };

  std::string name;  // "lanyard_decisions_total"; times are in seconds.
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<double> bounds;  // Ascending, inclusive; empty unless a histogram.
  std::vector<Value> values;
};

// Takes the metrics of something: [&auth] { return auth->Metrics(); }. Thread-safe.
using MetricSource = std::function<std::vector<Metric>()>;

}  // namespace lanyard

#endif  // LANYARD_SDK_METRICS_H_
