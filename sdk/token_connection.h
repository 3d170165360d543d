// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKEN_CONNECTION_H_
#define LANYARD_SDK_TOKEN_CONNECTION_H_

#include <string>
#include <vector>

namespace lanyard {

// Subject alternative names of a certificate (RFC 5280 section 4.2.1.6).
struct PeerNames {
  std::vector<std::string> uris, dns;
};

// The connection that a call came over, as far as verifier and policy ask about it. As it stands
// it is one without a client certificate that may have any number of signatures checked. Used by
// one call at a time.
class TokenConnection {
 public:
  virtual ~TokenConnection() = default;

  // SHA-256 of the DER of the certificate that the client presented (RFC 8705 section 3), 32 bytes,
  // or empty. Asked only for tokens that are bound to one.
  virtual std::string CertificateSha256() { return std::string(); }

  // Of the client's certificate, if the server's own roots vouch for it; else none. Asked only for
  // rules that name peers.
  virtual PeerNames VerifiedPeerNames() { return {}; }

  // Asked once before a signature is checked, so never for a verdict from the cache. False refuses
  // the token unchecked, as TOO_MANY_BAD_TOKENS.
  virtual bool BeginSignatureCheck() { return true; }

  // Told after BeginSignatureCheck() when the signature held.
  virtual void OnGoodSignature() {}
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKEN_CONNECTION_H_
