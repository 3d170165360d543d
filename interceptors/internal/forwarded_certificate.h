// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_FORWARDED_CERTIFICATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_FORWARDED_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// The client's certificate, as the proxy that ended its TLS describes it.
struct ForwardedCertificate {
  // SHA-256 of the DER (RFC 8705 section 3.1), 32 bytes. Empty if the proxy does not say.
  std::string certificate_sha256;
  PeerNames names;
};

// Reads a value of x-forwarded-client-cert, in Envoy's form: elements with commas between them, one
// a proxy, each of KEY=VALUE with semicolons between them.
//
//   By=spiffe://example.org/gateway;Hash=468ed33b…;Subject="CN=a,O=b";URI=spiffe://example.org/a
//
// Only the last element is read, the one of the nearest proxy; whatever stands before it may be the
// client's own words. What counts there is Hash (SHA-256 of the DER, in hex), Cert (PEM, with
// %-escapes; the hash is taken of it, and must be Hash if there is one), URI and DNS (each any
// number of times), in upper or lower case. A key without a value says that there is none: Envoy
// writes "URI=" so, and nginx 'Cert=""'.
//
// A value may stand in double quotes, the whole of it; a backslash takes the next character as it
// is. A quote anywhere else is refused, in earlier elements too, for they show where the last one
// begins. Nothing else about earlier elements matters.
//
// Envoy quotes neither URI nor DNS, so a name with ",", ";" or "=" in it can say whatever its
// certificate's owner likes: this is as good as the authority that signs the names.
//
// Failures are INVALID_ARGUMENT and say what is wrong in one short line of printable text.
absl::StatusOr<ForwardedCertificate> ParseForwardedCertificate(absl::string_view header);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_FORWARDED_CERTIFICATE_H_
