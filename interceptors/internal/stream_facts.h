// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_STREAM_FACTS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_STREAM_FACTS_H_

#include <grpcpp/security/auth_context.h>

#include <optional>

#include "absl/strings/string_view.h"
#include "lanyard/interceptors/internal/open_streams.h"
#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/sdk/identity.h"

namespace lanyard::internal {

// What is known of a stream that begins now, and when it will have to end: when its token ends, at
// an instant of its own within the issuer's leeway, so that the streams of one token do not all end
// and come back at once; and not after the client's certificate.
// `own`: the names in the connection's own certificate, where that was vouched for. `said`: what a
// proxy that was trusted said in their place.
StreamFacts FactsOf(const ServerState& state, absl::string_view method, const Identity& caller,
                    const grpc::AuthContext& context, PeerNames own, std::optional<PeerNames> said);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_STREAM_FACTS_H_
