// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TOKEN_VERIFY_H_
#define LANYARD_TOOLS_LANYARD_TOKEN_VERIFY_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard token verify`: whether a token is good, and what it says.
Command TokenVerifyCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TOKEN_VERIFY_H_
