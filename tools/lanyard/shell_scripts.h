// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_SHELL_SCRIPTS_H_
#define LANYARD_TOOLS_LANYARD_SHELL_SCRIPTS_H_

#include <string>
#include <vector>

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// Scripts by which a shell completes commands, options, the values of those that have a choice, and
// files. They run nothing.
std::string BashScript(const std::vector<Command>& commands);
std::string ZshScript(const std::vector<Command>& commands);
std::string FishScript(const std::vector<Command>& commands);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_SHELL_SCRIPTS_H_
