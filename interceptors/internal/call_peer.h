// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CALL_PEER_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CALL_PEER_H_

#include <grpcpp/security/auth_context.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/interceptors/internal/auth_snapshot.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/forwarded_certificate.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// What a call's x-forwarded-client-cert says, whoever wrote it; nothing in it without one.
absl::StatusOr<ForwardedCertificate> ForwardedCertificateOf(const CallMetadata& metadata);

// Who is at the other end of a call, by certificate: the client itself, or, where a proxy ends the
// client's TLS and is trusted, whom that proxy names in x-forwarded-client-cert.
//
// A call that comes by a trusted proxy is never the proxy's own: without the header, or with one
// that cannot be read, its client has no certificate.
class CallPeer {
 public:
  // `verifies_certificates`: whether the server's own roots vouch for certificates on that port.
  // All must outlive this.
  CallPeer(const grpc::AuthContext& context, const CallMetadata& metadata,
           const AuthSnapshot& snapshot, bool verifies_certificates);

  // As TokenConnection has them.
  std::string CertificateSha256() const;
  PeerNames VerifiedNames() const;

  // Whether the connection is local, as IsLocal() has it.
  bool is_local() const { return is_local_; }

  // Whether the call comes by a trusted proxy.
  bool is_forwarded() const { return forwarded_.has_value(); }

  // What is wrong with the header of a trusted proxy; empty if nothing is.
  const std::string& error() const { return error_; }

 private:
  const grpc::AuthContext& context_;
  const bool verifies_certificates_;
  const bool is_local_;
  std::optional<ForwardedCertificate> forwarded_;
  std::string error_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CALL_PEER_H_
