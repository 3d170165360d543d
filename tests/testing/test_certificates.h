// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_TEST_CERTIFICATES_H_
#define LANYARD_TESTS_TESTING_TEST_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/tls.h"

namespace lanyard::testing {

// A throw-away certificate authority and what it has signed, as files in a folder of their own that
// goes with this object.
class TestCertificates {
 public:
  // Makes a CA and a server certificate for localhost, 127.0.0.1 and ::1.
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // For servers: the server certificate; with `mutual`, clients must have one of this CA.
  TlsFiles Server(bool mutual = false) const;

  // For clients: this CA as root; with a name, also the certificate issued under it.
  TlsFiles Client(absl::string_view name = "") const;

  // Makes a certificate and key as "NAME.crt" and "NAME.key" in the folder, replacing what is
  // there.
  void Issue(absl::string_view name, const std::vector<std::string>& alternative_names,
             absl::Duration life = absl::Hours(24));

  // x5t#S256 of the certificate of that name, 32 bytes.
  std::string Sha256Of(absl::string_view name) const;

  // A path in the folder, and a file put there (by renaming, so that readers see it whole).
  std::string Path(absl::string_view file) const;
  std::string Write(absl::string_view file, absl::string_view content) const;
  std::string Read(absl::string_view file) const;

  const std::string& folder() const { return folder_; }

 private:
  struct Ca;
  Ca* ca_;  // Owned.
  std::string folder_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_TEST_CERTIFICATES_H_
