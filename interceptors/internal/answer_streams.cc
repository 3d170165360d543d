// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/answer_streams.h"

#include <utility>

namespace lanyard::internal {

void AnswerStreams::Open(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                         grpc::ByteBuffer request,
                         const std::function<void(grpc::ClientContext*)>& prepare) {
  Leave();
  auto stream =
      std::make_unique<AnswerStream>(channel, method, std::move(request), prepare, &queue_);
  current_ = stream.get();
  streams_[current_] = std::move(stream);
}

void AnswerStreams::Leave() {
  if (current_ != nullptr) current_->Cancel();
  current_ = nullptr;
}

AnswerStreams::Event AnswerStreams::Hear(void* tag, bool ok) {
  Event event;
  const auto found = streams_.find(tag);
  if (found == streams_.end()) return event;  // It is the owner's.
  AnswerStream& stream = *found->second;
  const bool is_current = &stream == current_;
  if (stream.Advance(ok)) {
    auto answer = stream.TakeAnswer();
    if (is_current) event.answer = std::move(answer);
    return event;
  }
  if (is_current) {
    event.end = stream.status();
    current_ = nullptr;
  }
  streams_.erase(found);
  return event;
}

void AnswerStreams::Drain() {
  current_ = nullptr;
  for (auto& stream : streams_) stream.second->Cancel();
  void* tag = nullptr;
  bool ok = false;
  while (!streams_.empty() && queue_.Next(&tag, &ok)) Hear(tag, ok);
  queue_.Shutdown();
  while (queue_.Next(&tag, &ok)) {
  }
}

}  // namespace lanyard::internal
