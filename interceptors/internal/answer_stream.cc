// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/answer_stream.h"

#include <utility>

namespace lanyard::internal {

AnswerStream::AnswerStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           grpc::ByteBuffer request,
                           const std::function<void(grpc::ClientContext*)>& prepare,
                           grpc::CompletionQueue* queue)
    : request_(std::move(request)) {
  if (prepare) prepare(&context_);
  call_ = grpc::GenericStub(channel).PrepareCall(&context_, method, queue);
  call_->StartCall(this);
}

bool AnswerStream::Advance(bool ok) {
  if (step_ == Step::kFinishing) return false;
  if (!ok) {
    step_ = Step::kFinishing;
    call_->Finish(&status_, this);
    return true;
  }
  if (step_ == Step::kStarting) {
    step_ = Step::kWriting;
    call_->WriteLast(request_, grpc::WriteOptions(), this);
    return true;
  }
  if (step_ == Step::kReading) answer_ = response_;
  step_ = Step::kReading;
  call_->Read(&response_, this);
  return true;
}

std::optional<grpc::ByteBuffer> AnswerStream::TakeAnswer() {
  return std::exchange(answer_, std::nullopt);
}

}  // namespace lanyard::internal
