// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_COMPLETION_H_
#define LANYARD_TOOLS_LANYARD_COMPLETION_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard completion`: writes what completes the words of a command line in a shell.
Command CompletionCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_COMPLETION_H_
