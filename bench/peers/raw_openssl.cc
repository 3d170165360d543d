// SPDX-License-Identifier: Apache-2.0
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "peer.h"

namespace peers {
namespace {

template <auto free_it>
struct Free {
  template <typename T>
  void operator()(T* what) const {
    free_it(what);
  }
};
template <typename T, auto free_it>
using Owned = std::unique_ptr<T, Free<free_it>>;

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A context that keeps the key and is begun anew for each message: what OpenSSL 3 spends on finding
// SHA-256 and HMAC by name each time is no part of the limit.
std::function<bool(const SignedBytes&)> Hmac(const std::string& secret) {
  const Owned<EVP_MAC, EVP_MAC_free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const std::shared_ptr<EVP_MAC_CTX> context(EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), Bytes(secret), secret.size(), parameters) != 1) return nullptr;
  return [context](const SignedBytes& token) {
    unsigned char out[EVP_MAX_MD_SIZE];
    size_t size = 0;
    return EVP_MAC_init(context.get(), nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(context.get(), Bytes(token.message), token.message.size()) == 1 &&
           EVP_MAC_final(context.get(), out, &size, sizeof(out)) == 1 &&
           size == token.signature.size() && CRYPTO_memcmp(out, Bytes(token.signature), size) == 0;
  };
}

std::string FromBase64Url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.resize((text.size() + 3) / 4 * 4, '=');
  return FromBase64(text);
}

// JWS has the two numbers one after the other (RFC 7518 section 3.4), OpenSSL takes them as DER.
std::string DerOf(const std::string& signature) {
  const int half = static_cast<int>(signature.size() / 2);
  const Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(Bytes(signature), half, nullptr),
                 BN_bin2bn(Bytes(signature) + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const std::string text(reinterpret_cast<char*>(der), size);
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::string FromBase64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), Bytes(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  // It counts the padding as bytes.
  bytes.resize(size - std::count(text.begin(), text.end(), '='));
  return bytes;
}

std::function<bool(const SignedBytes&)> RawOpenssl(const Expected& expected) {
  if (expected.algorithm == "HS256") return Hmac(expected.key);
  const Owned<BIO, BIO_free> bio(
      BIO_new_mem_buf(expected.key.data(), static_cast<int>(expected.key.size())));
  const std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr),
                                      EVP_PKEY_free);
  if (key == nullptr) return nullptr;
  const EVP_MD* const digest = expected.algorithm == "EdDSA" ? nullptr : EVP_sha256();
  return [key, digest](const SignedBytes& token) {
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), Bytes(token.signature), token.signature.size(),
                            Bytes(token.message), token.message.size()) == 1;
  };
}

SignedBytes BytesOf(const Expected& expected, const std::string& token) {
  const size_t dot = token.rfind('.');
  const std::string signature = FromBase64Url(token.substr(dot + 1));
  return {token.substr(0, dot), expected.algorithm == "ES256" ? DerOf(signature) : signature};
}

}  // namespace peers
