// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_PASSWORD_INPUT_H_
#define LANYARD_TOOLS_LANYARD_PASSWORD_INPUT_H_

#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// A new password: the one line of standard input with --password-stdin, else typed twice at the
// terminal, which shows nothing of it. There is no way to give one as an argument, where others on
// the machine could read it. No message repeats it.
absl::StatusOr<internal::Secret> ReadNewPassword(const Arguments& arguments, Streams& streams);

// The option that it reads.
Option PasswordStdinOption();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_PASSWORD_INPUT_H_
