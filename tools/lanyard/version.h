// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_VERSION_H_
#define LANYARD_TOOLS_LANYARD_VERSION_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard version`: this tool and the libraries in it.
Command VersionCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_VERSION_H_
