// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/certificate.h"

#include <arpa/inet.h>

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {
namespace {

absl::StatusOr<std::vector<bssl::UniquePtr<X509>>> ParseAll(absl::string_view pem) {
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<bssl::UniquePtr<X509>> certificates;
  for (;;) {
    bssl::UniquePtr<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    certificates.push_back(std::move(next));
  }
  const uint32_t error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", certificates.size() + 1, " of the PEM text does not parse"));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError("there is no certificate (\"-----BEGIN CERTIFICATE-----\")");
  }
  return certificates;
}

template <typename T, typename Write>
std::string ToPem(T* object, Write write) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  const uint8_t* data = nullptr;
  size_t size = 0;
  write(bio.get(), object);
  BIO_mem_contents(bio.get(), &data, &size);
  return std::string(reinterpret_cast<const char*>(data), size);
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, const_cast<char*>(value.c_str())));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bssl::UniquePtr<X509> NewCertificate(EVP_PKEY* key, absl::string_view common_name,
                                     const X509_NAME* issuer, absl::Time not_after) {
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  bssl::UniquePtr<BIGNUM> serial = BignumFrom(RandomBytes(16));
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                absl::ToTimeT(absl::Now() - absl::Hours(24)));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(not_after));
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                             const_cast<uint8_t*>(Bytes(common_name)),
                             static_cast<int>(common_name.size()), -1, 0);
  X509_set_issuer_name(certificate.get(),
                       const_cast<X509_NAME*>(issuer == nullptr ? subject : issuer));
  return certificate;
}

bssl::UniquePtr<EVP_PKEY> NewP256() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (EC_KEY_generate_key(ec.get()) != 1) return nullptr;
  EVP_PKEY_set1_EC_KEY(key.get(), ec.get());
  return key;
}

std::optional<absl::Time> TimeOf(const ASN1_TIME* time) {
  const bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (epoch == nullptr || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) == 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  return absl::UnixEpoch() + absl::Hours(24) * days + absl::Seconds(seconds);
}

bool IsSignedBy(X509* certificate, X509* by) {
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(by));
  const bool is = key != nullptr && X509_verify(certificate, key.get()) == 1;
  ERR_clear_error();
  return is;
}

// "IP:127.0.0.1", by the bytes of an iPAddress.
std::string AddressName(const ASN1_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  char text[INET6_ADDRSTRLEN] = "";
  if ((size != 4 && size != 16) ||
      inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof(text)) ==
          nullptr) {
    return "";
  }
  return absl::StrCat("IP:", text);
}

std::vector<std::string> NamesOf(const X509* certificate) {
  const bssl::UniquePtr<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  std::vector<std::string> names;
  if (all == nullptr) return names;
  for (size_t i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if (type == GEN_IPADD) {
      names.push_back(AddressName(text));
    } else if (type == GEN_DNS || type == GEN_URI) {
      names.push_back(
          absl::StrCat(type == GEN_DNS ? "DNS:" : "URI:",
                       absl::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                         static_cast<size_t>(ASN1_STRING_length(text)))));
    }
  }
  return names;
}

// Null if there is none that parses.
bssl::UniquePtr<X509> FirstCertificate(absl::string_view pem) {
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return bssl::UniquePtr<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace

absl::Status CheckCertificates(absl::string_view pem) { return ParseAll(pem).status(); }

absl::Status CheckCertificateAndKey(absl::string_view chain_pem, absl::string_view key_pem) {
  auto chain = ParseAll(chain_pem);
  if (!chain.ok()) return chain.status();
  auto key = PrivateKeyFromPem(key_pem);
  if (!key.ok()) return key.status();
  bssl::UniquePtr<EVP_PKEY> certified(X509_get_pubkey(chain->front().get()));
  if (certified == nullptr || EVP_PKEY_cmp(certified.get(), key->get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the private key does not belong to the first certificate of the chain");
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> CertificateNotAfter(absl::string_view pem) {
  const bssl::UniquePtr<X509> certificate = FirstCertificate(pem);
  ERR_clear_error();
  const auto not_after =
      certificate == nullptr ? std::nullopt : TimeOf(X509_get0_notAfter(certificate.get()));
  if (not_after.has_value()) return *not_after;
  return absl::InvalidArgumentError("not a certificate in PEM");
}

absl::StatusOr<std::vector<CertificateFacts>> CertificatesIn(absl::string_view pem) {
  const auto certificates = ParseAll(pem);
  if (!certificates.ok()) return certificates.status();
  std::vector<CertificateFacts> all;
  for (size_t i = 0; i < certificates->size(); ++i) {
    X509* const certificate = (*certificates)[i].get();
    const auto not_before = TimeOf(X509_get0_notBefore(certificate));
    const auto not_after = TimeOf(X509_get0_notAfter(certificate));
    if (!not_before.has_value() || !not_after.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate ", i + 1, " of the PEM text has no readable dates"));
    }
    CertificateFacts facts;
    facts.not_before = *not_before;
    facts.not_after = *not_after;
    facts.names = NamesOf(certificate);
    facts.is_ca = X509_check_ca(certificate) != 0;
    facts.signed_by_itself = IsSignedBy(certificate, certificate);
    facts.signed_by_next =
        i + 1 < certificates->size() && IsSignedBy(certificate, (*certificates)[i + 1].get());
    all.push_back(std::move(facts));
  }
  return all;
}

absl::StatusOr<std::string> CertificateSha256(absl::string_view pem) {
  const bssl::UniquePtr<X509> certificate = FirstCertificate(pem);
  uint8_t* der = nullptr;
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate.get(), &der);
  if (size < 0) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not a certificate in PEM");
  }
  bssl::UniquePtr<uint8_t> owner(der);
  return Sha256({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
}

absl::StatusOr<ThrowAwayCa> ThrowAwayCa::Create(absl::string_view common_name) {
  bssl::UniquePtr<EVP_PKEY> key = NewP256();
  if (key == nullptr) return absl::InternalError("no key was made for the CA");
  bssl::UniquePtr<X509> root =
      NewCertificate(key.get(), common_name, nullptr, absl::Now() + absl::Hours(24 * 365));
  if (!AddExtension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE") ||
      !AddExtension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      X509_sign(root.get(), key.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return absl::InternalError("the CA's certificate could not be made");
  }
  ThrowAwayCa ca;
  ca.certificate_pem_ = ToPem(root.get(), PEM_write_bio_X509);
  auto pem = PrivatePemOf(key.get());
  if (!pem.ok()) return pem.status();
  ca.key_pem_ = *std::move(pem);
  return ca;
}

absl::StatusOr<ThrowAwayCa::Pair> ThrowAwayCa::Issue(const std::vector<std::string>& names,
                                                     absl::Time not_after) const {
  auto root = ParseAll(certificate_pem_);
  auto root_key = PrivateKeyFromPem(key_pem_.view());
  if (!root.ok()) return root.status();
  if (!root_key.ok()) return root_key.status();
  X509* issuer = root->front().get();
  bssl::UniquePtr<EVP_PKEY> key = NewP256();
  if (key == nullptr) return absl::InternalError("no key was made");
  bssl::UniquePtr<X509> certificate =
      NewCertificate(key.get(), "throw-away", X509_get_subject_name(issuer), not_after);
  if (!AddExtension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(certificate.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth") ||
      !AddExtension(certificate.get(), issuer, NID_subject_alt_name, absl::StrJoin(names, ",")) ||
      X509_sign(certificate.get(), root_key->get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "a certificate could not be made; names are written DNS:…, IP:… or URI:…");
  }
  Pair pair;
  pair.certificate_pem = ToPem(certificate.get(), PEM_write_bio_X509);
  auto pem = PrivatePemOf(key.get());
  if (!pem.ok()) return pem.status();
  pair.key_pem = *std::move(pem);
  return pair;
}

}  // namespace lanyard::internal
