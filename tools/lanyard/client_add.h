// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CLIENT_ADD_H_
#define LANYARD_TOOLS_LANYARD_CLIENT_ADD_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command ClientAddCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CLIENT_ADD_H_
