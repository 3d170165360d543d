// SPDX-License-Identifier: Apache-2.0
// The code of docs/guides/observe.md, as it stands there (readme_snippets_test compares the two).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/prometheus/prometheus.h"
#include "lanyard/sdk/metrics_reporter.h"
#include "tests/sdk/http_get.h"

namespace {

using ::lanyard::testing::Scrape;
using ::testing::HasSubstr;

// What has metrics, as ServerAuth and ClientAuth have.
class Auth {
 public:
  std::vector<lanyard::Metric> Metrics() const {
    return {{"lanyard_decisions_total",
             "Calls that the gate has decided.",
             lanyard::Metric::Kind::kCounter,
             {},
             {{{{"method", "/shop.Orders/GetOrder"}, {"decision", "allowed"}, {"reason", ""}},
               7,
               {}}}}};
  }
};

constexpr char kExposed[] =
    "\nlanyard_decisions_total{method=\"/shop.Orders/GetOrder\",decision=\"allowed\",reason=\"\"} "
    "7\n";

int Fail(const absl::Status& status) {
  ADD_FAILURE() << status;
  return 1;
}

int ServePort(const Auth* auth, const std::string& address, std::string* scraped) {
  lanyard::PrometheusPortOptions options;
  options.sources = {[&] { return auth->Metrics(); }};
  options.address = address;  // "127.0.0.1:9464", if you leave it out.
  auto port = lanyard::PrometheusPort::Create(options);
  if (!port.ok()) return Fail(port.status());
  *scraped = Scrape((*port)->port());
  return 0;
}

TEST(ObserveGuideTest, ServesAPortOfItsOwn) {
  EXPECT_EQ(lanyard::PrometheusPortOptions().address, "127.0.0.1:9464");
  const Auth auth;
  std::string scraped;
  EXPECT_EQ(ServePort(&auth, "127.0.0.1:0", &scraped), 0);
  EXPECT_THAT(scraped, HasSubstr(kExposed));
}

TEST(ObserveGuideTest, ServesOtherMachinesIfThatIsSaid) {
  const Auth auth;
  lanyard::PrometheusPortOptions options;
  options.sources = {[&] { return auth.Metrics(); }};
  options.address = "0.0.0.0:9464";
  options.reachable_from_other_machines = true;
  // Not from other machines after all, because this is a test; but no exact loopback address.
  options.address = "127.0.0.2:0";
  EXPECT_TRUE(lanyard::PrometheusPort::Create(options).ok());
  options.reachable_from_other_machines = false;
  EXPECT_FALSE(lanyard::PrometheusPort::Create(options).ok());
}

TEST(ObserveGuideTest, GoesWithAnExposerThatIsThere) {
  const auto auth = std::make_unique<Auth>();
  const std::string address = "127.0.0.1:0";
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("orders_total").Register(*registry).Add({}).Increment(3);
  prometheus::Exposer exposer(address);
  exposer.RegisterCollectable(registry);  // Yours.
  const auto metrics = lanyard::PrometheusCollectable({[&] { return auth->Metrics(); }});
  exposer.RegisterCollectable(metrics);  // Holds it weakly: keep it.
  const std::string scraped = Scrape(exposer.GetListeningPorts().at(0));
  EXPECT_THAT(scraped, HasSubstr("\norders_total 3\n"));
  EXPECT_THAT(scraped, HasSubstr(kExposed));
}

struct OtherSystem {
  void Push(const std::string& name, const std::vector<std::pair<std::string, std::string>>& labels,
            double value) {
    EXPECT_EQ(labels.size(), 3u);
    pushed[name] = value;
  }
  std::map<std::string, double> pushed;
};

TEST(ObserveGuideTest, ReportsToAnyOtherSystem) {
  const auto auth = std::make_unique<Auth>();
  OtherSystem my_system;
  {
    lanyard::MetricsReporterOptions options;
    options.sources = {[&] { return auth->Metrics(); }};
    options.interval = absl::Seconds(10);
    options.report = [&](const std::vector<lanyard::Metric>& families) {
      for (const lanyard::Metric& family : families) {
        for (const lanyard::Metric::Value& value : family.values) {
          my_system.Push(family.name, value.labels, value.value);
        }
      }
    };
    auto reporter = lanyard::MetricsReporter::Create(options);
    ASSERT_TRUE(reporter.ok()) << reporter.status();
  }
  EXPECT_THAT(my_system.pushed,
              ::testing::ElementsAre(::testing::Pair("lanyard_decisions_total", 7)));
}

}  // namespace
