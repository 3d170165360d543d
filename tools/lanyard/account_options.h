// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ACCOUNT_OPTIONS_H_
#define LANYARD_TOOLS_LANYARD_ACCOUNT_OPTIONS_H_

#include <google/protobuf/repeated_field.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/v1/accounts.pb.h"

namespace lanyard::tools {

// The options by which users and clients get what they may have. Failures are usage errors that
// name the option.

// All values of a repeatable option, each "AUDIENCE=SCOPE,SCOPE". The last "=" counts, since
// audiences are often URLs; a scope with "=" or "," cannot be written so.
absl::StatusOr<std::vector<v1::Grant>> GrantsOption(const Arguments& arguments,
                                                    absl::string_view name);

// All values of a repeatable option, each "NAME=JSON".
absl::StatusOr<std::map<std::string, v1::Value>> ClaimsOption(const Arguments& arguments,
                                                              absl::string_view name);

using Grants = google::protobuf::RepeatedPtrField<v1::Grant>;

// Puts grants in the place of those for their audiences; others stay.
void ReplaceGrants(const std::vector<v1::Grant>& grants, Grants* all);

// Takes away those for these audiences; an error that names `option` for one that has none.
absl::Status RemoveGrants(absl::string_view option, const std::vector<std::string>& audiences,
                          Grants* all);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ACCOUNT_OPTIONS_H_
