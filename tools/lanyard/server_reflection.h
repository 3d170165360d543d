// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_SERVER_REFLECTION_H_
#define LANYARD_TOOLS_LANYARD_SERVER_REFLECTION_H_

#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace lanyard::tools {

// Asks a server for the descriptors of one of its services, "shop.Orders", by gRPC's server
// reflection: v1, or v1alpha where there is no v1. The pool has that service. Errors say what the
// server answered, or, where it has no such service, the nearest of those that it has. What it
// sends is believed only as far as it is consistent, and no more than 1000 files and 16 MiB are
// taken. `failure`, which must be OK, becomes the status of the first call that failed.
absl::StatusOr<std::unique_ptr<google::protobuf::DescriptorPool>> ReflectedService(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& service, absl::Time deadline,
    grpc::Status* failure);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_SERVER_REFLECTION_H_
