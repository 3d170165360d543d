// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_DOCUMENTED_METRICS_H_
#define LANYARD_TESTS_SDK_DOCUMENTED_METRICS_H_

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::testing {

struct DocumentedMetric {
  Metric::Kind kind;
  std::vector<std::string> labels;
  std::string meaning;
};

// The tables of docs/reference/metrics.md, by name.
inline std::map<std::string, DocumentedMetric> DocumentedMetrics() {
  const std::map<absl::string_view, Metric::Kind> kinds = {{"counter", Metric::Kind::kCounter},
                                                           {"gauge", Metric::Kind::kGauge},
                                                           {"histogram", Metric::Kind::kHistogram}};
  std::map<std::string, DocumentedMetric> documented;
  std::ifstream file("docs/reference/metrics.md");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() < 6) continue;
    absl::string_view name = absl::StripAsciiWhitespace(cells[1]);
    if (!absl::ConsumePrefix(&name, "`") || !absl::ConsumeSuffix(&name, "`")) continue;
    const auto kind = kinds.find(absl::StripAsciiWhitespace(cells[2]));
    if (kind == kinds.end()) {
      ADD_FAILURE() << line;
      continue;
    }
    DocumentedMetric metric{kind->second, {}, std::string(absl::StripAsciiWhitespace(cells[4]))};
    // Every second part is between backquotes; what is in parentheses are values.
    int depth = 0;
    bool quoted = false;
    for (const absl::string_view part : absl::StrSplit(cells[3], '`')) {
      if (quoted && depth == 0) metric.labels.emplace_back(part);
      for (const char c : part) depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      quoted = !quoted;
    }
    EXPECT_TRUE(documented.emplace(name, std::move(metric)).second) << name << " stands twice";
  }
  EXPECT_GE(documented.size(), 24u) << "docs/reference/metrics.md has lost its tables";
  return documented;
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_DOCUMENTED_METRICS_H_
