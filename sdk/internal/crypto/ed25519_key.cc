// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {
namespace {

// The points of small order with the sign bit cleared: a signature under such a key proves nothing.
constexpr uint8_t kSmallOrder[][ED25519_PUBLIC_KEY_LEN] = {
    {0x00},
    {0x01},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

bool IsSmallOrder(const uint8_t (&point)[ED25519_PUBLIC_KEY_LEN]) {
  for (const auto& bad : kSmallOrder) {
    bool same = (point[31] & 0x7f) == bad[31];
    for (int i = 0; i < 31; ++i) same = same && point[i] == bad[i];
    if (same) return true;
  }
  return false;
}

// Whether the bytes are a point (RFC 8032 section 5.1.3): y below p = 2^255 - 19, and
// (y^2 - 1) / (d y^2 + 1) a square. BoringSSL itself looks only when it verifies.
bool IsPoint(const uint8_t (&bytes)[ED25519_PUBLIC_KEY_LEN]) {
  uint8_t big_endian[ED25519_PUBLIC_KEY_LEN];
  for (int i = 0; i < 32; ++i) big_endian[i] = bytes[31 - i];
  big_endian[0] &= 0x7f;
  bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
  bssl::UniquePtr<BIGNUM> p(BN_new()), y(BN_bin2bn(big_endian, 32, nullptr)), u(BN_new()),
      v(BN_new()), d(BN_new()), half(BN_new());
  BN_CTX* c = context.get();
  BN_set_bit(p.get(), 255);
  BN_sub_word(p.get(), 19);
  if (BN_cmp(y.get(), p.get()) >= 0) return false;
  // d = -121665 / 121666.
  BN_set_word(d.get(), 121666);
  if (BN_mod_inverse(d.get(), d.get(), p.get(), c) == nullptr) return false;
  BN_mul_word(d.get(), 121665);
  BN_nnmod(d.get(), d.get(), p.get(), c);
  BN_sub(d.get(), p.get(), d.get());
  BN_mod_sqr(v.get(), y.get(), p.get(), c);
  BN_copy(u.get(), v.get());
  BN_mod_sub(u.get(), u.get(), BN_value_one(), p.get(), c);
  BN_mod_mul(v.get(), v.get(), d.get(), p.get(), c);
  BN_mod_add(v.get(), v.get(), BN_value_one(), p.get(), c);
  // u / v is a square exactly if u * v is one, which Euler's criterion tells.
  BN_mod_mul(u.get(), u.get(), v.get(), p.get(), c);
  if (BN_is_zero(u.get())) return true;
  BN_copy(half.get(), p.get());
  BN_rshift1(half.get(), half.get());
  BN_mod_exp(u.get(), u.get(), half.get(), p.get(), c);
  return BN_is_one(u.get());
}

class Ed25519Key final : public KeyMaterial {
 public:
  explicit Ed25519Key(bssl::UniquePtr<EVP_PKEY> key) : key_(std::move(key)) {
    size_t size = sizeof(public_);
    EVP_PKEY_get_raw_public_key(key_.get(), public_, &size);
    size_t seed = 0;
    has_private_ = EVP_PKEY_get_raw_private_key(key_.get(), nullptr, &seed) == 1;
    ERR_clear_error();
  }

  absl::string_view type() const override { return "OKP"; }
  absl::string_view curve() const override { return "Ed25519"; }
  bool has_private() const override { return has_private_; }
  bool Fits(Algorithm algorithm) const override { return algorithm == Algorithm::kEdDsa; }

  bool Verify(Algorithm algorithm, absl::string_view message,
              absl::string_view signature) const override {
    if (!Fits(algorithm) || signature.size() != ED25519_SIGNATURE_LEN) return false;
    return ED25519_verify(Bytes(message), message.size(), Bytes(signature), public_) == 1;
  }

  absl::StatusOr<std::string> Sign(Algorithm algorithm, absl::string_view message) const override {
    if (!Fits(algorithm)) {
      return absl::InvalidArgumentError(
          absl::StrCat("an Ed25519 key signs EdDSA, not ", AlgorithmName(algorithm)));
    }
    if (!has_private_) {
      return absl::FailedPreconditionError("signing needs a private key, this one is public");
    }
    std::string signature(ED25519_SIGNATURE_LEN, '\0');
    size_t size = signature.size();
    bssl::ScopedEVP_MD_CTX context;
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(&signature[0]), &size,
                       Bytes(message), message.size()) != 1) {
      ERR_clear_error();
      return absl::InternalError("the Ed25519 signature failed");
    }
    return signature;
  }

  Secret CanonicalMembers() const override {
    return Secret(absl::StrCat(
        "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"",
        Base64UrlEncode({reinterpret_cast<const char*>(public_), sizeof(public_)}), "\""));
  }

  Secret PrivateMembers() const override {
    if (!has_private_) return Secret();
    std::string seed(32, '\0');
    ScopedCleanse cleanse_seed(&seed);
    size_t size = seed.size();
    EVP_PKEY_get_raw_private_key(key_.get(), reinterpret_cast<uint8_t*>(&seed[0]), &size);
    std::string encoded = Base64UrlEncode(seed);
    ScopedCleanse cleanse_encoded(&encoded);
    std::string text = absl::StrCat(",\"d\":\"", encoded, "\"");
    return Secret::Take(text);
  }

  absl::StatusOr<std::string> PublicPem() const override { return PublicPemOf(key_.get()); }
  absl::StatusOr<Secret> PrivatePem() const override {
    if (!has_private_) return absl::FailedPreconditionError("this key has no private half");
    return PrivatePemOf(key_.get());
  }

  std::shared_ptr<const KeyMaterial> PublicHalf() const override {
    return std::make_shared<Ed25519Key>(bssl::UniquePtr<EVP_PKEY>(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_, sizeof(public_))));
  }

 private:
  bssl::UniquePtr<EVP_PKEY> key_;
  uint8_t public_[ED25519_PUBLIC_KEY_LEN];
  bool has_private_;
};

}  // namespace

absl::StatusOr<KeyMaterialPtr> MakeEd25519FromEvp(bssl::UniquePtr<EVP_PKEY> key) {
  uint8_t point[ED25519_PUBLIC_KEY_LEN];
  size_t size = sizeof(point);
  if (EVP_PKEY_get_raw_public_key(key.get(), point, &size) != 1 || !IsPoint(point) ||
      IsSmallOrder(point)) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "this Ed25519 key is not valid: not a point of the curve, or one of small order");
  }
  return std::make_shared<Ed25519Key>(std::move(key));
}

absl::StatusOr<KeyMaterialPtr> MakeEd25519(const OkpParameters& parameters) {
  if (parameters.x.size() != 32 || (!parameters.d.empty() && parameters.d.view().size() != 32)) {
    return absl::InvalidArgumentError(
        "x and d of an Ed25519 key have 32 bytes (RFC 8037 section 2)");
  }
  bssl::UniquePtr<EVP_PKEY> key;
  if (parameters.d.empty()) {
    key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(parameters.x), 32));
  } else {
    key.reset(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(parameters.d.view()), 32));
    uint8_t point[32];
    size_t size = sizeof(point);
    if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), point, &size) != 1 ||
        CRYPTO_memcmp(point, parameters.x.data(), 32) != 0) {
      ERR_clear_error();
      return absl::InvalidArgumentError("the private half of this Ed25519 key does not match x");
    }
  }
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("this Ed25519 key is not valid");
  }
  return MakeEd25519FromEvp(std::move(key));
}

}  // namespace lanyard::internal
