// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAM_H_
#define LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAM_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lanyard::internal {

// One call with one request and a stream of answers. Has one operation on the queue at any time,
// whose tag is this object; it must live until the last of them has ended. For one thread.
class AnswerStream {
 public:
  // `prepare` may be empty.
  AnswerStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
               grpc::ByteBuffer request, const std::function<void(grpc::ClientContext*)>& prepare,
               grpc::CompletionQueue* queue);
  AnswerStream(const AnswerStream&) = delete;
  AnswerStream& operator=(const AnswerStream&) = delete;

  // Its operation has ended, so the next one begins. False if there is none any more: the stream
  // has ended with status().
  bool Advance(bool ok);

  // What that operation has brought, if anything.
  std::optional<grpc::ByteBuffer> TakeAnswer();

  const grpc::Status& status() const { return status_; }

  // Ends it soon, if it has not ended.
  void Cancel() { context_.TryCancel(); }

 private:
  enum class Step { kStarting, kWriting, kReading, kFinishing };

  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  const grpc::ByteBuffer request_;
  Step step_ = Step::kStarting;
  grpc::ByteBuffer response_;
  std::optional<grpc::ByteBuffer> answer_;
  grpc::Status status_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAM_H_
