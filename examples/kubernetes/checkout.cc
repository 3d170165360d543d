// SPDX-License-Identifier: Apache-2.0
// The client in the cluster: asks for an order now and then, and prints what became of it.
//
//   checkout --target=HOST:PORT --ca=FILE --token=FILE --every=DURATION
//
// Ends at SIGTERM.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "absl/time/time.h"
#include "examples/kubernetes/program.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"

int main(int argc, char** argv) {
  const EndSignal end;
  absl::Duration every;
  if (!absl::ParseDuration(Option(argc, argv, "every"), &every)) {
    std::fprintf(stderr, "checkout: --every is no duration, as 10s is\n");
    return 2;
  }

  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = lanyard::FileTokenSource(Option(argc, argv, "token"));
  options.tls.root_certificates = Option(argc, argv, "ca");
  auto channel = lanyard::CreateChannel(Option(argc, argv, "target"), options);
  if (!channel.ok()) {
    std::fprintf(stderr, "%s\n", std::string(channel.status().message()).c_str());
    return 1;
  }
  const auto stub = shop::Orders::NewStub(*channel);
  do {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    shop::GetOrderRequest request;
    request.set_id("7");
    shop::Order order;
    const grpc::Status status = stub->GetOrder(&context, request, &order);
    if (status.ok()) {
      std::fprintf(stderr, "OK, asked by %s\n", order.asked_by().c_str());
    } else {
      std::fprintf(stderr, "code %d, %s\n", status.error_code(), status.error_message().c_str());
    }
  } while (!end.Within(every));
  return 0;
}
