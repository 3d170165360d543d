// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_OAUTH_REQUEST_H_
#define LANYARD_SDK_TOKENS_OAUTH_REQUEST_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/tokens/oauth_client.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// How an issuer is told whom a token is for. There is no one way.
enum class AudienceAs {
  // The parameter "audience", as Auth0 and others take it (RFC 8693 section 2.1).
  kAudience,
  // The parameter "resource" (RFC 8707): the audience must then be an absolute URI.
  kResource,
  // A scope, made by scope_for_audience.
  kScope,
  // Not at all: the issuer knows it from the client, or extra_parameters say it. One source is then
  // for one audience; ClientAuth still refuses a token that is for somebody else.
  kFixed,
};

// What a token endpoint is asked for, whatever the grant.
struct OAuthRequestOptions {
  // Required.
  OAuthClient client;

  AudienceAs audience_as = AudienceAs::kAudience;

  // For kScope: the scope, with "{audience}" once where the audience goes. "{audience}/.default" is
  // what Microsoft Entra wants.
  std::string scope_for_audience = "{audience}";

  // Asked for whatever the audience.
  std::vector<std::string> scopes;

  // Sent as they are. No secrets, and no names that are reserved: those which the source sends
  // itself, and those of secrets and of other grants.
  std::map<std::string, std::string> extra_parameters;
};

namespace internal {

// Whether all but the client makes sense; the message names the field.
absl::Status CheckOAuthRequest(const OAuthRequestOptions& options, absl::string_view struct_name);

// Adds what `options` and `request` say of audience, scopes and extra parameters. An error for an
// audience or a scope that cannot be sent.
absl::Status AddOAuthRequest(const OAuthRequestOptions& options, const TokenRequest& request,
                             Form* form);

}  // namespace internal
}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_OAUTH_REQUEST_H_
