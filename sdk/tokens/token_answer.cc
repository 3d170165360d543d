// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/token_answer.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/repeatable.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxCodeBytes = 64;
constexpr size_t kMaxDescriptionBytes = 256;
constexpr char kAccessTokenType[] = "urn:ietf:params:oauth:token-type:access_token";
constexpr char kJwtType[] = "urn:ietf:params:oauth:token-type:jwt";

// The member's text, as far as it may be repeated; empty if there is none.
std::string Said(const JsonValue& root, absl::string_view name, const std::vector<Secret>& secrets,
                 size_t max_bytes) {
  const auto member = root.Find(name);
  if (!member.has_value() || !member->is(JsonValue::Kind::kString)) return "";
  return Repeatable(member->string(), secrets, max_bytes);
}

// ": invalid_client: the endpoint's description", as far as there is such.
std::string ErrorSaid(const JsonValue& root, const std::vector<Secret>& secrets) {
  std::string text;
  const std::string code = Said(root, "error", secrets, kMaxCodeBytes);
  const std::string description = Said(root, "error_description", secrets, kMaxDescriptionBytes);
  if (!code.empty()) absl::StrAppend(&text, ": ", code);
  if (!code.empty() && !description.empty()) absl::StrAppend(&text, ": ", description);
  return text;
}

absl::Status Refused(absl::string_view endpoint, const HttpResponse& response,
                     const std::vector<Secret>& secrets) {
  std::string text =
      absl::StrCat(endpoint, ": the token request was answered with HTTP status ", response.status);
  const auto document = JsonDocument::ParseSecretObject(response.body);
  if (document.ok()) absl::StrAppend(&text, ErrorSaid(document->root(), secrets));
  if (response.status / 100 == 3) absl::StrAppend(&text, "; redirects are not followed");
  const bool transient =
      response.status / 100 == 5 || response.status == 408 || response.status == 429;
  return transient ? absl::UnavailableError(text) : absl::UnauthenticatedError(text);
}

}  // namespace

absl::StatusOr<BearerToken> ReadTokenAnswer(absl::string_view endpoint,
                                            const HttpResponse& response, absl::Time asked_at,
                                            const std::vector<Secret>& secrets) {
  if (response.status != 200) return Refused(endpoint, response, secrets);
  const auto bad = [endpoint](absl::string_view what) {
    return absl::UnauthenticatedError(absl::StrCat(endpoint, ": the token answer ", what));
  };
  const auto document = JsonDocument::ParseSecretObject(response.body);
  if (!document.ok()) {
    return bad(absl::StrCat("is no JSON object: ", document.status().message()));
  }
  const JsonValue root = document->root();
  const auto token = root.Find("access_token");
  if (!token.has_value()) {
    return bad(absl::StrCat("has no access_token", ErrorSaid(root, secrets)));
  }
  if (!token->is(JsonValue::Kind::kString) || !IsBearerToken(token->string())) {
    return bad("has an access_token that is no bearer token (RFC 6750 section 2.1)");
  }
  const auto type = root.Find("token_type");
  if (!type.has_value() || !type->is(JsonValue::Kind::kString)) return bad("has no token_type");
  if (!absl::EqualsIgnoreCase(type->string(), "Bearer")) {
    std::vector<Secret> all = secrets;
    all.emplace_back(token->string());
    const std::string said = Repeatable(type->string(), all, kMaxCodeBytes);
    return bad(said.empty() ? "has a token_type that is not Bearer"
                            : absl::StrCat("has the token_type \"", said, "\", not Bearer"));
  }
  const auto issued = root.Find("issued_token_type");
  if (issued.has_value() &&
      (!issued->is(JsonValue::Kind::kString) ||
       (issued->string() != kAccessTokenType && issued->string() != kJwtType))) {
    return bad("has an issued_token_type that is no access token (RFC 8693 section 3)");
  }
  const auto own_expiry = UnverifiedExpiry(token->string());
  const auto expires_in = root.Find("expires_in");
  if (!expires_in.has_value()) {
    if (!own_expiry.has_value()) {
      return bad("has no expires_in, and its token no exp that can be read");
    }
    return BearerToken(token->string(), *own_expiry);
  }
  if (!expires_in->is(JsonValue::Kind::kInteger) || expires_in->integer() <= 0) {
    return bad("has an expires_in that is no integer above 0");
  }
  // From when it was asked for: the answer may have been under way for long.
  return BearerToken(token->string(), std::min(asked_at + absl::Seconds(expires_in->integer()),
                                               own_expiry.value_or(absl::InfiniteFuture())));
}

}  // namespace lanyard::internal
