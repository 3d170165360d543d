// SPDX-License-Identifier: Apache-2.0
// Runs the tests of what Lanyard needs of gRPC, and says for each fact whether it holds with the
// gRPC that this program is built with.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/interceptors/conformance_report.h"

namespace lanyard::test {
namespace {

const std::vector<Fact>& Facts() {
  static const auto* const facts = new std::vector<Fact>{
      {"A refused call reaches no handler: unary and streams, by sync, callback, async and generic "
       "services.",
       {"All/RefusedCallsTest", "All/FloodTest"}},
      {"The gate sees every header and path, and the peer sees its code and text.",
       {"GateTest", "All/UnknownMethodTest", "BoundTokenTest"}},
      {"A handler sees the caller of its own call, and nobody else's.",
       {"All/CallerTest", "CallerOfTest"}},
      {"What the gate admitted waits for its handler, however late that is.",
       {"All/LateBindingTest"}},
      {"The user's interceptors come after Lanyard's: they see no token and undo no refusal.",
       {"All/InterceptorOrderTest"}},
      {"No handler runs for a call past the gate, by another port or in process.",
       {"All/PastTheGateTest", "StartTest", "StartErrorTest"}},
      {"The gate can be installed in each of the ways in, on TLS, Unix sockets and loopback.",
       {"All/WaysInTest", "IdentifyTest", "InstallOnTest", "TrustedLoopbackTest", "LifetimeTest"}},
      {"A stream ends with its token, idle or busy, and the client gets the code and text.",
       {"All/StreamExpiryTest", "All/ServerStreamExpiryTest"}},
      {"The client sends no token over a channel that is not protected.",
       {"PlaintextTest", "LoopbackTest"}},
      {"A call that waits for its token ends at its deadline or when it is cancelled.",
       {"ClientWaitTest"}},
  };
  return *facts;
}

std::map<std::string, SuiteResult> Results() {
  std::map<std::string, SuiteResult> results;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(i);
    SuiteResult& result = results[suite.name()];
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const ::testing::TestInfo& test = *suite.GetTestInfo(j);
      if (!test.should_run() || test.result()->Skipped()) continue;
      if (test.result()->Passed()) {
        ++result.passed;
      } else {
        result.failed.push_back(absl::StrCat(suite.name(), ".", test.name()));
      }
    }
  }
  return results;
}

int Run() {
  const int failed = RUN_ALL_TESTS();
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  const bool all_ran = all.test_to_run_count() == all.total_test_count();
  const ConformanceReport report = JudgeFacts(Facts(), Results(), all_ran);
  const bool hold = failed == 0 && report.all_hold && all.test_to_run_count() > 0;
  std::printf("\nLanyard with gRPC %s:\n%s%s\n", grpc::Version().c_str(), report.text.c_str(),
              !hold     ? "Do not rely on Lanyard with this gRPC; tell its maintainers."
              : all_ran ? "All of this holds."
                        : "What was asked holds; run it without a filter for the rest.");
  return hold ? 0 : 1;
}

}  // namespace
}  // namespace lanyard::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return lanyard::test::Run();
}
