// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_CONVERT_H_
#define LANYARD_TOOLS_LANYARD_KEY_CONVERT_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard key convert`: the keys of a file in another format.
Command KeyConvertCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_CONVERT_H_
