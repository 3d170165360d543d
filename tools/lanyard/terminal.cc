// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace lanyard::tools {

bool IsTerminal(const std::ostream& stream) {
  const int file = &stream == &std::cout   ? STDOUT_FILENO
                   : &stream == &std::cerr ? STDERR_FILENO
                                           : -1;
  if (file < 0 || isatty(file) == 0) return false;
  const char* kind = std::getenv("TERM");
  return kind == nullptr || absl::string_view(kind) != "dumb";
}

bool ShowsColours(const std::ostream& stream) {
  const char* none = std::getenv("NO_COLOR");
  return IsTerminal(stream) && (none == nullptr || *none == '\0');
}

Progress::Progress(std::ostream& stream, absl::string_view what)
    : stream_(IsTerminal(stream) ? &stream : nullptr) {
  if (stream_ != nullptr) *stream_ << what << " ..." << std::flush;
}

Progress::~Progress() {
  // To the line's beginning, and what stands there goes.
  if (stream_ != nullptr) *stream_ << "\r\x1b[K" << std::flush;
}

}  // namespace lanyard::tools
