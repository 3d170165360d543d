// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_SERVE_H_
#define LANYARD_TOOLS_LANYARD_SERVE_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard serve`: a token service, until a signal ends it.
Command ServeCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_SERVE_H_
