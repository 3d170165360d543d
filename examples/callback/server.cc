// SPDX-License-Identifier: Apache-2.0
// Orders by gRPC's callback API.
//
//   server LISTEN CONFIG CERTIFICATE KEY
//   server 0.0.0.0:8443 auth.textproto tls.crt tls.key

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"

namespace {

// [handler]
// Three orders, one after the other. Each callback runs on a thread of gRPC's; the copy of the
// caller that it keeps may be used on any of them.
class Watching final : public grpc::ServerWriteReactor<shop::Order> {
 public:
  explicit Watching(lanyard::Identity caller) : caller_(std::move(caller)) { WriteNext(); }

  void OnWriteDone(bool ok) override {
    if (!ok)
      return Finish(grpc::Status::CANCELLED);  // The client has left, or its token has ended.
    WriteNext();
  }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (written_ == 3) return Finish(grpc::Status::OK);
    order_.set_id(std::to_string(++written_));
    order_.set_asked_by(caller_.subject());
    StartWrite(&order_);
  }

  const lanyard::Identity caller_;
  shop::Order order_;
  int written_ = 0;
};

class OrdersService final : public shop::Orders::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetOrder(grpc::CallbackServerContext* context,
                                     const shop::GetOrderRequest* request,
                                     shop::Order* order) override {
    order->set_id(request->id());
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<shop::Order>* Watch(grpc::CallbackServerContext* context,
                                               const shop::WatchRequest*) override {
    return new Watching(lanyard::CallerOf(*context));
  }
};
// [end]

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
  OrdersService orders;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, argv[1], &port);
  builder.RegisterService(&orders);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;  // A line on stderr has said why.
  std::fprintf(stderr, "orders on port %d\n", port);
  server->Wait();
}
