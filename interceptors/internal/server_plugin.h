// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SERVER_PLUGIN_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SERVER_PLUGIN_H_

#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/interceptors/internal/server_state.h"

namespace lanyard::internal {

using InterceptorFactories =
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>;

// What ServerAuth does to one builder, and checks when it builds.
struct BuilderSetup {
  std::shared_ptr<ServerState> state;
  std::vector<std::shared_ptr<PortInfo>> ports;  // Ours.

  // What went wrong before or while building; the server does not start then. ServerAuth reports
  // that of its newest builder.
  struct Error {
    std::mutex mutex;
    absl::Status status;  // Guarded by mutex.
    void Set(absl::Status first);
    absl::Status Get();
  };
  std::shared_ptr<Error> error = std::make_shared<Error>();

  std::vector<std::shared_ptr<grpc::ServerCredentials>> credentials;  // Of our ports.
  InterceptorFactories user_interceptors;
  std::shared_ptr<std::atomic<bool>> interceptors_intact;
};

// Puts a plugin into the builder that acts inside BuildAndStart(): it installs the interceptors
// last, compares the builder's ports with ours, and reads the names of the services.
void InstallPlugin(grpc::ServerBuilder& builder, std::shared_ptr<BuilderSetup> setup);

// (Re)places a list in the builder that tells, by being destroyed early, that somebody else has set
// another one.
void InstallSentinel(grpc::ServerBuilder& builder, BuilderSetup& setup);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SERVER_PLUGIN_H_
