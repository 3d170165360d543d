// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTEROP_PROGRAM_H_
#define LANYARD_TESTS_INTEROP_PROGRAM_H_

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

namespace lanyard::testing {

// Whether a shell command that prints nothing of interest succeeds.
inline bool Succeeds(const std::string& command) {
  return std::system(absl::StrCat(command, " >/dev/null 2>&1").c_str()) == 0;
}

// What a shell command that must succeed prints, standard error with it.
inline std::string Printed(const std::string& command) {
  std::string text;
  FILE* const pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command << " cannot be started";
    return text;
  }
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) text.append(buffer, n);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << "\n" << text;
  return text;
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_INTEROP_PROGRAM_H_
