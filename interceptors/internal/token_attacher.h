// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TOKEN_ATTACHER_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TOKEN_ATTACHER_H_

#include <grpcpp/support/client_interceptor.h>

#include <memory>

#include "lanyard/interceptors/internal/client_state.h"

namespace lanyard::internal {

// Makes the client interceptor that gives each call its credentials before it leaves. While the
// first token is being fetched it holds the call's initial metadata, without blocking a thread, and
// ends the call at the earliest of its deadline, its cancellation and the longest wait.
class TokenAttacherFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenAttacherFactory(std::shared_ptr<ClientState> state,
                                std::shared_ptr<void> keep_alive = nullptr)
      : state_(std::move(state)), keep_alive_(std::move(keep_alive)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override;

 private:
  const std::shared_ptr<ClientState> state_;
  const std::shared_ptr<void> keep_alive_;  // What must live as long as the channel.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TOKEN_ATTACHER_H_
