// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/metrics_reporter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/merged_metrics.h"
#include "lanyard/sdk/internal/periodic_thread.h"

namespace lanyard {

struct MetricsReporter::Impl {
  void Report() const { options.report(internal::MergedMetrics(options.sources)); }

  MetricsReporterOptions options;
  std::optional<internal::PeriodicThread> thread;
};

absl::StatusOr<std::unique_ptr<MetricsReporter>> MetricsReporter::Create(
    MetricsReporterOptions options) {
  if (options.sources.empty()) {
    return absl::InvalidArgumentError("MetricsReporterOptions.sources is empty");
  }
  const auto empty = std::find(options.sources.begin(), options.sources.end(), nullptr);
  if (empty != options.sources.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "MetricsReporterOptions.sources[", empty - options.sources.begin(), "] is no function"));
  }
  if (options.report == nullptr) {
    return absl::InvalidArgumentError("MetricsReporterOptions.report is required");
  }
  if (options.interval < absl::Seconds(1) || options.interval > absl::Hours(24)) {
    return absl::InvalidArgumentError(absl::StrCat("MetricsReporterOptions.interval is ",
                                                   absl::FormatDuration(options.interval),
                                                   ", it must be from 1 s to 24 h"));
  }
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->thread.emplace(absl::ToChronoMilliseconds(impl->options.interval),
                       [impl = impl.get()] { impl->Report(); });
  return std::unique_ptr<MetricsReporter>(new MetricsReporter(std::move(impl)));
}

MetricsReporter::MetricsReporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MetricsReporter::~MetricsReporter() {
  impl_->thread.reset();
  impl_->Report();
}

}  // namespace lanyard
