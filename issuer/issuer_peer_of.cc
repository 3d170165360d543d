// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/issuer_peer_of.h"

#include <arpa/inet.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/call_peer.h"

namespace lanyard::internal {
namespace {

// IPv4 as IPv6 clients of a socket for both have it (RFC 4291 section 2.5.5.2).
constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::string NetworkOf(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) return std::string(peer.substr(0, peer.rfind(':')));
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return "local";
  // "%5B2001:db8::1%25eth0%5D:443"
  const std::string plain = absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  const size_t end = plain.rfind(']');
  if (plain.empty() || plain[0] != '[' || end == std::string::npos) return "ipv6";
  const std::string address = plain.substr(1, std::min(end, plain.find('%')) - 1);
  in6_addr bytes;
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return "ipv6";
  const absl::string_view text(reinterpret_cast<const char*>(bytes.s6_addr), 16);
  if (text.substr(0, 12) == absl::string_view(reinterpret_cast<const char*>(kMapped), 12)) {
    char ipv4[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, bytes.s6_addr + 12, ipv4, sizeof(ipv4));
    return ipv4;
  }
  return absl::StrCat(absl::BytesToHexString(text.substr(0, 8)), "/64");
}

std::optional<IssuerPeer> IssuerPeerOf(const grpc::ServerContextBase& context) {
  const BoundCall* call = FindBoundCall(context.client_metadata());
  if (call == nullptr) return std::nullopt;
  IssuerPeer peer;
  peer.network = NetworkOf(context.peer());
  if (call->is_forwarded) {
    const auto read = ForwardedCertificateOf(context.client_metadata());
    if (read.ok()) {
      peer.verified_names = read->names;
      peer.certificate_sha256 = read->certificate_sha256;
    }
  } else if (call->peer_is_verified) {
    const auto auth_context = context.auth_context();
    peer.verified_names = PeerNamesOf(*auth_context);
    peer.certificate_sha256 = CertificateSha256Of(*auth_context);
  }
  return peer;
}

}  // namespace lanyard::internal
