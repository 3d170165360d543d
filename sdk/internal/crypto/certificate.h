// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_CERTIFICATE_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_CERTIFICATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// OK if `chain_pem` starts with a certificate, every certificate in it parses, and the private key
// in `key_pem` belongs to the first. Failures say which of the two is wrong and how.
absl::Status CheckCertificateAndKey(absl::string_view chain_pem, absl::string_view key_pem);

// OK if `pem` has at least one certificate and every one in it parses.
absl::Status CheckCertificates(absl::string_view pem);

// SHA-256 over the DER of the first certificate in `pem`: x5t#S256 (RFC 8705 section 3.1).
absl::StatusOr<std::string> CertificateSha256(absl::string_view pem);

// When the first certificate in `pem` ends.
absl::StatusOr<absl::Time> CertificateNotAfter(absl::string_view pem);

// What a certificate says, for reports.
struct CertificateFacts {
  absl::Time not_before, not_after;
  // Subject alternative names (RFC 5280 section 4.2.1.6): "DNS:localhost", "IP:127.0.0.1",
  // "URI:spiffe://…". Others are left out.
  std::vector<std::string> names;
  bool is_ca = false;
  // Whether its own key has signed it, and whether that of the one that follows has.
  bool signed_by_itself = false;
  bool signed_by_next = false;
};

// All certificates in `pem`, in their order; errors as CheckCertificates().
absl::StatusOr<std::vector<CertificateFacts>> CertificatesIn(absl::string_view pem);

// A certificate authority for tests, the quickstart and `lanyard dev init`; its key lives only in
// this object.
class ThrowAwayCa {
 public:
  static absl::StatusOr<ThrowAwayCa> Create(absl::string_view common_name);

  struct Pair {
    std::string certificate_pem;
    Secret key_pem;
  };
  // A P-256 certificate for TLS servers and clients, valid from a day ago until `not_after`. Each
  // name becomes a subject alternative name: "DNS:localhost", "IP:127.0.0.1", "URI:spiffe://…".
  absl::StatusOr<Pair> Issue(const std::vector<std::string>& names, absl::Time not_after) const;

  const std::string& certificate_pem() const { return certificate_pem_; }

 private:
  ThrowAwayCa() = default;
  std::string certificate_pem_;
  Secret key_pem_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_CERTIFICATE_H_
