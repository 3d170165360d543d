// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/oauth_request.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

constexpr char kPlaceholder[] = "{audience}";
constexpr size_t kShownBytes = 256;

// What sources send themselves, and what belongs to other grants or is secret.
constexpr absl::string_view kReserved[] = {
    "actor_token",
    "actor_token_type",
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "password",
    "refresh_token",
    "requested_token_type",
    "scope",
    "subject_token",
    "subject_token_type",
    "username",
};

// The parameter that carries the audience, if one does.
absl::string_view ParameterOf(AudienceAs audience_as) {
  switch (audience_as) {
    case AudienceAs::kAudience:
      return "audience";
    case AudienceAs::kResource:
      return "resource";
    case AudienceAs::kScope:
    case AudienceAs::kFixed:
      break;
  }
  return "";
}

absl::Status NoScope(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " (RFC 6749 section 3.3): \"", Printable(text, kShownBytes), "\""));
}

}  // namespace

absl::Status CheckOAuthRequest(const OAuthRequestOptions& options, absl::string_view struct_name) {
  const auto bad = [struct_name](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(struct_name, ".", what));
  };
  const std::string& scope = options.scope_for_audience;
  const size_t placeholder = scope.find(kPlaceholder);
  if (placeholder == scope.npos || scope.find(kPlaceholder, placeholder + 1) != scope.npos ||
      !IsScopeToken(scope)) {
    return bad("scope_for_audience must be one scope that holds \"{audience}\" once");
  }
  if (options.audience_as != AudienceAs::kScope && scope != kPlaceholder) {
    return bad("scope_for_audience is only for AudienceAs::kScope");
  }
  for (const std::string& one : options.scopes) {
    if (!IsScopeToken(one)) {
      return bad(absl::StrCat("scopes: \"", Printable(one, kShownBytes),
                              "\" is no scope (RFC 6749 section 3.3)"));
    }
  }
  for (const auto& [name, value] : options.extra_parameters) {
    if (name.empty()) return bad("extra_parameters: a name is empty");
    if (name == ParameterOf(options.audience_as) ||
        std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
      return bad(
          absl::StrCat("extra_parameters: \"", Printable(name, kShownBytes), "\" is reserved"));
    }
  }
  return absl::OkStatus();
}

absl::Status AddOAuthRequest(const OAuthRequestOptions& options, const TokenRequest& request,
                             Form* form) {
  if (request.audience.empty() && options.audience_as != AudienceAs::kFixed) {
    return absl::InvalidArgumentError("a token is asked for without an audience");
  }
  const absl::string_view parameter = ParameterOf(options.audience_as);
  if (!parameter.empty()) form->Add(parameter, request.audience);
  std::vector<std::string> scopes = options.scopes;
  for (const std::string& scope : request.scopes) {
    if (!IsScopeToken(scope)) return NoScope("a scope is asked for that is none", scope);
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
  }
  if (options.audience_as == AudienceAs::kScope) {
    scopes.push_back(
        absl::StrReplaceAll(options.scope_for_audience, {{kPlaceholder, request.audience}}));
    if (!IsScopeToken(scopes.back())) {
      return NoScope("this audience cannot stand in a scope", request.audience);
    }
  }
  if (!scopes.empty()) form->Add("scope", absl::StrJoin(scopes, " "));
  for (const auto& [name, value] : options.extra_parameters) form->Add(name, value);
  return absl::OkStatus();
}

}  // namespace lanyard::internal
