// SPDX-License-Identifier: Apache-2.0
// A server that takes the access tokens of an OpenID provider, whose keys it finds by discovery.
//
//   server LISTEN CONFIG CERTIFICATE KEY
//   server 0.0.0.0:8443 auth.textproto tls.crt tls.key

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/server_auth.h"

namespace {

class OrdersService final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    const lanyard::Identity& caller = lanyard::CallerOf(*context);
    order->set_id(request->id());
    order->set_asked_by(absl::StrCat(caller.subject(), " by ", caller.client_id(), " with ",
                                     absl::StrJoin(caller.scopes(), " ")));
    return grpc::Status::OK;
  }
};

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
  options.https = lanyard::Https();  // Of @lanyard_https: discovery and keys are fetched by it.
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
