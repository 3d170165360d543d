// SPDX-License-Identifier: Apache-2.0
#include "tests/interceptors/echo_server.h"

#include <grpcpp/generic/async_generic_service.h>

#include <thread>

#include "lanyard/interceptors/caller.h"
#include "tests/interceptors/async_echo.h"
#include "tests/interceptors/callback_echo.h"
#include "tests/interceptors/sync_echo.h"

namespace lanyard::test {
namespace {

constexpr int kAsyncThreads = 4;

}  // namespace

std::string NameOf(Api api) {
  switch (api) {
    case Api::kSync:
      return "Sync";
    case Api::kCallback:
      return "Callback";
    case Api::kAsync:
      return "Async";
    case Api::kCallbackGeneric:
      return "CallbackGeneric";
    case Api::kAsyncGeneric:
      return "AsyncGeneric";
  }
  return "";
}

std::string Handled::Enter(const grpc::ServerContextBase& context) {
  ++runs;
  const Identity& caller = CallerOf(context);
  if (!caller.authenticated()) ++anonymous;
  if (context.client_metadata().count("authorization") != 0) ++saw_bearer;
  if (on_enter) on_enter(context);
  return caller.authenticated() ? caller.subject() : "(anonymous)";
}

struct EchoServer::Parts {
  explicit Parts(Handled* handled) : sync(handled), callback(handled), generic_callback(handled) {}

  SyncEcho sync;
  CallbackEcho callback;
  GenericCallbackEcho generic_callback;
  Echo::AsyncService async;
  grpc::AsyncGenericService async_generic;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::vector<std::thread> threads;
};

EchoServer::EchoServer(Api api) : api_(api), parts_(std::make_unique<Parts>(&handled_)) {
  switch (api_) {
    case Api::kSync:
      builder_.RegisterService(&parts_->sync);
      break;
    case Api::kCallback:
      builder_.RegisterService(&parts_->callback);
      break;
    case Api::kAsync:
      builder_.RegisterService(&parts_->async);
      break;
    case Api::kCallbackGeneric:
      builder_.RegisterCallbackGenericService(&parts_->generic_callback);
      break;
    case Api::kAsyncGeneric:
      builder_.RegisterAsyncGenericService(&parts_->async_generic);
      break;
  }
  if (api_ == Api::kAsync || api_ == Api::kAsyncGeneric) {
    parts_->queue = builder_.AddCompletionQueue();
  }
}

EchoServer::~EchoServer() { Shutdown(); }

bool EchoServer::Start() {
  server_ = builder_.BuildAndStart();
  if (server_ == nullptr) {
    if (parts_->queue != nullptr) {
      parts_->queue->Shutdown();
      void* tag;
      bool ok;
      while (parts_->queue->Next(&tag, &ok)) {
      }
    }
    return false;
  }
  if (parts_->queue != nullptr) {
    if (!request_later_) RequestCalls();
    for (int i = 0; i < kAsyncThreads; ++i) {
      parts_->threads.emplace_back([queue = parts_->queue.get()] {
        void* tag;
        bool ok;
        while (queue->Next(&tag, &ok)) static_cast<AsyncCall*>(tag)->Proceed(ok);
      });
    }
  }
  return true;
}

void EchoServer::RequestCalls() {
  if (api_ == Api::kAsync) {
    StartAsyncEcho(&parts_->async, parts_->queue.get(), &handled_, notify_when_done_);
  } else if (api_ == Api::kAsyncGeneric) {
    StartAsyncGenericEcho(&parts_->async_generic, parts_->queue.get(), &handled_,
                          notify_when_done_);
  }
}

void EchoServer::Shutdown() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  // Nothing may be started on a queue that is shut down, so the calls end first.
  while (handled_.live != 0) std::this_thread::yield();
  if (parts_->queue != nullptr) parts_->queue->Shutdown();
  for (std::thread& thread : parts_->threads) thread.join();
  server_.reset();
}

}  // namespace lanyard::test
