// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_USAGE_ERROR_H_
#define LANYARD_TOOLS_LANYARD_USAGE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::tools {

// The command line itself is wrong, whatever the files say: exit code 2. `message` names the option
// and what would be right.
absl::Status UsageError(absl::string_view message);
bool IsUsageError(const absl::Status& status);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_USAGE_ERROR_H_
