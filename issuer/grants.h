// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_GRANTS_H_
#define LANYARD_ISSUER_GRANTS_H_

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/v1/accounts.pb.h"

namespace lanyard::internal {

using Grants = google::protobuf::RepeatedPtrField<v1::Grant>;
using Scopes = std::vector<std::string>;

// The scopes that all of `granted` allow for that audience; invalid_target if one of them has
// nothing for it.
absl::StatusOr<Scopes> GrantedScopes(const std::vector<const Grants*>& granted,
                                     absl::string_view audience);

// Those that are asked for, out of those that may be had; all of these where nothing is asked for.
// invalid_scope for one that may not be had: a request gets all of it or nothing.
absl::StatusOr<Scopes> ChooseScopes(const Scopes& asked, const Scopes& may_have);

// Those that stand in both, in the order of the first.
Scopes CommonScopes(const Scopes& a, const Scopes& b);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_GRANTS_H_
