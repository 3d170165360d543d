// SPDX-License-Identifier: Apache-2.0
// What PrometheusPort serves, read and judged by promtool, Prometheus' own tool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/prometheus/prometheus.h"
#include "tests/interop/program.h"
#include "tests/sdk/documented_metrics.h"
#include "tests/sdk/http_get.h"

namespace lanyard::testing {
namespace {

// Every metric of docs/reference/metrics.md, with two values of hostile labels where it has labels.
std::vector<Metric> AllMetrics() {
  std::vector<Metric> families;
  for (const auto& [name, documented] : DocumentedMetrics()) {
    Metric& family = families.emplace_back();
    family.name = name;
    family.help = documented.meaning;
    family.kind = documented.kind;
    if (family.kind == Metric::Kind::kHistogram) family.bounds = {0.0001, 0.001, 0.005, 0.1};
    for (const std::string text : {"a\"b\\c\nd {} #", "\xff\u00e9"}) {
      Metric::Value& value = family.values.emplace_back();
      for (const std::string& label : documented.labels) value.labels.emplace_back(label, text);
      value.value = 1767225600.25;
      if (family.kind == Metric::Kind::kHistogram) value.counts = {1, 0, 20, 300, 4000};
      if (value.labels.empty()) break;
    }
  }
  return families;
}

std::string ScrapeOf(MetricSource source) {
  PrometheusPortOptions options;
  options.sources = {source, std::move(source)};
  options.address = "127.0.0.1:0";
  const auto port = PrometheusPort::Create(std::move(options));
  EXPECT_TRUE(port.ok()) << port.status();
  return port.ok() ? Scrape((*port)->port()) : "";
}

// Whether promtool takes the text, and has nothing to say of the names.
std::string Judgement(const std::string& text) {
  const std::string file = absl::StrCat(::testing::TempDir(), "/metrics-", getpid());
  std::ofstream(file) << text;
  return Printed(absl::StrCat("promtool check metrics < '", file, "'"));
}

class PromtoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Succeeds("promtool --version")) {
      GTEST_SKIP() << "SKIPPED: there is no promtool; tests/interop/install installs it";
    }
  }
};

TEST_F(PromtoolTest, FindsNothingWrongWithAllDocumentedMetrics) {
  const std::string text = ScrapeOf(AllMetrics);
  EXPECT_THAT(text, ::testing::HasSubstr("lanyard_gate_duration_seconds_bucket{le=\"+Inf\"} 8642"));
  EXPECT_EQ(Judgement(text), "");
}

TEST_F(PromtoolTest, WouldFindAFamilyThatStandsTwice) {
  const std::string twice = "# HELP n N.\n# TYPE n gauge\nn{a=\"1\"} 1\n";
  const std::string file = absl::StrCat(::testing::TempDir(), "/twice-", getpid());
  std::ofstream(file) << twice << twice;
  EXPECT_FALSE(Succeeds(absl::StrCat("promtool check metrics < '", file, "'")));
}

}  // namespace
}  // namespace lanyard::testing
