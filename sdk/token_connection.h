// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKEN_CONNECTION_H_
#define LANYARD_SDK_TOKEN_CONNECTION_H_

#include <string>

namespace lanyard {

// The connection that a token came over, as far as Verifier::Verify() asks about it. As it stands
// it is one without a client certificate that may have any number of signatures checked. Used by
// one call at a time.
class TokenConnection {
 public:
  virtual ~TokenConnection() = default;

  // SHA-256 of the DER of the certificate that the client presented (RFC 8705 section 3), 32 bytes,
  // or empty. Asked only for tokens that are bound to one.
  virtual std::string CertificateSha256() { return std::string(); }

  // Asked once before a signature is checked, so never for a verdict from the cache. False refuses
  // the token unchecked, as TOO_MANY_BAD_TOKENS.
  virtual bool BeginSignatureCheck() { return true; }

  // Told after BeginSignatureCheck() when the signature held.
  virtual void OnGoodSignature() {}
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKEN_CONNECTION_H_
