// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_H_
#define LANYARD_SDK_KEYS_KEY_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard {

// What a key is published for (RFC 7517 section 4.2). A key is used for nothing else.
enum class KeyUse {
  // "sig", or no use at all.
  kSignature,
  // "jwt-svid": the JWT-SVIDs of a SPIFFE trust domain (SPIFFE Trust Domain and Bundle, 4.2.2).
  kJwtSvid,
};

// A key that signs or verifies tokens: RSA, EC, Ed25519 or an HMAC secret. An immutable value,
// cheap to copy; key bytes are overwritten when the last copy goes.
//
//   absl::StatusOr<lanyard::Key> key = lanyard::Key::FromPem(pem);
//
// Reading checks the key whole (RSA 2048 to 8192 bits, points on the curve, HMAC secrets of at
// least the hash's length: RFC 7518 sections 3.2 to 3.5). Errors never quote key bytes.
//
// Thread-safe.
class Key {
 public:
  // A new private key. RSA keys have `rsa_bits` bits. The id is the key's thumbprint.
  static absl::StatusOr<Key> Generate(Algorithm algorithm, int rsa_bits = 2048);

  // One JSON Web Key, public or private (RFC 7517). `use` other than "sig" and "jwt-svid",
  // `key_ops` that fit neither signing nor verifying, and algorithms that are not for signatures
  // are errors. x5c and the like are ignored.
  static absl::StatusOr<Key> FromJwk(absl::string_view json);

  // PKCS#8, PKCS#1, SEC1, SubjectPublicKeyInfo or an X.509 certificate, whichever comes first.
  static absl::StatusOr<Key> FromPem(absl::string_view pem);

  // An HMAC secret of at least 32 random bytes.
  static absl::StatusOr<Key> FromHmacSecret(absl::string_view bytes);

  // "oct", "RSA", "EC" or "OKP" (RFC 7517 section 4.1).
  absl::string_view type() const { return material_->type(); }
  bool is_hmac() const { return type() == "oct"; }

  // kid; where the key has none of its own, its RFC 7638 thumbprint.
  const std::string& id() const { return id_; }

  // The same for logs and reports, but "no kid" for an HMAC secret without one: its thumbprint
  // would help whoever guesses it.
  std::string PrintableId() const;

  // The one algorithm that this key is for, if it says so (RFC 7517 section 4.4).
  std::optional<Algorithm> algorithm() const { return algorithm_; }

  // Whether the key's type (and curve, and length) allow that algorithm; `algorithm()` counts too.
  bool Fits(Algorithm algorithm) const;

  KeyUse use() const { return use_; }

  // False for a private key whose key_ops says that it only signs (RFC 7517 section 4.3).
  bool may_verify() const { return may_verify_; }

  bool has_private() const { return material_->has_private(); }

  // SHA-256 thumbprint in base64url (RFC 7638). Not for publishing with HMAC keys.
  const std::string& Thumbprint() const { return *thumbprint_; }
  const std::shared_ptr<const std::string>& shared_thumbprint() const { return thumbprint_; }

  // The key without its private half. Error for HMAC secrets, which have no other half.
  absl::StatusOr<Key> PublicHalf() const;

  // A copy with another id, or bound to one algorithm; error if that does not fit.
  absl::StatusOr<Key> WithId(absl::string_view id) const;
  absl::StatusOr<Key> WithAlgorithm(Algorithm algorithm) const;

  // The public half as a JWK or as PEM (SubjectPublicKeyInfo). Errors for HMAC secrets.
  absl::StatusOr<std::string> ToPublicJwk() const;
  absl::StatusOr<std::string> ToPublicPem() const;

  // The private key, in clear. HMAC secrets have no PEM form.
  absl::StatusOr<std::string> ExportPrivateJwk() const;
  absl::StatusOr<std::string> ExportPrivatePem() const;

  // Whether both hold the same key bytes (public ones, where there are such).
  bool SameKeyAs(const Key& other) const { return Thumbprint() == other.Thumbprint(); }

  const internal::KeyMaterial& material() const { return *material_; }

  // For KeySet: the thumbprint of a member of a JWK Set whatever it says that it is for.
  static absl::StatusOr<std::string> ThumbprintOf(const internal::JsonValue& jwk);

  // For KeySet: the same as FromJwk for a member of a JWK Set.
  static absl::StatusOr<Key> FromJwkValue(const internal::JsonValue& jwk);

 private:
  explicit Key(internal::KeyMaterialPtr material);

  internal::KeyMaterialPtr material_;
  std::shared_ptr<const std::string> thumbprint_;
  std::string id_;
  std::optional<Algorithm> algorithm_;
  KeyUse use_ = KeyUse::kSignature;
  bool may_verify_ = true;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_H_
