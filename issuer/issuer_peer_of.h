// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_PEER_OF_H_
#define LANYARD_ISSUER_ISSUER_PEER_OF_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_peer.h"

namespace grpc {
class ServerContextBase;
}

namespace lanyard::internal {

// Who makes this call, to a handler behind the gate and its binding. None where these are missing:
// then nothing about the call was checked.
std::optional<IssuerPeer> IssuerPeerOf(const grpc::ServerContextBase& context);

// What ServerContextBase::peer() says, without the port: the address of an IPv4 peer, and of an
// IPv6 one the first 64 bits; all others, such as those of a Unix socket, are one.
std::string NetworkOf(absl::string_view peer);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_ISSUER_PEER_OF_H_
