// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/log.h"

#include <cstdio>
#include <string>

namespace lanyard::internal {

void LogLine(absl::string_view text) {
  std::string line = "lanyard: ";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace lanyard::internal
