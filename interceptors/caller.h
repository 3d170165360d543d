// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_CALLER_H_
#define LANYARD_INTERCEPTORS_CALLER_H_

#include "lanyard/sdk/identity.h"

namespace grpc {
class ServerContextBase;
}

namespace lanyard {

// Who makes this call. Takes the context of any handler: sync, callback, async or generic.
//
//   grpc::Status GetOrder(grpc::ServerContext* context, …) override {
//     const lanyard::Identity& caller = lanyard::CallerOf(*context);
//
// The anonymous identity where the method is open to anyone and no token came, and for contexts of
// servers without Lanyard. The reference lives as long as the context; copy the Identity to keep
// it.
//
// Thread-safe once the handler runs.
const Identity& CallerOf(const grpc::ServerContextBase& context);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_CALLER_H_
