// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/key_material.h"

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {

const EVP_MD* DigestOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs256:
    case Algorithm::kRs256:
    case Algorithm::kPs256:
    case Algorithm::kEs256:
      return EVP_sha256();
    case Algorithm::kHs384:
    case Algorithm::kRs384:
    case Algorithm::kPs384:
    case Algorithm::kEs384:
      return EVP_sha384();
    case Algorithm::kHs512:
    case Algorithm::kRs512:
    case Algorithm::kPs512:
    case Algorithm::kEs512:
      return EVP_sha512();
    case Algorithm::kEdDsa:
      return nullptr;
  }
  return nullptr;
}

absl::StatusOr<KeyMaterialPtr> MakeFromEvp(bssl::UniquePtr<EVP_PKEY> key) {
  switch (EVP_PKEY_id(key.get())) {
    case EVP_PKEY_RSA:
      return MakeRsaFromEvp(std::move(key));
    case EVP_PKEY_EC:
      return MakeEcFromEvp(std::move(key));
    case EVP_PKEY_ED25519:
      return MakeEd25519FromEvp(std::move(key));
    default:
      return absl::InvalidArgumentError("a key must be RSA, EC (P-256, P-384, P-521) or Ed25519");
  }
}

absl::StatusOr<KeyMaterialPtr> GenerateKey(Algorithm algorithm, int rsa_bits) {
  if (IsHmac(algorithm)) {
    std::string bytes = RandomBytes(HmacMinimumBytes(algorithm));
    return MakeHmac(Secret::Take(bytes));
  }
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  switch (algorithm) {
    case Algorithm::kEs256:
    case Algorithm::kEs384:
    case Algorithm::kEs512: {
      const int nid = algorithm == Algorithm::kEs256   ? NID_X9_62_prime256v1
                      : algorithm == Algorithm::kEs384 ? NID_secp384r1
                                                       : NID_secp521r1;
      bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(nid));
      if (EC_KEY_generate_key(ec.get()) != 1) return absl::InternalError("no EC key was made");
      EVP_PKEY_set1_EC_KEY(key.get(), ec.get());
      break;
    }
    case Algorithm::kEdDsa: {
      std::string seed = RandomBytes(32);
      ScopedCleanse cleanse(&seed);
      key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), 32));
      break;
    }
    default: {
      if (rsa_bits < 2048 || rsa_bits > 8192 || rsa_bits % 8 != 0) {
        return absl::InvalidArgumentError("RSA keys have 2048 to 8192 bits, a multiple of 8");
      }
      bssl::UniquePtr<RSA> rsa(RSA_new());
      bssl::UniquePtr<BIGNUM> e(BN_new());
      BN_set_word(e.get(), RSA_F4);
      if (RSA_generate_key_ex(rsa.get(), rsa_bits, e.get(), nullptr) != 1) {
        return absl::InternalError("no RSA key was made");
      }
      EVP_PKEY_set1_RSA(key.get(), rsa.get());
    }
  }
  return MakeFromEvp(std::move(key));
}

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(bytes), bytes.size(), reinterpret_cast<uint8_t*>(&digest[0]));
  return digest;
}

PiecewiseSha256::PiecewiseSha256() {
  static_assert(sizeof(context_) >= sizeof(SHA256_CTX) && alignof(uint64_t) >= alignof(SHA256_CTX));
  SHA256_Init(new (context_.data()) SHA256_CTX);
}

void PiecewiseSha256::Add(absl::string_view piece) {
  auto* context = reinterpret_cast<SHA256_CTX*>(context_.data());
  const uint64_t size = piece.size();
  SHA256_Update(context, &size, sizeof(size));
  SHA256_Update(context, piece.data(), piece.size());
}

PiecewiseSha256::Digest PiecewiseSha256::Finish() {
  Digest digest;
  SHA256_Final(digest.data(), reinterpret_cast<SHA256_CTX*>(context_.data()));
  return digest;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  RAND_bytes(reinterpret_cast<uint8_t*>(&bytes[0]), count);  // Aborts rather than fail.
  return bytes;
}

bool ConstantTimeEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string CryptoLibraryVersion() {
  return absl::StrCat("BoringSSL (API ", BORINGSSL_API_VERSION, ")");
}

std::string BignumBytes(const BIGNUM* number) { return BignumBytes(number, BN_num_bytes(number)); }

std::string BignumBytes(const BIGNUM* number, size_t size) {
  std::string bytes(size, '\0');
  BN_bn2bin_padded(reinterpret_cast<uint8_t*>(&bytes[0]), size, number);
  return bytes;
}

bssl::UniquePtr<BIGNUM> BignumFrom(absl::string_view bytes) {
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(Bytes(bytes), bytes.size(), nullptr));
}

}  // namespace lanyard::internal
