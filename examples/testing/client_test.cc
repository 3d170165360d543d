// SPDX-License-Identifier: Apache-2.0
// A client that authenticates, against a server of the test's.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "examples/testing/orders.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/test_server.h"

namespace shop {
namespace {

class OrdersClientTest : public ::testing::Test {
 protected:
  // What the program's own code does with the options that it is given.
  grpc::Status GetOrder(const lanyard::ClientAuthOptions& options) {
    auto channel = lanyard::CreateChannel(server_.target(), options);
    if (!channel.ok()) return {grpc::StatusCode::INTERNAL, channel.status().ToString()};
    grpc::ClientContext context;
    GetOrderRequest request;
    request.set_id("42");
    Order order;
    return Orders::NewStub(*channel)->GetOrder(&context, request, &order);
  }

  static lanyard::testing::TestServerOptions Options() {
    lanyard::testing::TestServerOptions options;
    options.issuer = "sso";
    return options;
  }

  OrdersService orders_;
  lanyard::testing::TestServer server_{{&orders_}, Options()};
};

TEST_F(OrdersClientTest, SendsItsToken) {
  // [client]
  lanyard::ClientAuthOptions options;
  options.audience = "test";
  options.token_source =
      lanyard::StaticTokenSource(server_.Token().Subject("alice").Scopes("orders.read").Sign());
  options.tls = server_.certificates().Client();
  EXPECT_TRUE(GetOrder(options).ok());
  // [end]
}

TEST_F(OrdersClientTest, SendsNoTokenThatIsForAnotherServer) {
  lanyard::ClientAuthOptions options;
  options.audience = "test";
  options.token_source =
      lanyard::StaticTokenSource(server_.Token().Audience("payments").Scopes("orders.read").Sign());
  options.tls = server_.certificates().Client();
  EXPECT_EQ(GetOrder(options).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(server_.audit().events().empty());
}

}  // namespace
}  // namespace shop
