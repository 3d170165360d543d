// SPDX-License-Identifier: Apache-2.0
// A server without TLS of its own: it listens on a Unix socket, and a proxy of its machine, which
// ends TLS, reaches it there.
//
//   server SOCKET CONFIG
//   server /run/orders/grpc.sock auth.textproto

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"

namespace {

class OrdersService final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    order->set_id(request->id());
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: server SOCKET CONFIG\n");
    return 2;
  }
  lanyard::ServerAuthOptions options;
  options.config_files = {argv[2]};
  const auto auth = lanyard::ServerAuth::Create(options);
  if (!auth.ok()) {
    std::fprintf(stderr, "%s\n", std::string(auth.status().message()).c_str());
    return 1;
  }

  OrdersService orders;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, std::string("unix:") + argv[1]);
  builder.RegisterService(&orders);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;  // A line on stderr has said why.
  std::fprintf(stderr, "orders on %s\n", argv[1]);
  server->Wait();
}
