// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_RPC_H_
#define LANYARD_TOOLS_LANYARD_RPC_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace lanyard::tools {

// "UNAVAILABLE", or the number of a code that has no name.
std::string GrpcCodeName(const grpc::Status& status);

// Makes one unary call and waits for it. Messages are as they are on the wire; `answer` is set
// where the status is OK.
grpc::Status CallUnary(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, absl::Time deadline, std::string* answer);

// A stream on which each message gets one answer. For one thread. The destructor ends it.
class Conversation {
 public:
  Conversation(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
               absl::Time deadline);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Waits for the answer. Any status but OK is how the stream has ended; then it takes no more.
  grpc::Status Ask(const std::string& request, std::string* answer);

 private:
  bool Next();  // Whether what was begun last went well.
  grpc::Status Finish();

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool open_;
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_RPC_H_
