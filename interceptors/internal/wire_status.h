// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_WIRE_STATUS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_WIRE_STATUS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard::internal {

// Eight random hex digits.
std::string NewDecisionId();

// "token expired [lanyard 7f3a9c21]": all that a refused peer is told.
std::string WireMessage(absl::string_view text, absl::string_view decision_id);

// The two parts of a message; nothing for one that does not have exactly that form.
struct WireMessageParts {
  absl::string_view text, decision_id;  // Of the message.
};
std::optional<WireMessageParts> ReadWireMessage(absl::string_view message);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_WIRE_STATUS_H_
