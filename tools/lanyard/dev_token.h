// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DEV_TOKEN_H_
#define LANYARD_TOOLS_LANYARD_DEV_TOKEN_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard dev token`: signs a token with the key of a folder that `lanyard dev init` made.
Command DevTokenCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DEV_TOKEN_H_
