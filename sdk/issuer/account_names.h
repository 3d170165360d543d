// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_ISSUER_ACCOUNT_NAMES_H_
#define LANYARD_SDK_ISSUER_ACCOUNT_NAMES_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Names of users and clients: [a-z0-9._-], 1 to 64 bytes, so that no name holds a prefix.
inline bool IsAccountName(absl::string_view name) {
  for (const char c : name) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return !name.empty() && name.size() <= 64;
}

// The sub of their tokens.
inline std::string SubjectOfUser(absl::string_view name) { return absl::StrCat("user:", name); }
inline std::string SubjectOfClient(absl::string_view name) { return absl::StrCat("svc:", name); }

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_ISSUER_ACCOUNT_NAMES_H_
