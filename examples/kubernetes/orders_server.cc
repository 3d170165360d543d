// SPDX-License-Identifier: Apache-2.0
// The server in the cluster: docs/guides/kubernetes.md leads through it.
//
//   orders_server --listen=ADDRESS --health=ADDRESS --config=FILE --tls=FOLDER
//
// FOLDER is a mounted Secret of type kubernetes.io/tls. Every decision is one line of JSON on
// standard output. Ends at SIGTERM, after the calls that run.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "examples/kubernetes/program.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/health_port.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/json_lines_audit_sink.h"

namespace {

class OrdersService final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    order->set_id(request->id());
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    return grpc::Status::OK;
  }
  grpc::Status Cancel(grpc::ServerContext* context, const shop::CancelRequest* request,
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
  const EndSignal end;
  const std::string tls = Option(argc, argv, "tls");

  lanyard::ServerAuthOptions options;
  options.config_files = {Option(argc, argv, "config")};
  options.tls.certificate_chain = tls + "/tls.crt";
  options.tls.private_key = tls + "/tls.key";
  options.https = lanyard::Https();
  auto sink = lanyard::JsonLinesAuditSink({});
  if (!sink.ok()) return Fail(sink.status());
  options.audit_sink = *std::move(sink);
  auto auth = lanyard::ServerAuth::Create(options);
  if (!auth.ok()) return Fail(auth.status());

  int port = 0, health_port = 0;
  OrdersService orders;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, Option(argc, argv, "listen"), &port);
  builder.RegisterService(&orders);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;  // A line on stderr has said why.

  auto health = lanyard::HealthPort::Create(Option(argc, argv, "health"), &health_port);
  if (!health.ok()) return Fail(health.status());
  (*health)->ServeWhile([&auth] { return (*auth)->Ready().ok(); });
  (*health)->SetServing("", true);
  std::fprintf(stderr, "orders on port %d, health on port %d\n", port, health_port);

  end.Wait();
  (*health)->SetServing("", false);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return 0;
}
