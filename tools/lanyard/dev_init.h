// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DEV_INIT_H_
#define LANYARD_TOOLS_LANYARD_DEV_INIT_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard dev init`: makes a folder with keys, certificates and configs for local work.
Command DevInitCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DEV_INIT_H_
