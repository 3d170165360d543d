// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_PEER_H_
#define LANYARD_ISSUER_ISSUER_PEER_H_

#include <string>

#include "lanyard/sdk/token_connection.h"

namespace lanyard {

// Who is at the other end of a request to an issuer, as far as the connection tells.
struct IssuerPeer {
  // Of the client's certificate, if the server's own roots vouch for it; else none.
  PeerNames verified_names;

  // SHA-256 of the DER of that certificate; empty without one.
  std::string certificate_sha256;

  // Where it comes from, as wide as one household or one machine is: an IPv4 address, or the /64 of
  // an IPv6 one. Peers that cannot be told apart have the same text.
  std::string network;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_ISSUER_PEER_H_
