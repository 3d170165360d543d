// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TOKEN_INSPECT_H_
#define LANYARD_TOOLS_LANYARD_TOKEN_INSPECT_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard token inspect`: shows what a token says, without believing it.
Command TokenInspectCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TOKEN_INSPECT_H_
