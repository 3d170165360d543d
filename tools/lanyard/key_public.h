// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_PUBLIC_H_
#define LANYARD_TOOLS_LANYARD_KEY_PUBLIC_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard key public`: what may be published of a key file.
Command KeyPublicCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_PUBLIC_H_
