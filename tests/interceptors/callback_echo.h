// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_CALLBACK_ECHO_H_
#define LANYARD_TESTS_INTERCEPTORS_CALLBACK_ECHO_H_

#include <grpcpp/generic/async_generic_service.h>

#include "lanyard/interceptors/caller.h"
#include "tests/interceptors/echo_server.h"

namespace lanyard::test {

// What the reactors share: the caller as the handler saw it, and again when the call is done.
class ReactorState {
 public:
  ReactorState(Handled* handled, grpc::CallbackServerContext* context)
      : handled_(handled), context_(context) {
    reply_.set_text(handled_->Enter(*context));
  }

 protected:
  void Done() {
    const Identity& caller = CallerOf(*context_);
    if (caller.authenticated() && caller.subject() == reply_.text()) ++handled_->right_on_done;
  }

  Handled* const handled_;
  grpc::CallbackServerContext* const context_;
  Message reply_;
};

class UnaryReactor final : public grpc::ServerUnaryReactor, ReactorState {
 public:
  UnaryReactor(Handled* handled, grpc::CallbackServerContext* context, Message* reply)
      : ReactorState(handled, context) {
    *reply = reply_;
    Finish(grpc::Status::OK);
  }
  void OnDone() override {
    Done();
    delete this;
  }
};

class CollectReactor final : public grpc::ServerReadReactor<Message>, ReactorState {
 public:
  CollectReactor(Handled* handled, grpc::CallbackServerContext* context, Message* reply)
      : ReactorState(handled, context) {
    *reply = reply_;
    StartRead(&message_);
  }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartRead(&message_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnDone() override {
    Done();
    delete this;
  }

 private:
  Message message_;
};

class RepeatReactor final : public grpc::ServerWriteReactor<Message>, ReactorState {
 public:
  RepeatReactor(Handled* handled, grpc::CallbackServerContext* context, bool until_cancelled)
      : ReactorState(handled, context), until_cancelled_(until_cancelled) {
    StartWrite(&reply_);
  }
  void OnWriteDone(bool) override {
    if (!until_cancelled_) Finish(grpc::Status::OK);
  }
  void OnCancel() override {
    ++handled_->cancelled;
    if (until_cancelled_) Finish(grpc::Status::OK);
  }
  void OnDone() override {
    Done();
    delete this;
  }

 private:
  const bool until_cancelled_;
};

class ChatReactor final : public grpc::ServerBidiReactor<Message, Message>, ReactorState {
 public:
  ChatReactor(Handled* handled, grpc::CallbackServerContext* context)
      : ReactorState(handled, context) {
    StartRead(&message_);
  }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWrite(&reply_);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnWriteDone(bool) override { StartRead(&message_); }
  void OnCancel() override { ++handled_->cancelled; }
  void OnDone() override {
    Done();
    delete this;
  }

 private:
  Message message_;
};

class CallbackEcho final : public Echo::CallbackService {
 public:
  explicit CallbackEcho(Handled* handled) : handled_(handled) {}

  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Message*,
                                  Message* reply) override {
    return new UnaryReactor(handled_, context, reply);
  }
  grpc::ServerUnaryReactor* Open(grpc::CallbackServerContext* context, const Message*,
                                 Message* reply) override {
    return new UnaryReactor(handled_, context, reply);
  }
  grpc::ServerUnaryReactor* Scoped(grpc::CallbackServerContext* context, const Message*,
                                   Message* reply) override {
    return new UnaryReactor(handled_, context, reply);
  }
  grpc::ServerUnaryReactor* Unruled(grpc::CallbackServerContext* context, const Message*,
                                    Message* reply) override {
    return new UnaryReactor(handled_, context, reply);
  }
  grpc::ServerReadReactor<Message>* Collect(grpc::CallbackServerContext* context,
                                            Message* reply) override {
    return new CollectReactor(handled_, context, reply);
  }
  grpc::ServerWriteReactor<Message>* Repeat(grpc::CallbackServerContext* context,
                                            const Message* request) override {
    return new RepeatReactor(handled_, context, request->until_cancelled());
  }
  grpc::ServerBidiReactor<Message, Message>* Chat(grpc::CallbackServerContext* context) override {
    return new ChatReactor(handled_, context);
  }

 private:
  Handled* const handled_;
};

inline grpc::ByteBuffer Serialized(const Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// Answers each message with one, whatever the method.
class GenericReactor final : public grpc::ServerGenericBidiReactor, ReactorState {
 public:
  GenericReactor(Handled* handled, grpc::CallbackServerContext* context, bool one_reply)
      : ReactorState(handled, context), one_reply_(one_reply), bytes_(Serialized(reply_)) {
    StartRead(&message_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
    } else {
      StartWrite(&bytes_);
    }
  }
  void OnWriteDone(bool) override {
    if (one_reply_) {
      Finish(grpc::Status::OK);
    } else {
      StartRead(&message_);
    }
  }
  void OnCancel() override { ++handled_->cancelled; }
  void OnDone() override {
    Done();
    delete this;
  }

 private:
  const bool one_reply_;
  grpc::ByteBuffer message_, bytes_;
};

class GenericCallbackEcho final : public grpc::CallbackGenericService {
 public:
  explicit GenericCallbackEcho(Handled* handled) : handled_(handled) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new GenericReactor(handled_, context,
                              context->method().find("/Chat") == std::string::npos);
  }

 private:
  Handled* const handled_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_CALLBACK_ECHO_H_
