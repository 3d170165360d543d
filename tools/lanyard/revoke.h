// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_REVOKE_H_
#define LANYARD_TOOLS_LANYARD_REVOKE_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard revoke`: withdraws what an issuer has given before it expires.
Command RevokeCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_REVOKE_H_
