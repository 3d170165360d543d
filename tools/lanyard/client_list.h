// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CLIENT_LIST_H_
#define LANYARD_TOOLS_LANYARD_CLIENT_LIST_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command ClientListCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CLIENT_LIST_H_
