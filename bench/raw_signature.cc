// SPDX-License-Identifier: Apache-2.0
#include "bench/raw_signature.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::bench {
namespace {

using internal::Bytes;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "raw signature check: %s\n", what);
  std::exit(1);
}

std::string Decoded(absl::string_view text) {
  std::string bytes;
  if (!internal::Base64UrlDecode(text, &bytes)) Fail("not base64url");
  return bytes;
}

std::shared_ptr<EVP_PKEY> PublicKeyOf(const Key& key) {
  const auto pem = key.ToPublicPem();
  if (!pem.ok()) Fail("the key has no PEM form");
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  return {PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

std::function<bool()> HmacCheck(const Key& key, Algorithm algorithm, std::string message,
                                std::string tag) {
  const auto document = internal::JsonDocument::ParseObject(*key.ExportPrivateJwk());
  const std::string secret = Decoded(document->root().Find("k")->string());
  return [=] {
    uint8_t made[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(internal::DigestOf(algorithm), secret.data(), secret.size(), Bytes(message),
         message.size(), made, &size);
    return size == tag.size() && CRYPTO_memcmp(made, tag.data(), size) == 0;
  };
}

std::function<bool()> EcdsaCheck(std::shared_ptr<EVP_PKEY> key, Algorithm algorithm,
                                 std::string message, const std::string& signature) {
  const size_t half = signature.size() / 2;
  std::shared_ptr<ECDSA_SIG> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(pair.get(), internal::BignumFrom(signature.substr(0, half)).release(),
                 internal::BignumFrom(signature.substr(half)).release());
  return [=] {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(Bytes(message), message.size(), digest, &size, internal::DigestOf(algorithm),
               nullptr);
    return ECDSA_do_verify(digest, size, pair.get(), EVP_PKEY_get0_EC_KEY(key.get())) == 1;
  };
}

bool IsPss(Algorithm algorithm) {
  return algorithm == Algorithm::kPs256 || algorithm == Algorithm::kPs384 ||
         algorithm == Algorithm::kPs512;
}

}  // namespace

std::function<bool()> RawSignatureCheck(const Key& key, Algorithm algorithm,
                                        absl::string_view token) {
  const size_t dot = token.rfind('.');
  std::string message(token.substr(0, dot));
  std::string signature = Decoded(token.substr(dot + 1));
  if (key.is_hmac()) return HmacCheck(key, algorithm, std::move(message), std::move(signature));
  std::shared_ptr<EVP_PKEY> public_key = PublicKeyOf(key);
  if (key.type() == "EC") {
    return EcdsaCheck(std::move(public_key), algorithm, std::move(message), signature);
  }
  const EVP_MD* digest = key.type() == "RSA" ? internal::DigestOf(algorithm) : nullptr;
  return [=] {
    bssl::ScopedEVP_MD_CTX context;
    EVP_PKEY_CTX* parameters = nullptr;
    return EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, public_key.get()) ==
               1 &&
           (!IsPss(algorithm) ||
            (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, -1) == 1)) &&
           EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                            message.size()) == 1;
  };
}

}  // namespace lanyard::bench
