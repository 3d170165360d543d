// SPDX-License-Identifier: Apache-2.0
#include "tests/interceptors/conformance_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

const std::vector<Fact>& Facts() {
  static const auto* const facts = new std::vector<Fact>{
      {"Handlers run for nobody who is refused.", {"All/RefusedTest", "FloodTest"}},
      {"Streams end.", {"StreamTest"}}};
  return *facts;
}

std::map<std::string, SuiteResult> Good() {
  return {{"All/RefusedTest", {3, {}}}, {"FloodTest", {1, {}}}, {"StreamTest", {2, {}}}};
}

TEST(ConformanceReportTest, CountsTheCasesOfWhatHolds) {
  const ConformanceReport report = JudgeFacts(Facts(), Good(), true);
  EXPECT_TRUE(report.all_hold);
  EXPECT_EQ(report.text,
            "holds          Handlers run for nobody who is refused. (4 of 4 cases)\n"
            "holds          Streams end. (2 of 2 cases)\n");
}

TEST(ConformanceReportTest, NamesTheFactThatDoesNotHoldAndTheCases) {
  auto results = Good();
  results["FloodTest"] = {0, {"FloodTest.Sync"}};
  const ConformanceReport report = JudgeFacts(Facts(), results, true);
  EXPECT_FALSE(report.all_hold);
  EXPECT_EQ(report.text,
            "DOES NOT HOLD  Handlers run for nobody who is refused. (3 of 4 cases)\n"
            "                 failed: FloodTest.Sync\n"
            "holds          Streams end. (2 of 2 cases)\n");
}

TEST(ConformanceReportTest, TakesNothingForShownThatDidNotRun) {
  auto results = Good();
  results.erase("StreamTest");
  ConformanceReport report = JudgeFacts(Facts(), results, true);
  EXPECT_FALSE(report.all_hold);
  EXPECT_THAT(report.text, HasSubstr("DOES NOT HOLD  Streams end. (0 of 0 cases)\n"
                                     "                 did not run: StreamTest\n"));
  results["StreamTest"] = {};
  EXPECT_FALSE(JudgeFacts(Facts(), results, true).all_hold);
  report = JudgeFacts(Facts(), results, false);
  EXPECT_TRUE(report.all_hold);
  EXPECT_THAT(report.text, HasSubstr("not asked      Streams end. (0 of 0 cases)\n"));
}

TEST(ConformanceReportTest, FailsForASuiteThatBelongsToNoFact) {
  auto results = Good();
  results["NewTest"] = {1, {}};
  const ConformanceReport report = JudgeFacts(Facts(), results, true);
  EXPECT_FALSE(report.all_hold);
  EXPECT_THAT(report.text, HasSubstr("NewTest belongs to no fact"));
}

}  // namespace
}  // namespace lanyard::test
