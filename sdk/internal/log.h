// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_LOG_H_
#define LANYARD_SDK_INTERNAL_LOG_H_

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// One line on stderr about a change of state, never about a single call. Callers pass no secrets.
void LogLine(absl::string_view text);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_LOG_H_
