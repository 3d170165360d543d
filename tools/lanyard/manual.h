// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_MANUAL_H_
#define LANYARD_TOOLS_LANYARD_MANUAL_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard manual`: writes the help of all commands as one page.
Command ManualCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_MANUAL_H_
