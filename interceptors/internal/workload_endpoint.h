// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_ENDPOINT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_ENDPOINT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lanyard::internal {

// A SPIFFE Workload Endpoint: where it is, and how it is spoken to.
class WorkloadEndpoint {
 public:
  // Reads the URI of section 4 of that specification; empty is what SPIFFE_ENDPOINT_SOCKET says.
  // Failures name the field or the variable, and say what would be right.
  static absl::StatusOr<WorkloadEndpoint> Create(const std::string& uri,
                                                 bool plaintext_tcp_is_trusted);

  const std::string& uri() const { return uri_; }

  // For gRPC.
  const std::string& target() const { return target_; }

  // A channel to it, not connected yet. It tries again within a second: an agent that restarts is
  // on this machine.
  std::shared_ptr<grpc::Channel> Connect() const;

  // What every request must carry (section 3).
  static void Mark(grpc::ClientContext* context);

  // What the agent answered in place of what was asked for, with the endpoint; bounded and safe to
  // show. The code is the agent's.
  absl::Status Refusal(const grpc::Status& status) const;

 private:
  WorkloadEndpoint(std::string uri, std::string target)
      : uri_(std::move(uri)), target_(std::move(target)) {}

  std::string uri_, target_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_ENDPOINT_H_
