// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TERMINAL_TEXT_H_
#define LANYARD_SDK_INTERNAL_TERMINAL_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// The code point that starts at `*position`, which moves behind it. Nothing, and one byte on, where
// the bytes are not UTF-8.
std::optional<char32_t> NextCodePoint(absl::string_view text, size_t* position);

// Whether a character could move the cursor, change colours or reorder what a terminal shows:
// control characters, C1 among them, the marks that turn the writing direction, and what has no
// width.
bool ActsOnTerminal(char32_t code_point);

// Text of unknown origin as one line that is safe to show: whatever acts on a terminal, and bytes
// that are not UTF-8, become "?". What is longer than `max_bytes` ends in "...".
std::string Printable(absl::string_view text, size_t max_bytes = 4096);

// Names for a message, so that it can be compared with another: ["a", "b"], the first few of them.
std::string PrintableNames(const std::vector<std::string>& names);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TERMINAL_TEXT_H_
