// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_HELP_H_
#define LANYARD_TOOLS_LANYARD_HELP_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// How one command is used.
std::string CommandHelp(const Command& command);

// What commands there are, in one group or, where `group` is empty, in all.
std::string CommandList(const std::vector<Command>& commands, absl::string_view group);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_HELP_H_
