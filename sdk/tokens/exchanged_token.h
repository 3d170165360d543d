// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_EXCHANGED_TOKEN_H_
#define LANYARD_SDK_TOKENS_EXCHANGED_TOKEN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

// What can be seen of tokens that speak for a caller. Nothing is verified here: the caller's token
// was when it came, and the answer comes from the issuer itself. What is looked for is an issuer
// that gave something else than it was asked for, above all a token of the client's own. No message
// repeats a claim.

// Whether the request's subject token may be exchanged at all: its chain of actors may grow no
// longer than four.
absl::Status CheckSubject(const TokenRequest& request);

// Whether `token` speaks for the same subject as the request's subject token, and, with an actor,
// says who acts (RFC 8693 section 4.1).
absl::Status CheckExchanged(absl::string_view token, const TokenRequest& request);

// Whether the outermost act of `token` has the sub of the actor's token; OK if that cannot be read.
absl::Status CheckActor(absl::string_view token, absl::string_view actor_token);

// Whether `token` was given to that client: its client_id, or azp, and both if it has both.
absl::Status CheckClient(absl::string_view token, absl::string_view client_id);

// Whether `token` is bound to a key or a certificate (cnf, RFC 7800), which whoever it is handed to
// does not have. True for what cannot be read.
bool IsBoundToken(absl::string_view token);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_EXCHANGED_TOKEN_H_
