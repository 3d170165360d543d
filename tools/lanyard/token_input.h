// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TOKEN_INPUT_H_
#define LANYARD_TOOLS_LANYARD_TOKEN_INPUT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// The longest token that is looked at.
inline constexpr size_t kMaxTokenBytes = 64 * 1024;

// The token that a command was given: its operand, standard input for "-", or the file of
// --token-file; without white space around it. Reads a little more than kMaxTokenBytes of a longer
// one, so that it is refused for its length. A usage error unless there is exactly one.
absl::StatusOr<std::string> ReadToken(const Arguments& arguments, Streams& streams);

// The one in a file, or on standard input for "-", in the same way.
absl::StatusOr<std::string> TokenOfFile(const std::string& path, Streams& streams);

Option TokenFileOption();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TOKEN_INPUT_H_
