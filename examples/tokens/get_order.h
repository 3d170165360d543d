// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_EXAMPLES_TOKENS_GET_ORDER_H_
#define LANYARD_EXAMPLES_TOKENS_GET_ORDER_H_

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/quickstart/orders.grpc.pb.h"

// The value of an environment variable; the program ends if it is not set.
inline std::string Env(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr) return value;
  std::fprintf(stderr, "set %s\n", name);
  std::exit(2);
}

inline int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}

// Asks for an order and prints what became of it; the program's exit code.
inline int GetOrder(const absl::StatusOr<std::shared_ptr<grpc::Channel>>& channel) {
  if (!channel.ok()) return Fail(channel.status());
  grpc::ClientContext context;
  shop::Order order;
  const grpc::Status status =
      shop::Orders::NewStub(*channel)->GetOrder(&context, shop::GetOrderRequest(), &order);
  if (!status.ok()) {
    std::printf("code %d, %s\n", status.error_code(), status.error_message().c_str());
    return 1;
  }
  std::printf("OK, asked by %s\n", order.asked_by().c_str());
  return 0;
}

#endif  // LANYARD_EXAMPLES_TOKENS_GET_ORDER_H_
