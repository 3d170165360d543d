// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/refresh_token.h"

#include <utility>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/base64url.h"

namespace lanyard::internal {
namespace {

constexpr size_t kSessionBytes = 16, kGenerationBytes = 4, kSecretBytes = 32, kTagBytes = 16;
constexpr size_t kTokenBytes = kSessionBytes + kGenerationBytes + kSecretBytes + kTagBytes;

std::string BigEndian(uint32_t value) {
  std::string bytes(kGenerationBytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

uint32_t FromBigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// Session, generation and secret.
std::string BytesOf(const RefreshToken& token) {
  std::string bytes = token.session_id;
  bytes += BigEndian(token.generation);
  bytes.append(token.secret.view().data(), token.secret.view().size());
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RefreshTokens>> RefreshTokens::Create(Secret issuer_secret) {
  if (issuer_secret.view().size() < kSecretBytes) {
    return absl::InvalidArgumentError("needs at least 32 random bytes");
  }
  auto key = MakeHmac(std::move(issuer_secret));
  if (!key.ok()) return key.status();
  return std::unique_ptr<RefreshTokens>(new RefreshTokens(*std::move(key)));
}

Secret RefreshTokens::Hmac(absl::string_view purpose, const RefreshToken& token) const {
  std::string message(purpose);
  message.push_back('\0');
  message += BytesOf(token);
  const ScopedCleanse cleanse(&message);
  auto tag = key_->Sign(Algorithm::kHs256, message);  // Cannot fail: the key is long enough.
  return tag.ok() ? Secret::Take(*tag) : Secret();
}

RefreshToken RefreshTokens::Begin(absl::string_view session_id) const {
  std::string secret = RandomBytes(kSecretBytes);
  return {std::string(session_id), 0, Secret::Take(secret)};
}

RefreshToken RefreshTokens::Next(const RefreshToken& token) const {
  return {token.session_id, token.generation + 1, Hmac("lanyard refresh token: next", token)};
}

std::string RefreshTokens::TextOf(const RefreshToken& token) const {
  std::string bytes = BytesOf(token);
  const ScopedCleanse cleanse(&bytes);
  const Secret tag = Hmac("lanyard refresh token: tag", token);
  bytes.append(tag.view().data(), kTagBytes);
  return Base64UrlEncode(bytes);
}

std::optional<RefreshToken> RefreshTokens::Read(absl::string_view text) const {
  std::string bytes;
  // Its length first: nothing longer is decoded.
  if (text.size() != (kTokenBytes * 8 + 5) / 6 || !Base64UrlDecode(text, &bytes) ||
      bytes.size() != kTokenBytes) {
    return std::nullopt;
  }
  const ScopedCleanse cleanse(&bytes);
  const absl::string_view view = bytes;
  RefreshToken token;
  token.session_id = std::string(view.substr(0, kSessionBytes));
  token.generation = FromBigEndian(view.substr(kSessionBytes, kGenerationBytes));
  token.secret = Secret(view.substr(kSessionBytes + kGenerationBytes, kSecretBytes));
  const Secret tag = Hmac("lanyard refresh token: tag", token);
  if (!ConstantTimeEquals(tag.view().substr(0, kTagBytes), view.substr(kTokenBytes - kTagBytes))) {
    return std::nullopt;
  }
  return token;
}

}  // namespace lanyard::internal
