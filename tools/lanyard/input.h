// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_INPUT_H_
#define LANYARD_TOOLS_LANYARD_INPUT_H_

#include <cstddef>
#include <istream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::tools {

struct Input {
  internal::Secret text;
  bool cut_off = false;  // There was more than `max_bytes`, which was not read.
};

// Reads a file or, where `path` is "-", `in`; at most `max_bytes`, so that an endless input ends.
// Pipes are read too, unlike internal::ReadFile(), so that a shell's <(command) works. Errors name
// the file.
absl::StatusOr<Input> ReadInput(const std::string& path, size_t max_bytes, std::istream& in);

// What errors call that input: the path, or "standard input". A key or a token that was given in a
// file's place is not repeated.
std::string InputName(absl::string_view path);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_INPUT_H_
