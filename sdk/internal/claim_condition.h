// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CLAIM_CONDITION_H_
#define LANYARD_SDK_INTERNAL_CLAIM_CONDITION_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::internal {

using ClaimPath = google::protobuf::RepeatedPtrField<std::string>;

// Checks the path of a claim in a config; the error says what would be right.
absl::Status ValidateClaimPath(const ClaimPath& path);

// The claim there, if there is one.
std::optional<JsonValue> FindClaim(const JsonValue& claims, const ClaimPath& path);

// Checks one condition of a config; the error says what would be right.
absl::Status ValidateClaimCondition(const v1::ClaimCondition& condition);

// Whether claims meet a valid condition. Types count: "1", 1 and true are three values, and 1.0 is
// no integer.
bool Meets(const JsonValue& claims, const v1::ClaimCondition& condition);

// A condition's path for messages: a, a.b, or a."b.c".
std::string PathText(const v1::ClaimCondition& condition);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CLAIM_CONDITION_H_
