// SPDX-License-Identifier: Apache-2.0
// Who may call what, by a server under the policy as it is deployed.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "examples/testing/orders.h"
#include "lanyard/testing/call_matchers.h"
#include "lanyard/testing/test_server.h"

namespace shop {
namespace {

using lanyard::AuthFailure;
using lanyard::RefusalReason;
using lanyard::testing::AllowedCall;
using lanyard::testing::CallOf;
using lanyard::testing::RefusedAs;
using lanyard::testing::RefusedCall;
using lanyard::testing::TestServer;
using lanyard::testing::TestServerOptions;
using ::testing::AllOf;

// [policy]
grpc::Status Cancel(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  Order order;
  return Orders::NewStub(channel)->Cancel(&context, CancelRequest(), &order);
}

TEST(OrdersPolicyTest, RefundsAloneMayCancel) {
  OrdersService orders;
  TestServerOptions options;
  options.config_files = {"examples/testing/auth.textproto"};
  TestServer server({&orders}, options);
  EXPECT_TRUE(Cancel(server.ChannelAs("svc:refunds")).ok());
  EXPECT_THAT(Cancel(server.ChannelAs("alice")), RefusedAs(RefusalReason::kPermissionDenied));
  EXPECT_THAT(Cancel(server.AnonymousChannel()), RefusedAs(RefusalReason::kMissingToken));
}
// [end]

grpc::Status GetOrder(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  GetOrderRequest request;
  request.set_id("42");
  Order order;
  return Orders::NewStub(channel)->GetOrder(&context, request, &order);
}

// With the annotations alone, and an issuer of the name that the handler knows.
TEST(OrdersPolicyTest, ReadersNeedTheScope) {
  OrdersService orders;
  TestServerOptions options;
  options.issuer = "sso";
  TestServer server({&orders}, options);
  EXPECT_TRUE(GetOrder(server.ChannelAs("alice", {"orders.read"})).ok());
  // [audit]
  EXPECT_THAT(server.audit().last(), AllOf(AllowedCall(), CallOf("sso", "alice")));
  EXPECT_THAT(GetOrder(server.ChannelAs("alice")), RefusedAs(RefusalReason::kPermissionDenied));
  EXPECT_THAT(server.audit().last(), RefusedCall(AuthFailure::kDeniedByPolicy));
  // [token]
  const std::string expired =
      server.Token().Scopes("orders.read").ExpiresIn(-absl::Hours(1)).Sign();
  EXPECT_THAT(GetOrder(server.Channel(expired)), RefusedAs(RefusalReason::kTokenExpired));
  // [end]
}

}  // namespace
}  // namespace shop
