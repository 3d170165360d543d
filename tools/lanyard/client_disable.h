// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CLIENT_DISABLE_H_
#define LANYARD_TOOLS_LANYARD_CLIENT_DISABLE_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command ClientDisableCommand();
Command ClientEnableCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CLIENT_DISABLE_H_
