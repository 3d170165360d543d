// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_AUTH_GATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_AUTH_GATE_H_

#include <grpcpp/security/auth_metadata_processor.h>

#include <memory>

#include "lanyard/interceptors/internal/server_state.h"

namespace lanyard::internal {

// Decides every call of one port before any handler runs: gRPC calls it when the headers are there
// and aborts the call on any status but OK. It sees sync, async, callback and generic services and
// unknown methods alike, on many threads at once.
//
// It never writes to the AuthContext: that belongs to the connection, and what one call writes the
// next one's handler reads.
class AuthGate final : public grpc::AuthMetadataProcessor {
 public:
  AuthGate(std::shared_ptr<ServerState> state, std::shared_ptr<const PortInfo> port)
      : state_(std::move(state)), port_(std::move(port)) {}

  // False, so it runs on gRPC's own thread: nothing here waits or does I/O. An existing processor
  // that blocks takes its own ways along.
  bool IsBlocking() const override;

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  std::shared_ptr<grpc::AuthMetadataProcessor> ExistingProcessor() const;

  const std::shared_ptr<ServerState> state_;
  const std::shared_ptr<const PortInfo> port_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_AUTH_GATE_H_
