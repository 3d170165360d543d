// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/command_runner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/tools/run.h"

namespace lanyard::testing {

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "code " << outcome.code << ", standard output \"" << outcome.out
                << "\", standard error \"" << outcome.err << "\"";
}

Outcome RunTool(const std::vector<std::string>& args, absl::string_view input) {
  std::istringstream in{std::string(input)};
  std::ostringstream out, err;
  const int code = tools::RunCommand(args, in, out, err);
  return {code, out.str(), err.str()};
}

std::string TempPath(absl::string_view name) {
  // A folder a test, so that no test finds another's files.
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string folder = absl::StrCat(::testing::TempDir(), "/", getpid());
  mkdir(folder.c_str(), 0700);
  std::string test_name =
      test == nullptr ? "" : absl::StrCat(test->test_suite_name(), test->name());
  for (char& c : test_name) c = c == '/' ? '_' : c;
  absl::StrAppend(&folder, "/", test_name);
  mkdir(folder.c_str(), 0700);
  return absl::StrCat(folder, "/", name);
}

std::string TempFile(absl::string_view name, absl::string_view content) {
  const std::string path = TempPath(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string ReadTextFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Line(absl::string_view text) { return std::string(absl::StripSuffix(text, "\n")); }

}  // namespace lanyard::testing
