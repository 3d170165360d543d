// SPDX-License-Identifier: Apache-2.0
// Calls orders_server once and prints what became of it.
//
//   orders_client FOLDER get|cancel TOKENFILE [ORDER]

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: orders_client FOLDER get|cancel TOKENFILE [ORDER]\n");
    return 2;
  }
  const std::string folder = argv[1], method = argv[2];
  std::string port;
  std::getline(std::ifstream(folder + "/port"), port);
  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = lanyard::FileTokenSource(argv[3]);
  options.tls.root_certificates = folder + "/ca.pem";
  auto channel = lanyard::CreateChannel(absl::StrCat("localhost:", port), options);
  if (!channel.ok()) {
    std::fprintf(stderr, "%s\n", std::string(channel.status().message()).c_str());
    return 1;
  }
  const auto stub = shop::Orders::NewStub(*channel);
  grpc::ClientContext context;
  shop::Order order;
  grpc::Status status;
  if (method == "get") {
    status = stub->GetOrder(&context, shop::GetOrderRequest(), &order);
  } else {
    shop::CancelRequest request;
    request.set_id(argc > 4 ? argv[4] : "7");
    status = stub->Cancel(&context, request, &order);
  }
  if (status.ok()) {
    std::printf("OK, asked by %s\n", order.asked_by().c_str());
    return 0;
  }
  std::printf("code %d, %s\n", status.error_code(), status.error_message().c_str());
  return 1;
}
