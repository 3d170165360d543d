// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_TOKEN_ANSWER_H_
#define LANYARD_SDK_TOKENS_TOKEN_ANSWER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

// Reads what a token endpoint answered to a request that was sent at `asked_at`: the token (RFC
// 6749 section 5.1), or an error that begins with `endpoint` and repeats the endpoint's words
// (section 5.2) as far as they hold nothing of `secrets`. Statuses 408, 429 and 5xx are
// UNAVAILABLE, all else is UNAUTHENTICATED.
absl::StatusOr<BearerToken> ReadTokenAnswer(absl::string_view endpoint,
                                            const HttpResponse& response, absl::Time asked_at,
                                            const std::vector<Secret>& secrets);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_TOKEN_ANSWER_H_
