// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/log.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {

void LogLine(absl::string_view text) {
  const std::string line = absl::StrCat("lanyard: ", Printable(text, 1000), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace lanyard::internal
