// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_text.h"

#include "absl/strings/match.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxTokenBytes = 64 * 1024;

std::optional<RegisteredClaims> UnverifiedClaims(absl::string_view token) {
  auto jws = ParseJws(token, kMaxTokenBytes);
  if (!jws.ok()) return std::nullopt;
  auto document = JsonDocument::ParseObject(jws->payload);
  if (!document.ok()) return std::nullopt;
  auto claims = ReadClaims(document->root());
  if (!claims.ok()) return std::nullopt;
  return *std::move(claims);
}

}  // namespace

bool IsBearerToken(absl::string_view text) {
  while (absl::EndsWith(text, "=")) text.remove_suffix(1);
  if (text.empty()) return false;
  for (const char c : text) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
    if (!good) return false;
  }
  return true;
}

std::optional<absl::Time> UnverifiedExpiry(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  return claims.has_value() ? claims->expires_at : std::nullopt;
}

std::optional<std::vector<std::string>> UnverifiedAudiences(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  return claims.has_value() ? claims->audiences : std::nullopt;
}

std::optional<absl::string_view> BearerOf(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "Bearer";
  if (authorization.size() <= kScheme.size() ||
      !absl::EqualsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme) ||
      authorization[kScheme.size()] != ' ') {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  while (absl::StartsWith(authorization, " ")) authorization.remove_prefix(1);
  if (!IsBearerToken(authorization)) return std::nullopt;
  return authorization;
}

}  // namespace lanyard::internal
