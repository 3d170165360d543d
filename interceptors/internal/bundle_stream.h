// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_BUNDLE_STREAM_H_
#define LANYARD_INTERCEPTORS_INTERNAL_BUNDLE_STREAM_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>

namespace lanyard::internal {

// One FetchJWTBundles call. Has one operation on the queue at any time, whose tag is this object;
// it must live until the last of them has ended. For one thread.
class BundleStream {
 public:
  BundleStream(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue* queue);
  BundleStream(const BundleStream&) = delete;
  BundleStream& operator=(const BundleStream&) = delete;

  // Its operation has ended, so the next one begins. False if there is none any more: the stream
  // has ended with status().
  bool Advance(bool ok);

  // What it has brought since, if anything. Every answer is a complete one.
  std::optional<grpc::ByteBuffer> TakeAnswer();

  const grpc::Status& status() const { return status_; }

  // Ends it soon, if it has not ended.
  void Cancel() { context_.TryCancel(); }

 private:
  enum class Step { kStarting, kWriting, kReading, kFinishing };

  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  Step step_ = Step::kStarting;
  grpc::ByteBuffer response_;
  std::optional<grpc::ByteBuffer> answer_;
  grpc::Status status_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_BUNDLE_STREAM_H_
