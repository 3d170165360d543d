// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "lanyard/tools/run.h"

int main(int argc, char** argv) {
  // A reader that has gone away is a write error, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  return lanyard::tools::RunCommand(args, std::cin, std::cout, std::cerr);
}
