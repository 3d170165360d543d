// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ACCOUNT_NAMES_H_
#define LANYARD_ISSUER_ACCOUNT_NAMES_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// The sub of the tokens of users and clients, whose names hold no ":" (IsShortName()).
inline std::string SubjectOfUser(absl::string_view name) { return absl::StrCat("user:", name); }
inline std::string SubjectOfClient(absl::string_view name) { return absl::StrCat("svc:", name); }

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_ACCOUNT_NAMES_H_
