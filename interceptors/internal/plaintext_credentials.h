// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_PLAINTEXT_CREDENTIALS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_PLAINTEXT_CREDENTIALS_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

namespace lanyard::internal {

// Credentials of a port without any protection, whose calls pass `gate` all the same. gRPC's own
// insecure credentials take no processor in C++ of old and end the process when they are given
// one; its core can.
std::shared_ptr<grpc::ServerCredentials> PlaintextCredentials(
    std::shared_ptr<grpc::AuthMetadataProcessor> gate);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_PLAINTEXT_CREDENTIALS_H_
