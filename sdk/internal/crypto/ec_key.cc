// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {
namespace {

// A curve, its one algorithm (RFC 7518 section 3.4), and the length of a coordinate.
struct Curve {
  const char* name;
  int nid;
  Algorithm algorithm;
  size_t bytes;
};
constexpr Curve kCurves[] = {
    {"P-256", NID_X9_62_prime256v1, Algorithm::kEs256, 32},
    {"P-384", NID_secp384r1, Algorithm::kEs384, 48},
    {"P-521", NID_secp521r1, Algorithm::kEs512, 66},
};

class EcKey final : public KeyMaterial {
 public:
  EcKey(bssl::UniquePtr<EVP_PKEY> key, const Curve* curve) : key_(std::move(key)), curve_(curve) {}

  absl::string_view type() const override { return "EC"; }
  absl::string_view curve() const override { return curve_->name; }
  bool has_private() const override { return EC_KEY_get0_private_key(ec()) != nullptr; }
  bool Fits(Algorithm algorithm) const override { return algorithm == curve_->algorithm; }

  bool Verify(Algorithm algorithm, absl::string_view message,
              absl::string_view signature) const override {
    // R||S, each exactly as long as a coordinate: leading zeros belong to it.
    if (!Fits(algorithm) || signature.size() != 2 * curve_->bytes) return false;
    bssl::UniquePtr<ECDSA_SIG> pair(ECDSA_SIG_new());
    bssl::UniquePtr<BIGNUM> r = BignumFrom(signature.substr(0, curve_->bytes));
    bssl::UniquePtr<BIGNUM> s = BignumFrom(signature.substr(curve_->bytes));
    if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
    (void)r.release();
    (void)s.release();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const bool good = EVP_Digest(Bytes(message), message.size(), digest, &size, DigestOf(algorithm),
                                 nullptr) == 1 &&
                      ECDSA_do_verify(digest, size, pair.get(), ec()) == 1;
    if (!good) ERR_clear_error();
    return good;
  }

  // BoringSSL mixes the private key and the message into the nonce's generator, so that a weak
  // random source alone does not give the key away.
  absl::StatusOr<std::string> Sign(Algorithm algorithm, absl::string_view message) const override {
    if (!Fits(algorithm)) {
      return absl::InvalidArgumentError(absl::StrCat("a key on ", curve_->name, " signs ",
                                                     AlgorithmName(curve_->algorithm), ", not ",
                                                     AlgorithmName(algorithm)));
    }
    if (!has_private()) {
      return absl::FailedPreconditionError("signing needs a private key, this one is public");
    }
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bssl::UniquePtr<ECDSA_SIG> pair;
    if (EVP_Digest(Bytes(message), message.size(), digest, &size, DigestOf(algorithm), nullptr) ==
        1) {
      pair.reset(ECDSA_do_sign(digest, size, ec()));
    }
    if (pair == nullptr) {
      ERR_clear_error();
      return absl::InternalError("the ECDSA signature failed");
    }
    const BIGNUM *r, *s;
    ECDSA_SIG_get0(pair.get(), &r, &s);
    return absl::StrCat(BignumBytes(r, curve_->bytes), BignumBytes(s, curve_->bytes));
  }

  Secret CanonicalMembers() const override {
    bssl::UniquePtr<BIGNUM> x(BN_new()), y(BN_new());
    EC_POINT_get_affine_coordinates_GFp(EC_KEY_get0_group(ec()), EC_KEY_get0_public_key(ec()),
                                        x.get(), y.get(), nullptr);
    return Secret(absl::StrCat("\"crv\":\"", curve_->name, "\",\"kty\":\"EC\",\"x\":\"",
                               Base64UrlEncode(BignumBytes(x.get(), curve_->bytes)), "\",\"y\":\"",
                               Base64UrlEncode(BignumBytes(y.get(), curve_->bytes)), "\""));
  }

  Secret PrivateMembers() const override {
    const BIGNUM* d = EC_KEY_get0_private_key(ec());
    if (d == nullptr) return Secret();
    std::string bytes = BignumBytes(d, curve_->bytes);
    ScopedCleanse cleanse_bytes(&bytes);
    std::string encoded = Base64UrlEncode(bytes);
    ScopedCleanse cleanse_encoded(&encoded);
    std::string text = absl::StrCat(",\"d\":\"", encoded, "\"");
    return Secret::Take(text);
  }

  absl::StatusOr<std::string> PublicPem() const override { return PublicPemOf(key_.get()); }
  absl::StatusOr<Secret> PrivatePem() const override {
    if (!has_private()) return absl::FailedPreconditionError("this key has no private half");
    return PrivatePemOf(key_.get());
  }

  std::shared_ptr<const KeyMaterial> PublicHalf() const override {
    bssl::UniquePtr<EC_KEY> half(EC_KEY_new_by_curve_name(curve_->nid));
    EC_KEY_set_public_key(half.get(), EC_KEY_get0_public_key(ec()));
    bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    EVP_PKEY_set1_EC_KEY(key.get(), half.get());
    return std::make_shared<EcKey>(std::move(key), curve_);
  }

 private:
  const EC_KEY* ec() const { return EVP_PKEY_get0_EC_KEY(key_.get()); }

  bssl::UniquePtr<EVP_PKEY> key_;
  const Curve* curve_;
};

}  // namespace

absl::StatusOr<KeyMaterialPtr> MakeEcFromEvp(bssl::UniquePtr<EVP_PKEY> key) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key.get());
  const int nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(ec));
  for (const Curve& curve : kCurves) {
    if (curve.nid != nid) continue;
    if (EC_KEY_check_key(ec) != 1) {
      ERR_clear_error();
      return absl::InvalidArgumentError(
          "this EC key is not valid: the point is not on the curve, or the private half does not "
          "match");
    }
    return std::make_shared<EcKey>(std::move(key), &curve);
  }
  return absl::InvalidArgumentError("an EC key must be on P-256, P-384 or P-521");
}

absl::StatusOr<KeyMaterialPtr> MakeEc(const EcParameters& parameters) {
  for (const Curve& curve : kCurves) {
    if (parameters.curve != curve.name) continue;
    if (parameters.x.size() != curve.bytes || parameters.y.size() != curve.bytes ||
        (!parameters.d.empty() && parameters.d.view().size() != curve.bytes)) {
      return absl::InvalidArgumentError(absl::StrCat("x, y and d of a ", curve.name,
                                                     " key have exactly ", curve.bytes,
                                                     " bytes (RFC 7518 section 6.2)"));
    }
    bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(curve.nid));
    bssl::UniquePtr<BIGNUM> x = BignumFrom(parameters.x), y = BignumFrom(parameters.y);
    bool good = EC_KEY_set_public_key_affine_coordinates(ec.get(), x.get(), y.get()) == 1;
    if (good && !parameters.d.empty()) {
      bssl::UniquePtr<BIGNUM> d = BignumFrom(parameters.d.view());
      good = EC_KEY_set_private_key(ec.get(), d.get()) == 1;
      BN_clear(d.get());
    }
    if (!good) {
      ERR_clear_error();
      return absl::InvalidArgumentError(
          "this EC key is not valid: the point is not on the curve, or d is out of range");
    }
    bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
    EVP_PKEY_set1_EC_KEY(key.get(), ec.get());
    return MakeEcFromEvp(std::move(key));
  }
  return absl::InvalidArgumentError("crv of an EC key must be P-256, P-384 or P-521");
}

}  // namespace lanyard::internal
