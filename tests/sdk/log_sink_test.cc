// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "lanyard/sdk/internal/log.h"

namespace lanyard {
namespace {

using ::testing::ElementsAre;

TEST(LogSinkTest, TakesLinesInPlaceOfStandardError) {
  std::vector<std::string> lines;
  SetLogSink([&lines](absl::string_view line) { lines.emplace_back(line); });
  ::testing::internal::CaptureStderr();
  internal::LogLine("WARNING: one\x1b[2J");
  SetLogSink(nullptr);
  internal::LogLine("two");
  EXPECT_THAT(lines, ElementsAre("WARNING: one?[2J"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "lanyard: two\n");
}

TEST(LogSinkTest, MayBeSetWhileOthersLog) {
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  SetLogSink([](absl::string_view) {});
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 1000; ++i) internal::LogLine("line");
    });
  }
  for (int i = 0; i < 100; ++i) SetLogSink([&count](absl::string_view) { ++count; });
  for (std::thread& thread : threads) thread.join();
  SetLogSink([](absl::string_view) {});
  const int seen = count;
  internal::LogLine("line");
  SetLogSink(nullptr);
  EXPECT_EQ(count, seen);
}

}  // namespace
}  // namespace lanyard
