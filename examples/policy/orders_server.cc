// SPDX-License-Identifier: Apache-2.0
// A server whose policy can be changed while it runs: docs/guides/policy.md tells its story.
//
//   orders_server FOLDER
//
// reads FOLDER/auth.textproto, and again whenever it changes. It makes throw-away certificates,
// whose CA it writes to FOLDER/ca.pem, and the port it listens on to FOLDER/port. Every decision
// is a line in FOLDER/audit.jsonl. It ends when its standard input does.

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/require.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/json_lines_audit_sink.h"
#include "lanyard/testing/test_certificates.h"

namespace {

class OrdersService final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    return grpc::Status::OK;
  }
  grpc::Status Cancel(grpc::ServerContext* context, const shop::CancelRequest* request,
                      shop::Order* order) override {
    // What depends on the request stands in no policy.
    if (request->id() == "42") {
      grpc::Status status = lanyard::RequireScope(*context, "orders.cancel.any");
      if (!status.ok()) return status;
    }
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: orders_server FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  const lanyard::testing::TestCertificates certificates;
  lanyard::ServerAuthOptions options;
  options.config_files = {folder + "/auth.textproto"};
  options.tls = certificates.Server();
  lanyard::JsonLinesAuditOptions audit;
  audit.file = folder + "/audit.jsonl";
  auto sink = lanyard::JsonLinesAuditSink(audit);
  if (!sink.ok()) {
    std::fprintf(stderr, "%s\n", std::string(sink.status().message()).c_str());
    return 1;
  }
  options.audit_sink = *std::move(sink);
  auto auth = lanyard::ServerAuth::Create(options);
  if (!auth.ok()) {
    std::fprintf(stderr, "%s\n", std::string(auth.status().message()).c_str());
    return 1;
  }
  int port = 0;
  OrdersService orders;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, "127.0.0.1:0", &port);
  builder.RegisterService(&orders);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::ofstream(folder + "/ca.pem") << certificates.Read("ca.pem");
  std::ofstream(folder + "/port") << port << "\n";
  while (std::fgetc(stdin) != EOF) {
  }
  server->Shutdown();
  return 0;
}
