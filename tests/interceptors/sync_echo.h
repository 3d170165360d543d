// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_SYNC_ECHO_H_
#define LANYARD_TESTS_INTERCEPTORS_SYNC_ECHO_H_

#include "absl/time/clock.h"
#include "tests/interceptors/echo_server.h"

namespace lanyard::test {

class SyncEcho final : public Echo::Service {
 public:
  explicit SyncEcho(Handled* handled) : handled_(handled) {}

  grpc::Status Unary(grpc::ServerContext* context, const Message*, Message* reply) override {
    reply->set_text(handled_->Enter(*context));
    return grpc::Status::OK;
  }
  grpc::Status Open(grpc::ServerContext* context, const Message*, Message* reply) override {
    reply->set_text(handled_->Enter(*context));
    return grpc::Status::OK;
  }
  grpc::Status Scoped(grpc::ServerContext* context, const Message*, Message* reply) override {
    reply->set_text(handled_->Enter(*context));
    return grpc::Status::OK;
  }
  grpc::Status Unruled(grpc::ServerContext* context, const Message*, Message* reply) override {
    reply->set_text(handled_->Enter(*context));
    return grpc::Status::OK;
  }
  grpc::Status Collect(grpc::ServerContext* context, grpc::ServerReader<Message>* reader,
                       Message* reply) override {
    reply->set_text(handled_->Enter(*context));
    Message message;
    while (reader->Read(&message)) {
    }
    return grpc::Status::OK;
  }
  grpc::Status Repeat(grpc::ServerContext* context, const Message* request,
                      grpc::ServerWriter<Message>* writer) override {
    Message reply;
    reply.set_text(handled_->Enter(*context));
    writer->Write(reply);
    // A sync handler has nothing to wait on but the call itself.
    while (request->until_cancelled() && !context->IsCancelled()) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    if (context->IsCancelled()) ++handled_->cancelled;
    return grpc::Status::OK;
  }
  grpc::Status Chat(grpc::ServerContext* context,
                    grpc::ServerReaderWriter<Message, Message>* stream) override {
    Message reply, message;
    reply.set_text(handled_->Enter(*context));
    while (stream->Read(&message)) stream->Write(reply);
    if (context->IsCancelled()) ++handled_->cancelled;
    return grpc::Status::OK;
  }

 private:
  Handled* const handled_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_SYNC_ECHO_H_
