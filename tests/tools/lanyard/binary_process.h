// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_BINARY_PROCESS_H_
#define LANYARD_TESTS_TOOLS_LANYARD_BINARY_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::testing {

// The program that LANYARD_BINARY names, as a process of its own. The destructor kills it.
class BinaryProcess {
 public:
  // `input` is its standard input. Its standard error is appended to a file, or is the test's.
  explicit BinaryProcess(const std::vector<std::string>& args, absl::string_view input = "",
                         const std::string& error_file = "");
  ~BinaryProcess();
  BinaryProcess(const BinaryProcess&) = delete;
  BinaryProcess& operator=(const BinaryProcess&) = delete;

  // The next line of its standard output, without the line end; empty at its end. Blocks.
  std::string ReadLine();

  void Signal(int signal);

  // Waits until it ends. Its exit code, or less than 0: minus the signal that ended it.
  int Wait();

 private:
  pid_t child_ = -1;
  int output_ = -1;
  std::string read_;
};

// Runs the program to its end.
Outcome RunBinary(const std::vector<std::string>& args, absl::string_view input = "");

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_BINARY_PROCESS_H_
