// SPDX-License-Identifier: Apache-2.0
// The handler by itself: what it answers to whom.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "examples/testing/orders.h"
#include "lanyard/testing/fake_caller.h"

namespace shop {
namespace {

// [handler]
grpc::Status GetOrderAs(const std::string& subject, Order* order) {
  grpc::ServerContext context;
  lanyard::testing::FakeCaller caller(&context, "sso", subject, {"orders.read"});
  GetOrderRequest request;
  request.set_id("42");
  return OrdersService().GetOrder(&context, &request, order);
}

TEST(OrdersTest, AreForTheirOwnersOnly) {
  Order order;
  EXPECT_TRUE(GetOrderAs("alice", &order).ok());
  EXPECT_EQ(order.owner(), "alice");
  EXPECT_EQ(GetOrderAs("bob", &order).error_code(), grpc::StatusCode::NOT_FOUND);
}
// [end]

TEST(OrdersTest, AreNotForANamesakeOfAnotherIssuer) {
  grpc::ServerContext context;
  lanyard::testing::FakeCaller caller(&context, "partner", "alice", {"orders.read"});
  GetOrderRequest request;
  request.set_id("42");
  Order order;
  EXPECT_EQ(OrdersService().GetOrder(&context, &request, &order).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace shop
