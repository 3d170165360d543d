// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_ECHO_CLIENT_H_
#define LANYARD_TESTS_INTERCEPTORS_ECHO_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "lanyard/interceptors/tls.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/interceptors/echo.grpc.pb.h"

namespace lanyard::test {

enum class CallType { kUnary, kCollect, kRepeat, kChat };
inline constexpr CallType kAllCallTypes[] = {CallType::kUnary, CallType::kCollect,
                                             CallType::kRepeat, CallType::kChat};
std::string NameOf(CallType type);

struct Outcome {
  grpc::Status status;
  std::string text;  // Of the last reply.
};

// Makes one call of that type. The headers are sent as they are; none is checked.
Outcome MakeCall(const std::shared_ptr<grpc::Channel>& channel, CallType type,
                 const std::vector<std::pair<std::string, std::string>>& headers = {});

inline grpc::ByteBuffer EmptyMessage() {
  const grpc::Slice empty("");
  return grpc::ByteBuffer(&empty, 1);
}

// A unary call of a method by its path, through the generic stub.
grpc::Status CallPath(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& headers = {},
                      const grpc::ByteBuffer& request = EmptyMessage(),
                      grpc::ByteBuffer* reply = nullptr);

inline std::vector<std::pair<std::string, std::string>> Bearer(const std::string& token) {
  return {{"authorization", "Bearer " + token}};
}

// TLS channels that know nothing of Lanyard, as other clients have.
std::shared_ptr<grpc::Channel> PlainTls(const testing::TestCertificates& files, int port,
                                        const std::string& client_certificate = "");

// A context that gives up after half a minute, so that a hang fails the test.
void Limit(grpc::ClientContext* context);

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_ECHO_CLIENT_H_
