// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/caller.h"

#include <grpcpp/server_context.h>

#include "lanyard/interceptors/internal/identity_entry.h"

namespace lanyard {

const Identity& CallerOf(const grpc::ServerContextBase& context) {
  static const Identity* const anonymous = new Identity();
  const Identity* identity = internal::FindIdentity(context.client_metadata());
  return identity == nullptr ? *anonymous : *identity;
}

}  // namespace lanyard
