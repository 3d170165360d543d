// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_NEW_H_
#define LANYARD_TOOLS_LANYARD_KEY_NEW_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard key new`: makes a private key.
Command KeyNewCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_NEW_H_
