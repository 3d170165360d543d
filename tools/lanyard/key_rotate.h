// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_ROTATE_H_
#define LANYARD_TOOLS_LANYARD_KEY_ROTATE_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command KeyRotateCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_ROTATE_H_
