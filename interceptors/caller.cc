// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/caller.h"

#include <grpcpp/server_context.h>

#include "lanyard/interceptors/internal/bound_call.h"

namespace lanyard {

const Identity& CallerOf(const grpc::ServerContextBase& context) {
  static const Identity* const anonymous = new Identity();
  const internal::BoundCall* call = internal::FindBoundCall(context.client_metadata());
  return call == nullptr ? *anonymous : call->identity;
}

}  // namespace lanyard
