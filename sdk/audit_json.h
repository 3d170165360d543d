// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_AUDIT_JSON_H_
#define LANYARD_SDK_AUDIT_JSON_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/audit.h"

namespace lanyard {

// An event as one line of JSON, without a line feed. docs/reference/audit.md lists the members;
// those that have nothing to say are left out. Text from the call is escaped and at most 256 bytes
// long, what Lanyard says of it at most 1,024; what is longer ends in "...".
//
// `name_of`, if given, writes the subject and the actor in place of their names, which can be
// personal data.
std::string AuditJson(const AuditEvent& event,
                      const std::function<std::string(absl::string_view)>& name_of = nullptr);

// "2026-11-29T14:03:22.123456Z", as the JSON has times.
std::string AuditTime(absl::Time time);

}  // namespace lanyard

#endif  // LANYARD_SDK_AUDIT_JSON_H_
