// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_REVOKE_H_
#define LANYARD_TOOLS_LANYARD_KEY_REVOKE_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

Command KeyRevokeCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_REVOKE_H_
