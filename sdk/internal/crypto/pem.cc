// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxPemBytes = 1 << 20;

bssl::UniquePtr<BIO> Memory(absl::string_view text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Refuses to ask for a password on a terminal.
int NoPassword(char*, int, int, void*) { return -1; }

template <typename Write>
bool ToPem(Write write, std::string* out) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (write(bio.get()) != 1 || BIO_mem_contents(bio.get(), &data, &size) != 1) {
    ERR_clear_error();
    return false;
  }
  out->assign(reinterpret_cast<const char*>(data), size);
  Cleanse(const_cast<uint8_t*>(data), size);
  return true;
}

}  // namespace

absl::StatusOr<std::string> PublicPemOf(const EVP_PKEY* key) {
  std::string pem;
  auto write = [key](BIO* bio) { return PEM_write_bio_PUBKEY(bio, const_cast<EVP_PKEY*>(key)); };
  if (!ToPem(write, &pem)) return absl::InternalError("the key could not be written as PEM");
  return pem;
}

absl::StatusOr<Secret> PrivatePemOf(const EVP_PKEY* key) {
  std::string pem;
  auto write = [key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, const_cast<EVP_PKEY*>(key), nullptr, nullptr, 0,
                                         nullptr, nullptr);
  };
  if (!ToPem(write, &pem)) return absl::InternalError("the key could not be written as PEM");
  return Secret::Take(pem);
}

absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> PrivateKeyFromPem(absl::string_view pem) {
  if (pem.size() > kMaxPemBytes) return absl::InvalidArgumentError("more than 1 MiB of PEM");
  if (absl::StrContains(pem, "ENCRYPTED")) {
    return absl::InvalidArgumentError(
        "the private key is encrypted with a password; write it without one and protect the file");
  }
  bssl::UniquePtr<BIO> bio = Memory(pem);
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("no readable private key (PKCS#8, PKCS#1 or SEC1 in PEM)");
  }
  return key;
}

absl::StatusOr<KeyMaterialPtr> KeyFromPem(absl::string_view pem) {
  if (pem.size() > kMaxPemBytes) return absl::InvalidArgumentError("more than 1 MiB of PEM");
  const size_t begin = pem.find("-----BEGIN ");
  if (begin == absl::string_view::npos) {
    return absl::InvalidArgumentError("not PEM: there is no \"-----BEGIN\" line");
  }
  pem.remove_prefix(begin);
  const absl::string_view label = pem.substr(11, pem.find("-----", 11) - 11);
  bssl::UniquePtr<BIO> bio = Memory(pem);
  bssl::UniquePtr<EVP_PKEY> key;
  if (label == "EC PARAMETERS" || absl::EndsWith(label, "PRIVATE KEY")) {
    auto parsed = PrivateKeyFromPem(pem);
    if (!parsed.ok()) return parsed.status();
    key = *std::move(parsed);
  } else if (label == "PUBLIC KEY") {
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  } else if (label == "RSA PUBLIC KEY") {
    bssl::UniquePtr<RSA> rsa(PEM_read_bio_RSAPublicKey(bio.get(), nullptr, NoPassword, nullptr));
    if (rsa != nullptr) {
      key.reset(EVP_PKEY_new());
      EVP_PKEY_set1_RSA(key.get(), rsa.get());
    }
  } else if (label == "CERTIFICATE") {
    bssl::UniquePtr<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (certificate != nullptr) key.reset(X509_get_pubkey(certificate.get()));
  } else {
    return absl::InvalidArgumentError(
        "the PEM block must be PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, RSA "
        "PUBLIC KEY or CERTIFICATE");
  }
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the PEM block does not hold a readable key");
  }
  return MakeFromEvp(std::move(key));
}

}  // namespace lanyard::internal
