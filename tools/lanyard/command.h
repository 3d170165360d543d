// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_COMMAND_H_
#define LANYARD_TOOLS_LANYARD_COMMAND_H_

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/tools/arguments.h"

namespace lanyard::tools {

// Where a command reads and writes. Not owned.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

// One thing that the tool does.
struct Command {
  std::string group;    // "key"; empty for a command of one word.
  std::string name;     // "new"
  std::string summary;  // One line, for the list of commands.
  std::string details;  // What help says after the options.
  Syntax syntax;
  std::string exit_1 = {};  // What exit code 1 means, where that is no error: "the token is bad".

  // Does it. Gives the exit code of a command that has said all there is to say, or an error that
  // is then reported, with exit code 2 for a usage error and 1 for any other.
  absl::StatusOr<int> (*run)(const Arguments& arguments, Streams& streams) = nullptr;

  // In its place for a command about commands: the same, given all of them.
  absl::StatusOr<int> (*run_with_all)(const std::vector<Command>& all, const Arguments& arguments,
                                      Streams& streams) = nullptr;

  // "key new"
  std::string FullName() const { return group.empty() ? name : group + " " + name; }
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_COMMAND_H_
