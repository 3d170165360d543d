// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_AUDIT_LINE_H_
#define LANYARD_TOOLS_LANYARD_AUDIT_LINE_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"
#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {

// Explains the one audit event that --audit-line gives (docs/reference/audit.md): what was decided
// and why, what to do about it, and what `view` would say today. Exit code 0 if that is "allowed",
// 1 if it is not, or if the token of the call would be needed to tell.
absl::StatusOr<int> ExplainAuditLine(const PolicyView& view, const Arguments& arguments,
                                     absl::Time now, Streams& streams);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_AUDIT_LINE_H_
