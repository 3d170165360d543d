// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_METRIC_VALUES_H_
#define LANYARD_TESTS_INTERCEPTORS_METRIC_VALUES_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::test {

// Each value by its name and labels, as in "name{a=b,c=d}".
inline std::map<std::string, double> ValuesOf(const std::vector<Metric>& metrics) {
  std::map<std::string, double> values;
  for (const Metric& metric : metrics) {
    for (const Metric::Value& value : metric.values) {
      std::string labels;
      for (const auto& [name, text] : value.labels) {
        absl::StrAppend(&labels, labels.empty() ? "" : ",", name, "=", text);
      }
      const bool added =
          values.emplace(absl::StrCat(metric.name, "{", labels, "}"), value.value).second;
      EXPECT_TRUE(added) << metric.name << " " << labels;
    }
  }
  return values;
}

inline std::string Decision(const std::string& method, const std::string& decision,
                            const std::string& reason) {
  return absl::StrCat("lanyard_decisions_total{method=", method, ",decision=", decision,
                      ",reason=", reason, "}");
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_METRIC_VALUES_H_
