// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_BOUND_CALL_H_
#define LANYARD_INTERCEPTORS_INTERNAL_BOUND_CALL_H_

#include <atomic>
#include <memory>
#include <string>

#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/open_streams.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

class ServerState;

// What the binding knows of a call, for its handler. It reaches the handler as one entry in the
// call's own received metadata, which lives exactly as long as the call. The entry is known by the
// address of its key, so no header that a client sends can pass for it, and no table has to be kept
// in step with contexts whose addresses are used again.
struct BoundCall {
  Identity identity;
  // The caller's, where the server keeps them (ServerAuthOptions.keep_callers_tokens), else null.
  std::shared_ptr<const BearerToken> token;
  std::string method;
  // Of the client's certificate: whether the server's own roots vouch for it, and whether it is
  // x-forwarded-client-cert that tells of it.
  bool peer_is_verified = false;
  bool is_forwarded = false;
  std::shared_ptr<ServerState> state;           // Null in tests that have no server.
  std::shared_ptr<OpenStreams::Stream> stream;  // Null for unary calls.
  // Whether the call has been counted as one that goes through only because its method is observed.
  mutable std::atomic<bool> would_deny{false};
};

// `call` must outlive the call's context.
void PutBoundCall(CallMetadata* metadata, const BoundCall* call);

// Null if nobody put one.
const BoundCall* FindBoundCall(const CallMetadata& metadata);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_BOUND_CALL_H_
