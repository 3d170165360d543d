// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CLAIMS_JSON_H_
#define LANYARD_SDK_INTERNAL_CLAIMS_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::internal {

// The claims as the message that users see. `json` is a claims set that ReadClaims() accepted.
v1::Claims ClaimsFromJson(absl::string_view json);

// The JSON of a claims set; error for a private claim that repeats a registered one, and for
// doubles that JSON cannot write.
absl::StatusOr<std::string> ClaimsToJson(const v1::Claims& claims);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CLAIMS_JSON_H_
