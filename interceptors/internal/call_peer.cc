// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/call_peer.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"

namespace lanyard::internal {

absl::StatusOr<ForwardedCertificate> ForwardedCertificateOf(const CallMetadata& metadata) {
  const auto range = metadata.equal_range(kForwardedClientCert);
  if (range.first == range.second) return ForwardedCertificate();
  if (std::next(range.first) != range.second) {
    // Which of them is the proxy's, nobody can tell.
    return absl::InvalidArgumentError("x-forwarded-client-cert: more than one");
  }
  return ParseForwardedCertificate(View(range.first->second));
}

CallPeer::CallPeer(const grpc::AuthContext& context, const CallMetadata& metadata,
                   const AuthSnapshot& snapshot, bool verifies_certificates)
    : context_(context),
      verifies_certificates_(verifies_certificates),
      is_local_(IsLocal(context)) {
  const bool names_count = verifies_certificates_ && !snapshot.trusted_proxies.empty();
  if (!snapshot.TrustsProxy(is_local_, names_count ? PeerNamesOf(context) : PeerNames())) {
    return;
  }
  auto read = ForwardedCertificateOf(metadata);
  forwarded_.emplace();
  if (read.ok()) {
    forwarded_ = *std::move(read);
  } else {
    error_ = std::string(read.status().message());
  }
}

std::string CallPeer::CertificateSha256() const {
  return is_forwarded() ? forwarded_->certificate_sha256 : CertificateSha256Of(context_);
}

PeerNames CallPeer::VerifiedNames() const {
  if (is_forwarded()) return forwarded_->names;
  return verifies_certificates_ ? PeerNamesOf(context_) : PeerNames();
}

}  // namespace lanyard::internal
