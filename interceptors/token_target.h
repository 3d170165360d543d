// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_TOKEN_TARGET_H_
#define LANYARD_INTERCEPTORS_TOKEN_TARGET_H_

#include <memory>
#include <string>
#include <vector>

#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// Other tokens for some methods of a target. What is left out is as for the rest of the target.
struct MethodTokens {
  // Required: "/shop.Orders/Cancel", or "/shop.Orders/*" for those of a service that have no entry
  // of their own.
  std::string method;

  std::string audience;
  std::shared_ptr<TokenSource> token_source;
  std::vector<std::string> scopes;
};

// Which tokens the calls of a channel take.
struct TokenSettings {
  // Required, or the next: whom the tokens are for, the aud that the server's config lists. A token
  // that is for somebody else is never sent.
  std::string audience;

  // The audience is made of where the call goes: "https://" + authority + "/" + service, without
  // ":443", as gRPC's own call credentials have it ("https://orders.prod:8443/shop.Orders").
  bool audience_from_service_url = false;

  // Required. FileTokenSource(…), SelfSignedTokenSource(…), ClientCredentialsTokenSource(…),
  // or one's own.
  std::shared_ptr<TokenSource> token_source;

  // What the tokens are to allow, where the source can ask for it.
  std::vector<std::string> scopes;

  // For calls on behalf of a caller (lanyard/interceptors/on_behalf_of.h): TokenExchangeSource(…)
  // or one's own. Without it such calls fail.
  std::shared_ptr<TokenSource> exchange_source;

  // Lets OnBehalf::kForward send the caller's own token on, where it is for this target alone: the
  // target can then do what the caller can.
  bool forward_callers_token = false;

  // In any order: the most exact counts.
  std::vector<MethodTokens> methods;
};

// One server, or several alike, and the tokens for it.
struct TokenTarget : TokenSettings {
  // Required. What is given to CreateChannel(), whole ("dns:///orders.prod:8443") or as the
  // authority that gRPC makes of it ("orders.prod:8443"; ":443" may be left out). "*.prod:8443"
  // stands for all names that end so, "*" for all that nothing else matches.
  std::vector<std::string> names;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_TOKEN_TARGET_H_
