// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAMS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAMS_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lanyard/interceptors/internal/answer_stream.h"

namespace lanyard::internal {

// The streams that a thread has open, of which it listens to one; the others are ending. They are
// on a queue of its own and not in the callback API: gRPC 1.51 frees the queue of that one under
// its thread's feet where the last channel goes with a call that ends. For one thread, but for
// queue().
class AnswerStreams {
 public:
  AnswerStreams() = default;
  AnswerStreams(const AnswerStreams&) = delete;
  AnswerStreams& operator=(const AnswerStreams&) = delete;

  // Where their events come, beside others that the owner may put there.
  grpc::CompletionQueue& queue() { return queue_; }

  // Begins to listen to a new one, in place of any other. `prepare` may be empty.
  void Open(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
            grpc::ByteBuffer request, const std::function<void(grpc::ClientContext*)>& prepare);

  bool is_listening() const { return current_ != nullptr; }

  // Listens to none.
  void Leave();

  // What an event of the queue has brought from the one that is listened to: an answer, or its end.
  struct Event {
    std::optional<grpc::ByteBuffer> answer;
    std::optional<grpc::Status> end;
  };
  Event Hear(void* tag, bool ok);

  // Ends all of them, and the queue.
  void Drain();

 private:
  grpc::CompletionQueue queue_;
  std::map<void*, std::unique_ptr<AnswerStream>> streams_;  // By their tags, until they have ended.
  AnswerStream* current_ = nullptr;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_ANSWER_STREAMS_H_
