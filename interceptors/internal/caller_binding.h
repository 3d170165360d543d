// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CALLER_BINDING_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CALLER_BINDING_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>

#include "lanyard/interceptors/internal/server_state.h"

namespace lanyard::internal {

// Makes the server interceptor that carries the gate's verdict to the handler: it takes the call's
// admission, puts the identity where CallerOf() finds it, takes the bearer token out of the
// metadata, and ends streams when their token expires. It decides nothing anew.
//
// A call without an admission came past the gate. It is cancelled and never passed on, so that its
// handler does not run; such a call stays in the server until the process ends.
class CallerBindingFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallerBindingFactory(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

 private:
  const std::shared_ptr<ServerState> state_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CALLER_BINDING_H_
