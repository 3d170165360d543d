// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_KEY_MATERIAL_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_KEY_MATERIAL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// The members of a JWK (RFC 7518 section 6, RFC 8037 section 2), decoded from base64url.
// Private members are empty for a public key.
struct RsaParameters {
  std::string n, e;
  Secret d, p, q, dp, dq, qi;
};
struct EcParameters {
  std::string curve;  // "P-256", "P-384" or "P-521".
  std::string x, y;   // Exactly the curve's length.
  Secret d;
};
struct OkpParameters {
  std::string x;
  Secret d;  // The 32-byte seed.
};

// One key of one type, immutable. The type decides the code that runs: RSA bytes cannot reach the
// HMAC code, because only an HMAC key has it. Thread-safe.
class KeyMaterial {
 public:
  virtual ~KeyMaterial() = default;

  // "oct", "RSA", "EC" or "OKP" (RFC 7517 section 4.1).
  virtual absl::string_view type() const = 0;
  // "P-256", … for EC, "Ed25519" for OKP, else empty.
  virtual absl::string_view curve() const { return {}; }

  // Whether this key can be used with that algorithm at all.
  virtual bool Fits(Algorithm algorithm) const = 0;
  virtual bool has_private() const = 0;

  // False for any signature but the right one over `message`, for an algorithm that does not fit,
  // and, before any arithmetic, for a signature of the wrong length.
  virtual bool Verify(Algorithm algorithm, absl::string_view message,
                      absl::string_view signature) const = 0;

  // The JWS signature: R||S for ECDSA (RFC 7518 section 3.4), full tags for HMAC.
  virtual absl::StatusOr<std::string> Sign(Algorithm algorithm,
                                           absl::string_view message) const = 0;

  // The required public members for a JWK, as `"kty":…,…` in the order of RFC 7638 section 3.2,
  // without braces; for an HMAC key they hold the secret. The thumbprint is taken over it.
  virtual Secret CanonicalMembers() const = 0;
  // The private members of a JWK as `,"d":…`; empty where there are none.
  virtual Secret PrivateMembers() const { return Secret(); }

  // SubjectPublicKeyInfo and PKCS#8 as PEM; errors for HMAC keys and for missing private halves.
  virtual absl::StatusOr<std::string> PublicPem() const = 0;
  virtual absl::StatusOr<Secret> PrivatePem() const = 0;

  // The same key without its private half; null for HMAC keys, which have no other half.
  virtual std::shared_ptr<const KeyMaterial> PublicHalf() const = 0;
};

using KeyMaterialPtr = std::shared_ptr<const KeyMaterial>;

// Each checks the key whole: sizes, exponents, points on the curve, private half matching public.
// Failures say what is wrong and what would be right, never a part of the key.
absl::StatusOr<KeyMaterialPtr> MakeHmac(Secret secret);
absl::StatusOr<KeyMaterialPtr> MakeRsa(const RsaParameters& parameters);
absl::StatusOr<KeyMaterialPtr> MakeEc(const EcParameters& parameters);
absl::StatusOr<KeyMaterialPtr> MakeEd25519(const OkpParameters& parameters);

// A new key for that algorithm: RSA of `rsa_bits`, HMAC of the hash's length.
absl::StatusOr<KeyMaterialPtr> GenerateKey(Algorithm algorithm, int rsa_bits);

// Reads the first key in a PEM text: PKCS#8 (not encrypted), PKCS#1, SEC1, SubjectPublicKeyInfo or
// an X.509 certificate, whose public key it takes without judging the certificate.
absl::StatusOr<KeyMaterialPtr> KeyFromPem(absl::string_view pem);

// The smallest HMAC secret for that algorithm, in bytes (RFC 7518 section 3.2).
size_t HmacMinimumBytes(Algorithm algorithm);

std::string Sha256(absl::string_view bytes);

// SHA-256 of what comes in pieces, without a copy of them. Each is hashed with its length before
// it, so that different pieces give different digests, even where they read the same in a row.
class PiecewiseSha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  PiecewiseSha256();
  void Add(absl::string_view piece);
  Digest Finish();  // Once; nothing may be added afterwards.

 private:
  alignas(uint64_t) std::array<uint8_t, 112> context_;  // The library's, whose header stays inside.
};

// Bytes from the system's cryptographic generator.
std::string RandomBytes(size_t count);

// Compares without a time that depends on the contents.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

// What the crypto library calls itself, for `lanyard version`.
std::string CryptoLibraryVersion();

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_KEY_MATERIAL_H_
