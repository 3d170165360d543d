// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TERMINAL_H_
#define LANYARD_TOOLS_LANYARD_TERMINAL_H_

#include <ostream>

#include "absl/strings/string_view.h"

namespace lanyard::tools {

// Whether what is written there is seen by a person: std::cout or std::cerr, and a terminal that
// can do more than write on (TERM is not "dumb").
bool IsTerminal(const std::ostream& stream);

// The same, where that person has not said NO_COLOR (no-color.org).
bool ShowsColours(const std::ostream& stream);

// Says on a terminal what takes long, for as long as this lives; then it is gone. Elsewhere
// nothing.
class Progress {
 public:
  // `what` has no control characters.
  Progress(std::ostream& stream, absl::string_view what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  std::ostream* const stream_;  // Null where there is no terminal.
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TERMINAL_H_
