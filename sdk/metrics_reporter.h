// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_METRICS_REPORTER_H_
#define LANYARD_SDK_METRICS_REPORTER_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard {

struct MetricsReporterOptions {
  // Required. What is collected; all of it must outlive the reporter.
  std::vector<MetricSource> sources;

  // Required. Receives everything that there is, never from two threads at once. A slow one only
  // delays the next report. It must not destroy the reporter.
  std::function<void(const std::vector<Metric>&)> report;

  // How long after a report the next one comes: 1 s to 24 h.
  absl::Duration interval = absl::Minutes(1);
};

// Hands metrics to a function again and again: the way to any system for metrics that wants them
// pushed.
//
//   MetricsReporterOptions options;
//   options.sources = {[&] { return auth->Metrics(); }};
//   options.report = [&](const std::vector<Metric>& families) { my_system.Push(families); };
//   auto reporter = MetricsReporter::Create(std::move(options));
//
// Each family comes once. Of values with the same labels from several sources, counters and
// histograms are added up, and of a gauge the first one stands: give them a label of your own where
// they must be told apart.
//
// Owns one thread, which reports. The destructor waits for a report that is running, then reports
// once more, on its own thread, so that the last numbers are not lost.
class MetricsReporter {
 public:
  // Fails if an option is missing or out of its range.
  static absl::StatusOr<std::unique_ptr<MetricsReporter>> Create(MetricsReporterOptions options);
  ~MetricsReporter();

 private:
  struct Impl;
  explicit MetricsReporter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_METRICS_REPORTER_H_
