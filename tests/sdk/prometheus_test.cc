// SPDX-License-Identifier: Apache-2.0
#include "lanyard/prometheus/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sdk/http_get.h"

namespace lanyard {
namespace {

using ::testing::HasSubstr;
using testing::HttpAnswer;
using ::testing::Not;
using testing::Scrape;
using ::testing::StartsWith;

using Kind = Metric::Kind;

MetricSource Always(std::vector<Metric> families) {
  return [families = std::move(families)] { return families; };
}

std::unique_ptr<PrometheusPort> PortOf(std::vector<MetricSource> sources) {
  PrometheusPortOptions options;
  options.sources = std::move(sources);
  options.address = "127.0.0.1:0";
  auto port = PrometheusPort::Create(std::move(options));
  EXPECT_TRUE(port.ok()) << port.status();
  return port.ok() ? *std::move(port) : nullptr;
}

// One port for all tests, because it takes its time to close: two sources whose families are set.
class PrometheusPortTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { port_ = PortOf({Source(&families_), Source(&more_)}).release(); }
  static void TearDownTestSuite() { delete port_; }

  void SetUp() override { ASSERT_NE(port_, nullptr); }

  static void Set(std::vector<Metric> families, std::vector<Metric> more = {}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    families_ = std::move(families);
    more_ = std::move(more);
  }
  static std::string ScrapeOf(std::vector<Metric> families, std::vector<Metric> more = {}) {
    Set(std::move(families), std::move(more));
    return Scrape(port_->port());
  }

  static PrometheusPort* port_;

 private:
  static MetricSource Source(const std::vector<Metric>* families) {
    return [families] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return *families;
    };
  }

  static std::mutex mutex_;
  static std::vector<Metric> families_, more_;  // Guarded by mutex_.
};

PrometheusPort* PrometheusPortTest::port_ = nullptr;
std::mutex PrometheusPortTest::mutex_;
std::vector<Metric> PrometheusPortTest::families_, PrometheusPortTest::more_;

Metric Gauge(const std::string& name, double value) {
  return {name, "A gauge.", Kind::kGauge, {}, {{{}, value, {}}}};
}

absl::Status ErrorOf(const std::string& address, bool reachable_from_other_machines = false) {
  PrometheusPortOptions options;
  options.sources = {Always({})};
  options.address = address;
  options.reachable_from_other_machines = reachable_from_other_machines;
  return PrometheusPort::Create(std::move(options)).status();
}

size_t CountOf(absl::string_view text, absl::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(PrometheusPortTest, ExposesCountersAndGauges) {
  const std::string text = ScrapeOf({
      {"calls_total",
       "All calls.",
       Kind::kCounter,
       {},
       {{{{"method", "/shop.Orders/GetOrder"}, {"reason", ""}}, 12345678901, {}}}},
      {"expiry_timestamp_seconds", "When.", Kind::kGauge, {}, {{{}, 1767225600.5, {}}}},
  });
  EXPECT_THAT(text, HasSubstr("# HELP calls_total All calls.\n"
                              "# TYPE calls_total counter\n"
                              "calls_total{method=\"/shop.Orders/GetOrder\",reason=\"\"} "
                              "12345678901\n"
                              "# HELP expiry_timestamp_seconds When.\n"
                              "# TYPE expiry_timestamp_seconds gauge\n"
                              "expiry_timestamp_seconds 1767225600.5\n"));
}

TEST_F(PrometheusPortTest, ExposesHistogramsCountedFromTheSmallest) {
  EXPECT_THAT(
      ScrapeOf({{"gate_seconds", "Time.", Kind::kHistogram, {0.5, 2}, {{{}, 7.25, {3, 0, 2}}}}}),
      HasSubstr("# TYPE gate_seconds histogram\n"
                "gate_seconds_count 5\n"
                "gate_seconds_sum 7.25\n"
                "gate_seconds_bucket{le=\"0.5\"} 3\n"
                "gate_seconds_bucket{le=\"2\"} 3\n"
                "gate_seconds_bucket{le=\"+Inf\"} 5\n"));
}

TEST_F(PrometheusPortTest, EscapesLabelsAndReplacesWhatIsNotUtf8) {
  const std::string text = ScrapeOf({{"keys",
                                      "One\nline.",
                                      Kind::kGauge,
                                      {},
                                      {{{{"issuer", "a\"b\\c\nd\xff\xC3\xA9"}}, 1, {}}}}});
  EXPECT_THAT(text, HasSubstr("# HELP keys One line.\n"));
  EXPECT_THAT(text, HasSubstr("keys{issuer=\"a\\\"b\\\\c\\nd\uFFFD\u00e9\"} 1\n"));
}

TEST_F(PrometheusPortTest, ExposesAFamilyOnceThoughTwoSourcesHaveIt) {
  const Metric one{"fetches_total", "F.", Kind::kCounter, {}, {{{{"audience", "a"}}, 1, {}}}};
  const Metric other{"fetches_total",
                     "F.",
                     Kind::kCounter,
                     {},
                     {{{{"audience", "a"}}, 10, {}}, {{{"audience", "b"}}, 100, {}}}};
  const std::string text = ScrapeOf({one}, {other});
  EXPECT_THAT(text, HasSubstr("# TYPE fetches_total counter\n"
                              "fetches_total{audience=\"a\"} 11\n"
                              "fetches_total{audience=\"b\"} 100\n"));
  EXPECT_EQ(CountOf(text, "# TYPE fetches_total "), 1u);
  EXPECT_EQ(CountOf(text, "# HELP fetches_total "), 1u);
}

TEST_F(PrometheusPortTest, LeavesOutFamiliesWithoutValues) {
  EXPECT_THAT(ScrapeOf({{"empty_total", "None.", Kind::kCounter, {}, {}}}),
              Not(HasSubstr("empty_total")));
}

TEST_F(PrometheusPortTest, AsksTheSourcesAtEachScrape) {
  EXPECT_THAT(ScrapeOf({Gauge("n", 1)}), HasSubstr("\nn 1\n"));
  EXPECT_THAT(ScrapeOf({Gauge("n", 2)}), HasSubstr("\nn 2\n"));
}

TEST_F(PrometheusPortTest, ServesManyAtOnce) {
  Set({Gauge("n", 7)});
  std::atomic<int> good{0};
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 8; ++i) {
    scrapers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) good += CountOf(Scrape(port_->port()), "\nn 7\n") == 1;
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_EQ(good, 160);
}

TEST_F(PrometheusPortTest, ServesNothingElse) {
  for (const char* line :
       {"GET /", "GET /etc/passwd", "GET /../../../etc/passwd", "GET //etc/passwd",
        "GET /%2e%2e/%2e%2e/etc/passwd", "GET /metrics/../../etc/passwd", "GET /cgi-bin/x.cgi",
        "PUT /x", "DELETE /x", "PROPFIND /", "MKCOL /x", "OPTIONS /", "TRACE /", "POST /metrics",
        "PUT /metrics", "DELETE /metrics"}) {
    EXPECT_THAT(HttpAnswer(port_->port(), line), StartsWith("HTTP/1.1 4")) << line;
  }
}

TEST_F(PrometheusPortTest, ListensOnThatAddressAlone) {
  EXPECT_NE(HttpAnswer(port_->port(), "GET /metrics"), "");
  EXPECT_EQ(HttpAnswer(port_->port(), "GET /metrics", "127.0.0.2"), "");
}

TEST_F(PrometheusPortTest, IsClosedWhenItIsGone) {
  auto port = PortOf({Always({})});
  const int number = port->port();
  port.reset();
  EXPECT_EQ(HttpAnswer(number, "GET /metrics"), "");
}

TEST_F(PrometheusPortTest, ListensOnLoopbackUnlessMoreIsMeant) {
  EXPECT_EQ(PrometheusPortOptions().address, "127.0.0.1:9464");
  for (const std::string host :
       {"0.0.0.0", "127.0.0.2", "10.0.0.1", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:2]"}) {
    const absl::Status error = ErrorOf(host + ":0");
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument) << host;
    EXPECT_THAT(std::string(error.message()), HasSubstr("reachable_from_other_machines"));
  }
  EXPECT_EQ(ErrorOf("127.0.0.2:0", true), absl::OkStatus());
}

TEST_F(PrometheusPortTest, TakesIpv6WhereThereIsAny) {
  const absl::Status error = ErrorOf("[::1]:0");
  EXPECT_TRUE(error.ok() || error.code() == absl::StatusCode::kUnavailable) << error;
}

TEST_F(PrometheusPortTest, RefusesWhatIsNotOneAddressAndOnePort) {
  for (const std::string address : {"",
                                    ":",
                                    "9464",
                                    ":9464",
                                    "+9464",
                                    "localhost:9464",
                                    "*:9464",
                                    "127.0.0.1",
                                    "127.0.0.1:",
                                    "127.0.0.1:65536",
                                    "127.0.0.1:-1",
                                    "127.0.0.1:+1",
                                    "127.0.0.1: 1",
                                    "127.0.0.1:0s",
                                    "127.0.0.1:0,0.0.0.0:0",
                                    "0.0.0.0:0,127.0.0.1:0",
                                    "127.1:0",
                                    "::1:0",
                                    "[::1:0",
                                    "[127.0.0.1]:0",
                                    "[]:0",
                                    "[fe80::1%lo]:0",
                                    "x/tmp/socket",
                                    "x/tmp/socket:0",
                                    "127.0.0.1:0\n",
                                    "http://127.0.0.1:0"}) {
    for (const bool reachable : {false, true}) {
      const absl::Status error = ErrorOf(address, reachable);
      EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument) << address;
      EXPECT_THAT(std::string(error.message()),
                  HasSubstr("it must be an IP address and a port, as \"127.0.0.1:9464\""));
    }
  }
}

TEST_F(PrometheusPortTest, SaysWhyItCannotListen) {
  const std::string address = absl::StrCat("127.0.0.1:", port_->port());
  EXPECT_EQ(ErrorOf(address),
            absl::UnavailableError(absl::StrCat("the metrics port cannot listen on ", address,
                                                ": Address already in use")));
  EXPECT_EQ(ErrorOf("192.0.2.1:0", true),
            absl::UnavailableError("the metrics port cannot listen on 192.0.2.1:0: "
                                   "Cannot assign requested address"));
}

TEST_F(PrometheusPortTest, NeedsSources) {
  EXPECT_THAT(std::string(PrometheusPort::Create({}).status().message()),
              HasSubstr("sources is empty"));
  PrometheusPortOptions options;
  options.sources = {Always({}), nullptr};
  EXPECT_THAT(std::string(PrometheusPort::Create(std::move(options)).status().message()),
              HasSubstr("sources[1] is no function"));
}

TEST(PrometheusCollectableTest, GoesWithARegistryOfOnesOwn) {
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("orders_total").Register(*registry).Add({}).Increment(3);
  prometheus::Exposer exposer("127.0.0.1:0");
  exposer.RegisterCollectable(registry);
  auto metrics = PrometheusCollectable({Always({Gauge("n", 7)})});
  exposer.RegisterCollectable(metrics);
  const int port = exposer.GetListeningPorts().at(0);
  EXPECT_THAT(Scrape(port), HasSubstr("\norders_total 3\n"));
  EXPECT_THAT(Scrape(port), HasSubstr("\nn 7\n"));
  metrics.reset();
  EXPECT_THAT(Scrape(port), Not(HasSubstr("\nn 7\n")));
}

}  // namespace
}  // namespace lanyard
