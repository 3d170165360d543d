// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_THUMBPRINT_H_
#define LANYARD_TOOLS_LANYARD_KEY_THUMBPRINT_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard key thumbprint`: the RFC 7638 names of the keys in a file.
Command KeyThumbprintCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_THUMBPRINT_H_
