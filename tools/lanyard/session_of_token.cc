// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/session_of_token.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/issuer/refresh_token.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::tools {
namespace {

using internal::JsonDocument;
using internal::JsonValue;

constexpr size_t kMaxSecretBytes = 64 * 1024;

absl::Status NoToken(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--token: ", why));
}

absl::StatusOr<TokenOrigin> OriginOfRefreshToken(absl::string_view token,
                                                 const v1::IssuerConfig& config) {
  if (!config.has_sign_in()) return NoToken("no access token, and the config has no sign_in");
  auto secret = internal::ReadPrivateFile(config.sign_in().session_secret_file(), kMaxSecretBytes);
  if (!secret.ok()) {
    return absl::Status(secret.status().code(),
                        absl::StrCat("sign_in.session_secret_file, which tells refresh tokens from "
                                     "other texts: ",
                                     secret.status().message()));
  }
  const auto tokens = internal::RefreshTokens::Create(*std::move(secret));
  if (!tokens.ok()) {
    return absl::Status(tokens.status().code(),
                        absl::StrCat("sign_in.session_secret_file: ", tokens.status().message()));
  }
  const std::optional<internal::RefreshToken> read = (*tokens)->Read(token);
  if (!read.has_value())
    return NoToken("neither an access token nor a refresh token of the issuer");
  return TokenOrigin{internal::Base64UrlEncode(read->session_id), "", ""};
}

std::string TextOf(const JsonValue& claims, absl::string_view name) {
  const auto claim = claims.Find(name);
  if (!claim.has_value() || !claim->is(JsonValue::Kind::kString)) return "";
  return std::string(claim->string());
}

}  // namespace

absl::StatusOr<TokenOrigin> OriginOf(absl::string_view token, const v1::IssuerConfig& config) {
  if (!absl::StrContains(token, '.')) return OriginOfRefreshToken(token, config);
  const std::vector<absl::string_view> segments = absl::StrSplit(token, absl::MaxSplits('.', 3));
  std::string json;
  if (segments.size() != 3 || !internal::Base64UrlDecode(segments[1], &json)) {
    return NoToken("not a JWT: three segments of base64url with a dot between each");
  }
  const auto claims = JsonDocument::ParseObject(json);
  if (!claims.ok()) return NoToken(absl::StrCat("claims: ", claims.status().message()));
  const std::string issuer = TextOf(claims->root(), "iss");
  if (issuer != config.issuer()) {
    return NoToken(absl::StrCat("of the issuer \"", internal::Printable(issuer, 200),
                                "\", and the config is that of \"", config.issuer(), "\""));
  }
  TokenOrigin origin{TextOf(claims->root(), "sid"), TextOf(claims->root(), "jti"),
                     TextOf(claims->root(), "sub")};
  if (origin.session_id.empty() && origin.token_id.empty()) {
    return NoToken("it has neither sid nor jti, so nothing can be said about it alone");
  }
  return origin;
}

}  // namespace lanyard::tools
