// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_TOKEN_EXCHANGE_SOURCE_H_
#define LANYARD_SDK_TOKENS_TOKEN_EXCHANGE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/sdk/tokens/oauth_request.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

struct TokenExchangeOptions : OAuthRequestOptions {
  // For delegation: tokens that say who this client is, which the issuer writes into act. The
  // audience that they are asked for is usually the issuer itself. Both or neither.
  std::shared_ptr<TokenSource> actor_source;
  std::string actor_audience;
};

// Tokens that speak for a caller of this client: an issuer gives them for the caller's own (OAuth
// 2.0 Token Exchange, RFC 8693). Everything else is as with ClientCredentialsTokenSource().
//
// An answer is refused unless its token can be read, has the caller's sub, and says by whom it is
// used: with an actor in act (section 4.1), without one as this client in client_id or azp. Its
// chain of actors holds at most four.
absl::StatusOr<std::shared_ptr<TokenSource>> TokenExchangeSource(TokenExchangeOptions options);

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_TOKEN_EXCHANGE_SOURCE_H_
