// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CALL_METADATA_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CALL_METADATA_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/string_ref.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// A call's headers as gRPC hands them to the gate and to the binding alike.
using CallMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

inline constexpr char kAuthorization[] = "authorization";

// What clients that check health watch, without a token.
inline constexpr absl::string_view kHealthWatch = "/grpc.health.v1.Health/Watch";

inline absl::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

// What a proxy that ends TLS says of the client's certificate.
inline constexpr char kForwardedClientCert[] = "x-forwarded-client-cert";

// Headers that hold a token, in the order of their names.
using TokenHeaders = std::vector<std::string>;

// The one token of a call. Two values of the header are two opinions about who calls.
absl::StatusOr<absl::string_view> TokenOf(const CallMetadata& metadata, const std::string& header);

// Whether a connection is one without encryption, over a Unix socket or loopback. Cheap.
bool IsLocal(const grpc::AuthContext& context);

// The client's certificate as PEM, empty without one. Cheap; not to be kept.
absl::string_view CertificatePemOf(const grpc::AuthContext& context);

// x5t#S256 of that certificate; empty if there is none.
std::string CertificateSha256Of(const grpc::AuthContext& context);

// Names in that certificate (RFC 5280 section 4.2.1.6), whoever vouches for it.
PeerNames PeerNamesOf(const grpc::AuthContext& context);

// Names the connection among those that are open: made of the addresses of what gRPC keeps for
// each. A later connection has the same name only if it gets all of a closed one's memory in the
// same order.
uint64_t ConnectionOf(const grpc::AuthContext& context);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CALL_METADATA_H_
