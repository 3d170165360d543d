// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CLIENT_AUTHENTICATION_H_
#define LANYARD_SDK_TOKENS_CLIENT_AUTHENTICATION_H_

#include <vector>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/tokens/oauth_client.h"

namespace lanyard::internal {

// Puts what proves the client's identity into a request to its issuer: reads the files, and signs
// an assertion where a key is the proof. All that is secret in it is added to `secrets`.
//
// Errors name the field and the file: UNAVAILABLE for a file that cannot be read, UNAUTHENTICATED
// for one that does not hold what it should.
absl::Status AuthenticateClient(const OAuthClient& client, Form* form, HttpRequest* request,
                                std::vector<Secret>* secrets);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_CLIENT_AUTHENTICATION_H_
