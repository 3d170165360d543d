// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_USER_PASSWD_H_
#define LANYARD_TOOLS_LANYARD_USER_PASSWD_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command UserPasswdCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_USER_PASSWD_H_
