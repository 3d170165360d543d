// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_COMMAND_RUNNER_H_
#define LANYARD_TESTS_TOOLS_LANYARD_COMMAND_RUNNER_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::testing {

// What a run of the tool gave.
struct Outcome {
  int code;
  std::string out;
  std::string err;
};
std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

// Runs the tool in this process, with `input` as its standard input.
Outcome RunTool(const std::vector<std::string>& args, absl::string_view input = "");

// The path of a file of that name in this test's own folder; TempFile() writes it as well.
std::string TempPath(absl::string_view name);
std::string TempFile(absl::string_view name, absl::string_view content);

std::string ReadTextFile(const std::string& path);

// The text without its last line end.
std::string Line(absl::string_view text);

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_COMMAND_RUNNER_H_
