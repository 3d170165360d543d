// SPDX-License-Identifier: Apache-2.0
// Orders by gRPC's asynchronous API: a completion queue, and threads that serve it.
//
//   server LISTEN CONFIG CERTIFICATE KEY
//   server 0.0.0.0:8443 auth.textproto tls.crt tls.key

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"

namespace {

// GetOrder alone is asynchronous; the other methods stay as they are in shop::Orders::Service.
using Service = shop::Orders::WithAsyncMethod_GetOrder<shop::Orders::Service>;

// [handler]
// One call of GetOrder, from the moment that it is waited for. Refused calls never come up in the
// queue.
class GetOrderCall {
 public:
  GetOrderCall(Service* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service_->RequestGetOrder(&context_, &request_, &writer_, queue_, queue_, this);
  }

  // What it waited for has come to pass, or, where not `ok`, will not any more.
  void Proceed(bool ok) {
    if (answered_ || !ok) {
      delete this;
      return;
    }
    new GetOrderCall(service_, queue_);  // For the next caller.
    answered_ = true;
    order_.set_id(request_.id());
    order_.set_asked_by(lanyard::CallerOf(context_).subject());
    writer_.Finish(order_, grpc::Status::OK, this);
  }

 private:
  Service* const service_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ServerContext context_;
  shop::GetOrderRequest request_;
  shop::Order order_;
  grpc::ServerAsyncResponseWriter<shop::Order> writer_;
  bool answered_ = false;
};
// [end]

void ServeQueue(grpc::ServerCompletionQueue* queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<GetOrderCall*>(tag)->Proceed(ok);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: server LISTEN CONFIG CERTIFICATE KEY\n");
    return 2;
  }
  lanyard::ServerAuthOptions options;
  options.config_files = {argv[2]};
  options.tls.certificate_chain = argv[3];
  options.tls.private_key = argv[4];
  const auto auth = lanyard::ServerAuth::Create(options);
  if (!auth.ok()) {
    std::fprintf(stderr, "%s\n", std::string(auth.status().message()).c_str());
    return 1;
  }

  int port = 0;
  Service orders;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, argv[1], &port);
  builder.RegisterService(&orders);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;  // A line on stderr has said why.
  std::fprintf(stderr, "orders on port %d\n", port);

  new GetOrderCall(&orders, queue.get());
  std::thread other(ServeQueue, queue.get());
  ServeQueue(queue.get());
  other.join();
}
