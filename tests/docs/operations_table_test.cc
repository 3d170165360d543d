// SPDX-License-Identifier: Apache-2.0
// Every reason has a line in the table of docs/operations.md.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard {
namespace {

TEST(OperationsTest, HasALineForEveryReason) {
  std::ifstream page("docs/operations.md");
  ASSERT_TRUE(page.good());
  std::string line, first_cells;
  while (std::getline(page, line)) {
    if (absl::StartsWith(line, "| `"))
      absl::StrAppend(&first_cells, line.substr(0, line.find('|', 1)));
  }
  for (const AuthFailure failure : kAllAuthFailures) {
    const std::string name = absl::StrCat("`", AuthFailureName(failure), "`");
    EXPECT_TRUE(absl::StrContains(first_cells, name)) << name;
  }
}

}  // namespace
}  // namespace lanyard
