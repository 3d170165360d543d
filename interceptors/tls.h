// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_TLS_H_
#define LANYARD_INTERCEPTORS_TLS_H_

#include <string>

namespace lanyard {

// Where TLS files stand, all PEM. They are looked at every second; a new certificate and key are
// used for new connections once both are there and match, and until then the old ones stay.
// There is no option that skips the verification of the other side.
struct TlsFiles {
  // The own certificate, its intermediates after it, and its private key (without password). Both
  // or neither; required on servers; on clients they make the connection mutual TLS.
  std::string certificate_chain;
  std::string private_key;

  // The certificates that the other side's must lead to. Required on clients, which also check
  // that the certificate is for the host they call. On servers: if set, every client must present
  // a certificate that leads to one of these.
  std::string root_certificates;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_TLS_H_
