// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REFRESH_TOKEN_H_
#define LANYARD_ISSUER_REFRESH_TOKEN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// One refresh token, taken apart: of which session, the how manieth, and 256 bits that nobody can
// guess. Its text is base64url; to everybody but the issuer it is opaque.
struct RefreshToken {
  std::string session_id;  // 16 bytes.
  uint32_t generation = 0;
  Secret secret;  // 32 bytes.
};

// Makes refresh tokens. The next one follows from the one before and a secret of the issuer, so
// that it can be given again though only hashes are kept. Each carries a tag, by which one that was
// spent long ago is told from one that was made up. Thread-safe.
class RefreshTokens {
 public:
  // INVALID_ARGUMENT unless the secret has 32 bytes at least.
  static absl::StatusOr<std::unique_ptr<RefreshTokens>> Create(Secret issuer_secret);

  // The first one of a session.
  RefreshToken Begin(absl::string_view session_id) const;

  // The one that `token` is exchanged for: always the same.
  RefreshToken Next(const RefreshToken& token) const;

  std::string TextOf(const RefreshToken& token) const;

  // None for whatever is no token of this issuer.
  std::optional<RefreshToken> Read(absl::string_view text) const;

 private:
  explicit RefreshTokens(KeyMaterialPtr key) : key_(std::move(key)) {}
  Secret Hmac(absl::string_view purpose, const RefreshToken& token) const;

  const KeyMaterialPtr key_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REFRESH_TOKEN_H_
