// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/prometheus.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
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

// An address to listen on.
struct Endpoint {
  int family = AF_INET;  // Or AF_INET6.
  std::string host;      // Without brackets.
  uint16_t port = 0;
};

// Nothing but one IP address and one port: civetweb would also take names, a port alone, which is
// every address of the machine, and lists of such.
std::optional<Endpoint> ParseEndpoint(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == address.npos) return std::nullopt;
  Endpoint endpoint;
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return std::nullopt;
    endpoint.family = AF_INET6;
  }
  endpoint.host = std::string(host);
  in6_addr parsed;  // Room for either kind.
  if (inet_pton(endpoint.family, endpoint.host.c_str(), &parsed) != 1) return std::nullopt;
  const absl::string_view port = address.substr(colon + 1);
  uint32_t number = 0;
  if (port.empty() || !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &number) || number > std::numeric_limits<uint16_t>::max()) {
    return std::nullopt;
  }
  endpoint.port = static_cast<uint16_t>(number);
  return endpoint;
}

bool IsLoopback(const Endpoint& endpoint) {
  return endpoint.host == "127.0.0.1" || endpoint.host == "::1";
}

// Why an address cannot be listened on, which civetweb does not say.
std::string WhyNot(const Endpoint& endpoint) {
  const int listener = socket(endpoint.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return std::strerror(errno);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  int result = 0;
  if (endpoint.family == AF_INET6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    inet_pton(AF_INET6, endpoint.host.c_str(), &address.sin6_addr);
    result = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
    result = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (result == 0) result = listen(listener, 1);
  const int error = errno;
  close(listener);
  if (result != 0) return std::strerror(error);
  return endpoint.family == AF_INET6 ? "the civetweb of this system may lack IPv6"
                                     : "unknown reason";
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
  const auto endpoint = ParseEndpoint(options.address);
  if (!endpoint.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PrometheusPortOptions.address is \"", internal::Printable(options.address),
                     "\", it must be an IP address and a port, as \"127.0.0.1:9464\""));
  }
  if (!IsLoopback(*endpoint) && !options.reachable_from_other_machines) {
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
                                               options.address, ": ", WhyNot(*endpoint)));
  }
  impl->exposer->RegisterCollectable(impl->metrics);
  return std::unique_ptr<PrometheusPort>(new PrometheusPort(std::move(impl)));
}

PrometheusPort::PrometheusPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PrometheusPort::~PrometheusPort() = default;

int PrometheusPort::port() const { return impl_->port; }

}  // namespace lanyard
