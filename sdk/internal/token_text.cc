// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_text.h"

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/base64url.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxTokenBytes = 64 * 1024;

// Whether a signature of that algorithm may have so many bytes (RFC 7518 section 3, RFC 8037).
bool MayHaveBytes(Algorithm algorithm, size_t bytes) {
  switch (algorithm) {
    case Algorithm::kHs256:
      return bytes == 32;
    case Algorithm::kHs384:
      return bytes == 48;
    case Algorithm::kHs512:
      return bytes == 64;
    case Algorithm::kEs256:
      return bytes == 64;
    case Algorithm::kEs384:
      return bytes == 96;
    case Algorithm::kEs512:
      return bytes == 132;
    case Algorithm::kEdDsa:
      return bytes == 64 || bytes == 114;  // The latter with Ed448.
    case Algorithm::kRs256:
    case Algorithm::kRs384:
    case Algorithm::kRs512:
    case Algorithm::kPs256:
    case Algorithm::kPs384:
    case Algorithm::kPs512:
      break;
  }
  // As many as the modulus, of 2048 bits or more, and in practice a multiple of 128 bits.
  return bytes >= 256 && bytes % 16 == 0;
}

// Which bytes a b64token has before its padding. A table, since every call asks for every byte.
constexpr std::array<bool, 256> kBearerBytes = [] {
  std::array<bool, 256> good{};
  for (const char c : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
    good[static_cast<unsigned char>(c)] = c != '\0';
  }
  return good;
}();

}  // namespace

bool IsScopeToken(absl::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\') return false;
  }
  return !text.empty();
}

// Only the second segment is looked at.
absl::StatusOr<JsonDocument> UnverifiedClaims(absl::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? first : token.find('.', first + 1);
  std::string payload;
  if (second == token.npos || token.size() > kMaxTokenBytes ||
      !Base64UrlDecode(token.substr(first + 1, second - first - 1), &payload)) {
    return absl::InvalidArgumentError("not a JWT");
  }
  return JsonDocument::ParseObject(payload);
}

bool IsBearerToken(absl::string_view text) {
  while (absl::EndsWith(text, "=")) text.remove_suffix(1);
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kBearerBytes[static_cast<unsigned char>(c)]; });
}

std::optional<absl::Time> UnverifiedExpiry(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  if (!claims.ok()) return std::nullopt;
  const auto expiry = claims->root().Find("exp");
  if (!expiry.has_value()) return std::nullopt;
  if (expiry->is(JsonValue::Kind::kInteger)) return absl::FromUnixSeconds(expiry->integer());
  if (expiry->is(JsonValue::Kind::kDouble)) {
    return absl::UnixEpoch() + absl::Seconds(expiry->number());
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> UnverifiedAudiences(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  if (!claims.ok()) return std::nullopt;
  std::vector<std::string> audiences;
  const auto audience = claims->root().Find("aud");
  if (!audience.has_value()) return audiences;
  if (audience->is(JsonValue::Kind::kString)) audiences.emplace_back(audience->string());
  if (audience->is(JsonValue::Kind::kArray)) {
    for (const JsonValue one : *audience) {
      if (one.is(JsonValue::Kind::kString)) audiences.emplace_back(one.string());
    }
  }
  return audiences;
}

std::optional<std::string> UnverifiedSubject(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  if (!claims.ok()) return std::nullopt;
  const auto subject = claims->root().Find("sub");
  if (!subject.has_value() || !subject->is(JsonValue::Kind::kString)) return std::nullopt;
  return std::string(subject->string());
}

bool IsCutShort(absl::string_view token) {
  const size_t first = token.find('.');
  std::string header, signature;
  if (first == token.npos || token.size() > kMaxTokenBytes ||
      !Base64UrlDecode(token.substr(0, first), &header)) {
    return false;
  }
  const auto document = JsonDocument::ParseObject(header);
  if (!document.ok() || document->root().Find("enc").has_value()) return false;
  const auto alg = document->root().Find("alg");
  if (!alg.has_value() || !alg->is(JsonValue::Kind::kString)) return false;
  const size_t second = token.find('.', first + 1);
  if (second == token.npos || !UnverifiedClaims(token).ok() ||
      !Base64UrlDecode(token.substr(second + 1), &signature)) {
    return true;
  }
  const auto algorithm = AlgorithmFromName(alg->string());
  return algorithm.has_value() && !MayHaveBytes(*algorithm, signature.size());
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
