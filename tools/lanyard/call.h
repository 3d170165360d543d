// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CALL_H_
#define LANYARD_TOOLS_LANYARD_CALL_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard call`: makes one call with a token, in JSON.
Command CallCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CALL_H_
