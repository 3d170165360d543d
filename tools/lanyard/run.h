// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_RUN_H_
#define LANYARD_TOOLS_LANYARD_RUN_H_

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace lanyard::tools {

// The whole of the command line tool but for main(): does what `args`, the words after the
// program's name, ask for, and returns the exit code.
//   0  done; for `token verify`, the token is good
//   1  refused or failed: the token is not good, a file cannot be read, output cannot be written
//   2  the command line is wrong
// "--help" is exit code 0 only where it stands alone behind the command's name, so that a token
// that a script hands on cannot ask for it.
//
// Errors are one line on `err`; with --json they are on `out` as well, as an object whose "ok" is
// false.
int RunCommand(const std::vector<std::string>& args, std::istream& in, std::ostream& out,
               std::ostream& err);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_RUN_H_
