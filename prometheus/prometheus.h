// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_PROMETHEUS_PROMETHEUS_H_
#define LANYARD_PROMETHEUS_PROMETHEUS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/metrics.h"

namespace prometheus {
class Collectable;
}

// Metrics for Prometheus, with prometheus-cpp. A module of its own, @lanyard_prometheus, so that
// only who wants it links that library.
//
// Each family is exposed once, as the format demands. Of values with the same labels from several
// sources, counters and histograms are added up, and of a gauge the first one stands: give them a
// label of your own where they must be told apart.
namespace lanyard {

// Metrics for a registry or port of one's own. All sources of a process belong into one of these:
// two that expose the same family make an answer that Prometheus refuses. What they use must
// outlive the result.
//
//   auto metrics = lanyard::PrometheusCollectable({[&] { return auth->Metrics(); }});
//   exposer.RegisterCollectable(metrics);  // Holds it weakly: keep it.
//
// Thread-safe.
std::shared_ptr<prometheus::Collectable> PrometheusCollectable(std::vector<MetricSource> sources);

struct PrometheusPortOptions {
  // Required. What is exposed; what they use must outlive the port.
  std::vector<MetricSource> sources;

  // An IP address and a port. Port 0 picks one. IPv6, "[::1]:9464", needs a prometheus-cpp that was
  // built with it: Debian's was not.
  std::string address = "127.0.0.1:9464";

  // Metrics name methods, issuers and audiences, and whoever reaches the port can read them: there
  // is neither TLS nor a password. So only loopback addresses are taken, until this says that
  // others are meant, as a pod's that Prometheus scrapes.
  bool reachable_from_other_machines = false;
};

// A plaintext port that answers GET /metrics with the metrics, and with what prometheus-cpp counts
// of its own answers (exposer_…). There is nothing else on it.
//
//   lanyard::PrometheusPortOptions options;
//   options.sources = {[&] { return auth->Metrics(); }};
//   auto metrics = lanyard::PrometheusPort::Create(std::move(options));
//
// Thread-safe. Owns the port's threads; the destructor closes the port and waits for them, which
// takes up to two seconds.
class PrometheusPort {
 public:
  // Fails if an option is missing or wrong, or the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<PrometheusPort>> Create(PrometheusPortOptions options);
  ~PrometheusPort();

  // The one it listens on.
  int port() const;

 private:
  struct Impl;
  explicit PrometheusPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard

#endif  // LANYARD_PROMETHEUS_PROMETHEUS_H_
