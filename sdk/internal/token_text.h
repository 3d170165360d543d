// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TOKEN_TEXT_H_
#define LANYARD_SDK_INTERNAL_TOKEN_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::internal {

// Whether the text is a b64token (RFC 6750 section 2.1): what may stand after "Bearer ". Anything
// else in a metadata value would break the header, or abort the process inside gRPC.
bool IsBearerToken(absl::string_view text);

// Whether the text is one scope (RFC 6749 section 3.3, scope-token).
bool IsScopeToken(absl::string_view text);

// The claims of a JWT, of which nothing is verified; an error for anything else.
absl::StatusOr<JsonDocument> UnverifiedClaims(absl::string_view token);

// What a sender can read in its own token, to know when to get another and whether it is meant for
// the server it is about to be sent to. Nothing is verified; nothing for tokens that are not JWTs.
// A JWT without a readable aud is for nobody.
std::optional<absl::Time> UnverifiedExpiry(absl::string_view token);
std::optional<std::vector<std::string>> UnverifiedAudiences(absl::string_view token);
std::optional<std::string> UnverifiedSubject(absl::string_view token);

// Whether the text begins as a signed JWT does and does not go on as one, as far as can be told
// without the key: claims or signature are missing or not whole. So it is with a file that is
// being written, or whose writer died.
bool IsCutShort(absl::string_view token);

// The token of an authorization header's value: the scheme in any case, spaces, a b64token (RFC
// 9110 section 11.1, RFC 6750 section 2.1). Nothing for any other value.
std::optional<absl::string_view> BearerOf(absl::string_view authorization);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TOKEN_TEXT_H_
