// SPDX-License-Identifier: Apache-2.0
// A server whose callers are SPIFFE workloads: the keys of their trust domain come from the SPIFFE
// agent of its machine, which SPIFFE_ENDPOINT_SOCKET names, and change when the agent says so.
//
//   server LISTEN CONFIG CERTIFICATE KEY
//   server 0.0.0.0:8443 auth.textproto tls.crt tls.key

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/interceptors/workload_api.h"

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

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: server LISTEN CONFIG CERTIFICATE KEY\n");
    return 2;
  }
  auto keys = lanyard::WorkloadApiKeySource({}, "prod.example", {lanyard::Algorithm::kEs256});
  if (!keys.ok()) return Fail(keys.status());

  lanyard::ServerAuthOptions options;
  options.config_files = {argv[2]};
  options.key_sources["mesh"] = *keys;  // The issuer of that name in the config.
  options.tls.certificate_chain = argv[3];
  options.tls.private_key = argv[4];
  const auto auth = lanyard::ServerAuth::Create(options);
  if (!auth.ok()) return Fail(auth.status());

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
