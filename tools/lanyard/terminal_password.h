// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TERMINAL_PASSWORD_H_
#define LANYARD_TOOLS_LANYARD_TERMINAL_PASSWORD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::tools {

// Asks for a line at this process's terminal with each of the prompts, one after the other, and
// shows nothing of what is typed. The terminal is as it was before, whatever happens: a signal that
// would end the process, as of Ctrl-C, ends it after that.
//
// Fails without a terminal, for a line of more than `max_bytes`, and where the input ends.
absl::StatusOr<std::vector<internal::Secret>> AskAtTerminal(const std::vector<std::string>& prompts,
                                                            size_t max_bytes);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TERMINAL_PASSWORD_H_
