// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/oauth_token_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/tokens/token_endpoint.h"

namespace lanyard {
namespace {

constexpr char kPlaceholder[] = "{audience}";
constexpr size_t kShownBytes = 256;

// What this source sends itself, and what belongs to other grants or is secret.
constexpr absl::string_view kReserved[] = {
    "actor_token",
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
    "scope",
    "subject_token",
    "username",
};

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("ClientCredentialsOptions.", what));
}

// RFC 6749 section 3.3.
bool IsScope(absl::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\') return false;
  }
  return !text.empty();
}

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

class ClientCredentials final : public TokenSource {
 public:
  ClientCredentials(ClientCredentialsOptions options,
                    std::unique_ptr<const internal::TokenEndpoint> endpoint)
      : options_(std::move(options)), endpoint_(std::move(endpoint)) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override { done(Ask(request)); }

 private:
  absl::StatusOr<BearerToken> Ask(const TokenRequest& request) const {
    internal::Form form;
    form.Add("grant_type", "client_credentials");
    if (request.audience.empty() && options_.audience_as != AudienceAs::kFixed) {
      return absl::InvalidArgumentError("a token is asked for without an audience");
    }
    const absl::string_view parameter = ParameterOf(options_.audience_as);
    if (!parameter.empty()) form.Add(parameter, request.audience);
    std::vector<std::string> scopes = options_.scopes;
    if (options_.audience_as == AudienceAs::kScope) {
      scopes.push_back(
          absl::StrReplaceAll(options_.scope_for_audience, {{kPlaceholder, request.audience}}));
      if (!IsScope(scopes.back())) {
        return absl::InvalidArgumentError(
            absl::StrCat("this audience cannot stand in a scope (RFC 6749 section 3.3): \"",
                         internal::Printable(request.audience, kShownBytes), "\""));
      }
    }
    if (!scopes.empty()) form.Add("scope", absl::StrJoin(scopes, " "));
    for (const auto& [name, value] : options_.extra_parameters) form.Add(name, value);
    return endpoint_->Ask(std::move(form));
  }

  const ClientCredentialsOptions options_;
  const std::unique_ptr<const internal::TokenEndpoint> endpoint_;
};

absl::Status CheckGrant(const ClientCredentialsOptions& options) {
  const std::string& scope = options.scope_for_audience;
  const size_t placeholder = scope.find(kPlaceholder);
  if (placeholder == scope.npos || scope.find(kPlaceholder, placeholder + 1) != scope.npos ||
      !IsScope(scope)) {
    return Bad("scope_for_audience must be one scope that holds \"{audience}\" once");
  }
  if (options.audience_as != AudienceAs::kScope && scope != kPlaceholder) {
    return Bad("scope_for_audience is only for AudienceAs::kScope");
  }
  for (const std::string& one : options.scopes) {
    if (!IsScope(one)) {
      return Bad(absl::StrCat("scopes: \"", internal::Printable(one, kShownBytes),
                              "\" is no scope (RFC 6749 section 3.3)"));
    }
  }
  for (const auto& [name, value] : options.extra_parameters) {
    if (name.empty()) return Bad("extra_parameters: a name is empty");
    if (name == ParameterOf(options.audience_as) ||
        std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
      return Bad(absl::StrCat("extra_parameters: \"", internal::Printable(name, kShownBytes),
                              "\" is reserved"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> ClientCredentialsTokenSource(
    ClientCredentialsOptions options) {
  if (absl::Status status = CheckGrant(options); !status.ok()) return status;
  auto endpoint = internal::TokenEndpoint::Create(options.client);
  if (!endpoint.ok()) return endpoint.status();
  return std::make_shared<ClientCredentials>(std::move(options), *std::move(endpoint));
}

}  // namespace lanyard
