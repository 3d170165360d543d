// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_H_

// Only the files of this folder include openssl/*, all through this header. Debian's OpenSSL
// headers stand in the system's include path, where Bazel cannot see them; this stops a build that
// finds those instead.
#include <openssl/base.h>
#ifndef OPENSSL_IS_BORINGSSL
#error "openssl/base.h is not BoringSSL's: depend on @boringssl//:crypto"
#endif

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {

inline const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// The hash of an algorithm; null for EdDSA.
const EVP_MD* DigestOf(Algorithm algorithm);

// Wraps a parsed key of any supported type, after checking it.
absl::StatusOr<KeyMaterialPtr> MakeFromEvp(bssl::UniquePtr<EVP_PKEY> key);
absl::StatusOr<KeyMaterialPtr> MakeRsaFromEvp(bssl::UniquePtr<EVP_PKEY> key);
absl::StatusOr<KeyMaterialPtr> MakeEcFromEvp(bssl::UniquePtr<EVP_PKEY> key);
absl::StatusOr<KeyMaterialPtr> MakeEd25519FromEvp(bssl::UniquePtr<EVP_PKEY> key);

absl::StatusOr<std::string> PublicPemOf(const EVP_PKEY* key);
absl::StatusOr<Secret> PrivatePemOf(const EVP_PKEY* key);

// Reads the private key in a PEM text.
absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> PrivateKeyFromPem(absl::string_view pem);

// Big-endian bytes of a number: as many as it needs, or exactly `size`.
std::string BignumBytes(const BIGNUM* number);
std::string BignumBytes(const BIGNUM* number, size_t size);
bssl::UniquePtr<BIGNUM> BignumFrom(absl::string_view bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_H_
