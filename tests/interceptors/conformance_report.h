// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_CONFORMANCE_REPORT_H_
#define LANYARD_TESTS_INTERCEPTORS_CONFORMANCE_REPORT_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lanyard::test {

// Something that Lanyard needs of gRPC, and the test suites that show it, by their full names.
struct Fact {
  std::string sentence;
  std::vector<std::string> suites;
};

// What became of the cases of a test suite.
struct SuiteResult {
  int passed = 0;
  std::vector<std::string> failed;  // Their full names.
};

struct ConformanceReport {
  bool all_hold = true;
  std::string text;
};

// Whether each fact holds. One that no case has shown does not, nor may there be a suite that
// belongs to none; but where only some cases were asked for, facts without any are left open.
inline ConformanceReport JudgeFacts(const std::vector<Fact>& facts,
                                    const std::map<std::string, SuiteResult>& results,
                                    bool all_were_asked_for) {
  ConformanceReport report;
  std::set<std::string> known;
  for (const Fact& fact : facts) {
    int passed = 0;
    std::vector<std::string> failed, absent;
    for (const std::string& suite : fact.suites) {
      known.insert(suite);
      const auto found = results.find(suite);
      if (found == results.end()) {
        absent.push_back(suite);
        continue;
      }
      passed += found->second.passed;
      failed.insert(failed.end(), found->second.failed.begin(), found->second.failed.end());
      if (found->second.passed == 0 && found->second.failed.empty()) absent.push_back(suite);
    }
    const bool open = failed.empty() && !absent.empty();
    const bool holds = failed.empty() && (absent.empty() || !all_were_asked_for);
    report.all_hold = report.all_hold && holds;
    absl::StrAppend(&report.text,
                    !holds ? "DOES NOT HOLD  "
                    : open ? "not asked      "
                           : "holds          ",
                    fact.sentence, " (", passed, " of ", passed + static_cast<int>(failed.size()),
                    " cases)\n");
    for (const std::string& name : failed) {
      absl::StrAppend(&report.text, "                 failed: ", name, "\n");
    }
    if (!all_were_asked_for) continue;
    for (const std::string& name : absent) {
      absl::StrAppend(&report.text, "                 did not run: ", name, "\n");
    }
  }
  for (const auto& [suite, result] : results) {
    if (known.count(suite) != 0) continue;
    report.all_hold = false;
    absl::StrAppend(&report.text, "DOES NOT HOLD  ", suite, " belongs to no fact\n");
  }
  return report;
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_CONFORMANCE_REPORT_H_
