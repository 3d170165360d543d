// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_SHORT_NAME_H_
#define LANYARD_SDK_INTERNAL_SHORT_NAME_H_

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Names that people give to issuers, token sources, users and clients: [a-z0-9._-], 1 to 64 bytes.
inline bool IsShortName(absl::string_view name) {
  for (const char c : name) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return !name.empty() && name.size() <= 64;
}

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_SHORT_NAME_H_
