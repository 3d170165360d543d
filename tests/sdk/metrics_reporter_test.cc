// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/metrics_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace lanyard {
namespace {

using ::testing::HasSubstr;

// A counter as a server has one.
class CountingAuth {
 public:
  void Count() { ++calls_; }
  std::vector<Metric> Metrics() const {
    return {{"lanyard_calls_total",
             "Calls.",
             Metric::Kind::kCounter,
             {},
             {{{}, static_cast<double>(calls_), {}}}}};
  }

 private:
  std::atomic<int> calls_{0};
};

// Another system for metrics, which keeps what it is pushed.
class OtherSystem {
 public:
  void Push(const std::vector<Metric>& families) {
    EXPECT_FALSE(pushing_.exchange(true)) << "two reports at once";
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ASSERT_EQ(families.size(), 1u);
      ASSERT_EQ(families[0].values.size(), 1u);
      values_.push_back(families[0].values[0].value);
      threads_.push_back(std::this_thread::get_id());
    }
    pushing_ = false;
    pushed_.notify_all();
  }
  void WaitForPush() {
    std::unique_lock<std::mutex> lock(mutex_);
    const size_t before = values_.size();
    pushed_.wait(lock, [&] { return values_.size() > before; });
  }
  std::vector<double> values() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return values_;
  }
  std::thread::id first_thread() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return threads_.at(0);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable pushed_;
  std::vector<double> values_;
  std::vector<std::thread::id> threads_;
  std::atomic<bool> pushing_{false};
};

class MetricsReporterTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<MetricsReporter>> Start(absl::Duration interval) {
    const CountingAuth* const auth = &auth_;
    OtherSystem& my_system = my_system_;
    MetricsReporterOptions options;
    options.sources = {[auth] { return auth->Metrics(); }};
    options.report = [&](const std::vector<Metric>& families) { my_system.Push(families); };
    options.interval = interval;
    return MetricsReporter::Create(std::move(options));
  }

  CountingAuth auth_;
  OtherSystem my_system_;
};

TEST_F(MetricsReporterTest, ReportsOnAThreadOfItsOwnWhatThereIsThen) {
  auto reporter = Start(absl::Seconds(1));
  ASSERT_TRUE(reporter.ok()) << reporter.status();
  auth_.Count();
  // A report may have come before the count.
  do {
    my_system_.WaitForPush();
  } while (my_system_.values().back() == 0);
  EXPECT_EQ(my_system_.values().back(), 1);
  EXPECT_NE(my_system_.first_thread(), std::this_thread::get_id());
}

TEST_F(MetricsReporterTest, ReportsOnceMoreAtTheEnd) {
  auto reporter = Start(absl::Hours(24));
  ASSERT_TRUE(reporter.ok()) << reporter.status();
  for (int i = 0; i < 3; ++i) auth_.Count();
  reporter->reset();
  EXPECT_THAT(my_system_.values(), ::testing::ElementsAre(3));
}

TEST_F(MetricsReporterTest, NeverReportsTwiceAtOnceWhileCallsAreCounted) {
  auto reporter = Start(absl::Seconds(1));
  ASSERT_TRUE(reporter.ok()) << reporter.status();
  std::atomic<bool> stop{false};
  std::thread calls([&] {
    while (!stop) auth_.Count();
  });
  my_system_.WaitForPush();
  reporter->reset();
  stop = true;
  calls.join();
  const std::vector<double> values = my_system_.values();
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
}

TEST_F(MetricsReporterTest, MergesItsSources) {
  CountingAuth other;
  auth_.Count();
  other.Count();
  MetricsReporterOptions options;
  options.sources = {[&] { return auth_.Metrics(); }, [&] { return other.Metrics(); }};
  options.report = [&](const std::vector<Metric>& families) { my_system_.Push(families); };
  ASSERT_TRUE(MetricsReporter::Create(std::move(options)).ok());
  EXPECT_THAT(my_system_.values(), ::testing::ElementsAre(2));
}

TEST_F(MetricsReporterTest, RefusesOptionsThatAreMissingOrOutOfRange) {
  const auto message = [](std::vector<MetricSource> sources, bool with_report,
                          absl::Duration interval) {
    MetricsReporterOptions options;
    options.sources = std::move(sources);
    if (with_report) options.report = [](const std::vector<Metric>&) {};
    options.interval = interval;
    return std::string(MetricsReporter::Create(std::move(options)).status().message());
  };
  const MetricSource source = [] { return std::vector<Metric>(); };
  const absl::Duration minute = absl::Minutes(1);
  EXPECT_EQ(message({source}, true, absl::Seconds(1)), "");
  EXPECT_EQ(message({source}, true, absl::Hours(24)), "");
  EXPECT_THAT(message({}, true, minute), HasSubstr("sources is empty"));
  EXPECT_THAT(message({source, nullptr}, true, minute), HasSubstr("sources[1] is no function"));
  EXPECT_THAT(message({source}, false, minute), HasSubstr("report is required"));
  for (const absl::Duration interval : {absl::Milliseconds(999), absl::ZeroDuration(),
                                        absl::Seconds(-60), absl::Hours(24) + absl::Nanoseconds(1),
                                        absl::InfiniteDuration(), -absl::InfiniteDuration()}) {
    EXPECT_THAT(message({source}, true, interval), HasSubstr("it must be from 1 s to 24 h"))
        << interval;
  }
}

}  // namespace
}  // namespace lanyard
