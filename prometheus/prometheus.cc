// SPDX-License-Identifier: Apache-2.0
#include "lanyard/prometheus/prometheus.h"

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/listen_address.h"
#include "lanyard/sdk/internal/merged_metrics.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

// Prometheus refuses a whole answer for one label that is not UTF-8.
std::string Utf8(absl::string_view text) {
  std::string utf8;
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const bool valid = internal::NextCodePoint(text, &position).has_value();
    absl::StrAppend(&utf8, valid ? text.substr(start, position - start) : "\uFFFD");
  }
  return utf8;
}

// Prometheus counts from the smallest up to each bound, and the last bound is infinite.
prometheus::ClientMetric::Histogram CumulativeHistogram(const std::vector<double>& bounds,
                                                        const Metric::Value& value) {
  prometheus::ClientMetric::Histogram histogram;
  for (size_t i = 0; i < value.counts.size(); ++i) {
    histogram.sample_count += value.counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = value.value;
  return histogram;
}

prometheus::MetricFamily Converted(const Metric& metric) {
  prometheus::MetricFamily family;
  family.name = metric.name;
  family.help = Utf8(metric.help);
  // prometheus-cpp escapes labels, but not this.
  std::replace(family.help.begin(), family.help.end(), '\n', ' ');
  for (const Metric::Value& value : metric.values) {
    prometheus::ClientMetric& converted = family.metric.emplace_back();
    for (const auto& [name, text] : value.labels) converted.label.push_back({name, Utf8(text)});
    switch (metric.kind) {
      case Metric::Kind::kCounter:
        converted.counter.value = value.value;
        break;
      case Metric::Kind::kGauge:
        converted.gauge.value = value.value;
        break;
      case Metric::Kind::kHistogram:
        converted.histogram = CumulativeHistogram(metric.bounds, value);
        break;
    }
  }
  switch (metric.kind) {
    case Metric::Kind::kCounter:
      family.type = prometheus::MetricType::Counter;
      break;
    case Metric::Kind::kGauge:
      family.type = prometheus::MetricType::Gauge;
      break;
    case Metric::Kind::kHistogram:
      family.type = prometheus::MetricType::Histogram;
      break;
  }
  return family;
}

class SourcesCollectable final : public prometheus::Collectable {
 public:
  explicit SourcesCollectable(std::vector<MetricSource> sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : internal::MergedMetrics(sources_)) {
      // A family without values is two lines of comment that say nothing.
      if (!metric.values.empty()) families.push_back(Converted(metric));
    }
    return families;
  }

 private:
  const std::vector<MetricSource> sources_;
};

// Why an address cannot be listened on, which civetweb does not say.
std::string WhyNot(const internal::ListenAddress& address) {
  const auto listener = internal::ListenOn(address);
  if (!listener.ok()) return std::string(listener.status().message());
  close(*listener);
  return address.ipv6 ? "the civetweb of this system may lack IPv6" : "unknown reason";
}

}  // namespace

std::shared_ptr<prometheus::Collectable> PrometheusCollectable(std::vector<MetricSource> sources) {
  return std::make_shared<SourcesCollectable>(std::move(sources));
}

struct PrometheusPort::Impl {
  std::shared_ptr<prometheus::Collectable> metrics;  // The exposer holds it weakly.
  std::unique_ptr<prometheus::Exposer> exposer;
  int port = 0;
};

absl::StatusOr<std::unique_ptr<PrometheusPort>> PrometheusPort::Create(
    PrometheusPortOptions options) {
  if (options.sources.empty()) {
    return absl::InvalidArgumentError("PrometheusPortOptions.sources is empty");
  }
  const auto empty = std::find(options.sources.begin(), options.sources.end(), nullptr);
  if (empty != options.sources.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "PrometheusPortOptions.sources[", empty - options.sources.begin(), "] is no function"));
  }
  const auto address = internal::ParseListenAddress(options.address);
  if (!address.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PrometheusPortOptions.address is \"", internal::Printable(options.address),
                     "\", it must be an IP address and a port, as \"127.0.0.1:9464\""));
  }
  if (!address->is_loopback() && !options.reachable_from_other_machines) {
    return absl::InvalidArgumentError(
        absl::StrCat("PrometheusPortOptions.address is ", options.address,
                     ", where other machines can read the metrics: set "
                     "reachable_from_other_machines if that is meant, or take 127.0.0.1"));
  }
  auto impl = std::make_unique<Impl>();
  impl->metrics = PrometheusCollectable(std::move(options.sources));
  try {
    impl->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", options.address, "num_threads", "2", "request_timeout_ms", "5000"});
    impl->port = impl->exposer->GetListeningPorts().at(0);
  } catch (const std::exception&) {  // civetweb's, which does not say why.
    return absl::UnavailableError(absl::StrCat("the metrics port cannot listen on ",
                                               options.address, ": ", WhyNot(*address)));
  }
  impl->exposer->RegisterCollectable(impl->metrics);
  return std::unique_ptr<PrometheusPort>(new PrometheusPort(std::move(impl)));
}

PrometheusPort::PrometheusPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PrometheusPort::~PrometheusPort() = default;

int PrometheusPort::port() const { return impl_->port; }

}  // namespace lanyard
