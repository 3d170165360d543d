// SPDX-License-Identifier: Apache-2.0
#include "tests/interceptors/async_echo.h"

#include <atomic>
#include <functional>

#include "tests/interceptors/callback_echo.h"

namespace lanyard::test {
namespace {

// What all calls have in common. A call is deleted when its Finish tag, and its done tag if it
// asked for one, have come back.
template <typename Context>
class Call : public AsyncCall {
 public:
  Call(Handled* handled, grpc::ServerCompletionQueue* queue, bool notify)
      : handled_(handled), queue_(queue), done_tag_(this), pending_(notify ? 2 : 1) {
    ++handled_->live;
    if (notify) context_.AsyncNotifyWhenDone(&done_tag_);
  }
  ~Call() override { --handled_->live; }

 protected:
  // Started is false when the queue shut down before a call came: then no done tag comes either.
  void Release(bool started = true) {
    if (!started || --pending_ == 0) delete this;
  }

  Context context_;
  Handled* const handled_;
  grpc::ServerCompletionQueue* const queue_;

 private:
  class DoneTag final : public AsyncCall {
   public:
    explicit DoneTag(Call* call) : call_(call) {}
    void Proceed(bool) override {
      if (call_->context_.IsCancelled()) ++call_->handled_->cancelled;
      call_->OnDone();
      call_->Release();
    }

   private:
    Call* const call_;
  };
  virtual void OnDone() {}

  DoneTag done_tag_;
  std::atomic<int> pending_;
};

using Service = Echo::AsyncService;

class UnaryCall final : public Call<grpc::ServerContext> {
 public:
  using Request = void (Service::*)(grpc::ServerContext*, Message*,
                                    grpc::ServerAsyncResponseWriter<Message>*,
                                    grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);
  UnaryCall(Service* service, Request request, grpc::ServerCompletionQueue* queue, Handled* handled,
            bool notify)
      : Call(handled, queue, notify),
        service_(service),
        request_(request),
        notify_(notify),
        writer_(&context_) {
    (service_->*request_)(&context_, &message_, &writer_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    if (finishing_ || !ok) return Release(finishing_);
    new UnaryCall(service_, request_, queue_, handled_, notify_);
    finishing_ = true;
    Message reply;
    reply.set_text(handled_->Enter(context_));
    writer_.Finish(reply, grpc::Status::OK, this);
  }

 private:
  Service* const service_;
  const Request request_;
  const bool notify_;
  bool finishing_ = false;
  Message message_;
  grpc::ServerAsyncResponseWriter<Message> writer_;
};

class CollectCall final : public Call<grpc::ServerContext> {
 public:
  CollectCall(Service* service, grpc::ServerCompletionQueue* queue, Handled* handled, bool notify)
      : Call(handled, queue, notify), service_(service), notify_(notify), reader_(&context_) {
    service_->RequestCollect(&context_, &reader_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    if (state_ == kWaiting) {
      if (!ok) return Release(false);
      new CollectCall(service_, queue_, handled_, notify_);
      reply_.set_text(handled_->Enter(context_));
      state_ = kReading;
      reader_.Read(&message_, this);
    } else if (state_ == kReading && ok) {
      reader_.Read(&message_, this);
    } else if (state_ == kReading) {
      state_ = kFinishing;
      reader_.Finish(reply_, grpc::Status::OK, this);
    } else {
      Release();
    }
  }

 private:
  Service* const service_;
  const bool notify_;
  enum { kWaiting, kReading, kFinishing } state_ = kWaiting;
  Message message_, reply_;
  grpc::ServerAsyncReader<Message, Message> reader_;
};

class RepeatCall final : public Call<grpc::ServerContext> {
 public:
  RepeatCall(Service* service, grpc::ServerCompletionQueue* queue, Handled* handled)
      : Call(handled, queue, /*notify=*/true), service_(service), writer_(&context_) {
    service_->RequestRepeat(&context_, &message_, &writer_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    if (state_ == kWaiting) {
      if (!ok) return Release(false);
      new RepeatCall(service_, queue_, handled_);
      reply_.set_text(handled_->Enter(context_));
      state_ = kWriting;
      writer_.Write(reply_, this);
    } else if (state_ == kWriting) {
      state_ = kWritten;
      if (!message_.until_cancelled() || done_) FinishOnce();
    } else {
      Release();
    }
  }

 private:
  void OnDone() override {
    done_ = true;
    if (state_ == kWritten) FinishOnce();
  }
  void FinishOnce() {
    if (!finished_.exchange(true)) writer_.Finish(grpc::Status::OK, this);
  }

  Service* const service_;
  std::atomic<int> state_{kWaiting};
  enum { kWaiting, kWriting, kWritten };
  std::atomic<bool> done_{false}, finished_{false};
  Message message_, reply_;
  grpc::ServerAsyncWriter<Message> writer_;
};

class ChatCall final : public Call<grpc::ServerContext> {
 public:
  ChatCall(Service* service, grpc::ServerCompletionQueue* queue, Handled* handled, bool notify)
      : Call(handled, queue, notify), service_(service), notify_(notify), stream_(&context_) {
    service_->RequestChat(&context_, &stream_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    switch (state_) {
      case kWaiting:
        if (!ok) return Release(false);
        new ChatCall(service_, queue_, handled_, notify_);
        reply_.set_text(handled_->Enter(context_));
        state_ = kReading;
        stream_.Read(&message_, this);
        break;
      case kReading:
        if (ok) {
          state_ = kWriting;
          stream_.Write(reply_, this);
        } else {
          state_ = kFinishing;
          stream_.Finish(grpc::Status::OK, this);
        }
        break;
      case kWriting:
        state_ = kReading;
        stream_.Read(&message_, this);
        break;
      case kFinishing:
        Release();
        break;
    }
  }

 private:
  Service* const service_;
  const bool notify_;
  enum { kWaiting, kReading, kWriting, kFinishing } state_ = kWaiting;
  Message message_, reply_;
  grpc::ServerAsyncReaderWriter<Message, Message> stream_;
};

class GenericCall final : public Call<grpc::GenericServerContext> {
 public:
  GenericCall(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue,
              Handled* handled, bool notify)
      : Call(handled, queue, notify), service_(service), notify_(notify), stream_(&context_) {
    service_->RequestCall(&context_, &stream_, queue_, queue_, this);
  }
  void Proceed(bool ok) override {
    switch (state_) {
      case kWaiting: {
        if (!ok) return Release(false);
        new GenericCall(service_, queue_, handled_, notify_);
        Message reply;
        reply.set_text(handled_->Enter(context_));
        bytes_ = Serialized(reply);
        one_reply_ = context_.method().find("/Chat") == std::string::npos;
        state_ = kReading;
        stream_.Read(&message_, this);
        break;
      }
      case kReading:
        if (ok) {
          state_ = kWriting;
          stream_.Write(bytes_, this);
        } else {
          Finish();
        }
        break;
      case kWriting:
        if (one_reply_) {
          Finish();
        } else {
          state_ = kReading;
          stream_.Read(&message_, this);
        }
        break;
      case kFinishing:
        Release();
        break;
    }
  }

 private:
  void Finish() {
    state_ = kFinishing;
    stream_.Finish(grpc::Status::OK, this);
  }

  grpc::AsyncGenericService* const service_;
  const bool notify_;
  enum { kWaiting, kReading, kWriting, kFinishing } state_ = kWaiting;
  bool one_reply_ = true;
  grpc::ByteBuffer message_, bytes_;
  grpc::GenericServerAsyncReaderWriter stream_;
};

}  // namespace

void StartAsyncEcho(Service* service, grpc::ServerCompletionQueue* queue, Handled* handled,
                    bool notify) {
  const UnaryCall::Request requests[] = {&Service::RequestUnary, &Service::RequestOpen,
                                         &Service::RequestScoped, &Service::RequestUnruled};
  for (const UnaryCall::Request request : requests) {
    new UnaryCall(service, request, queue, handled, notify);
  }
  new CollectCall(service, queue, handled, notify);
  new RepeatCall(service, queue, handled);
  new ChatCall(service, queue, handled, notify);
}

void StartAsyncGenericEcho(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue,
                           Handled* handled, bool notify) {
  new GenericCall(service, queue, handled, notify);
}

}  // namespace lanyard::test
