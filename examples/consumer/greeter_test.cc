// SPDX-License-Identifier: Apache-2.0
#include "greeter.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/call_matchers.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/test_issuer.h"
#include "lanyard/testing/test_server.h"

namespace acme {
namespace {

using lanyard::testing::RefusedAs;

GreetRequest Hello() {
  GreetRequest request;
  request.set_greeting("Hello");
  return request;
}

// The handler by itself: no server, no token.
TEST(GreeterTest, GreetsTheCaller) {
  grpc::ServerContext context;
  lanyard::testing::FakeCaller caller(&context, "sso", "alice", {"greet"});
  const GreetRequest request = Hello();
  GreetReply reply;
  EXPECT_TRUE(GreeterService().Greet(&context, &request, &reply).ok());
  EXPECT_EQ(reply.text(), "Hello, alice");
}

// Who gets as far as the handler: a server with TLS and the policy of greeter.proto, and an issuer
// that the test holds the key of.
class GreeterPolicyTest : public ::testing::Test {
 protected:
  static lanyard::testing::TestServerOptions Options() {
    lanyard::testing::TestServerOptions options;
    options.issuer = "sso";  // As greeter.proto has it.
    return options;
  }

  grpc::Status Greet(const std::shared_ptr<grpc::Channel>& channel, GreetReply* reply) {
    grpc::ClientContext context;
    return Greeter::NewStub(channel)->Greet(&context, Hello(), reply);
  }

  GreeterService greeter_;
  lanyard::testing::TestServer server_{{&greeter_}, Options()};
};

TEST_F(GreeterPolicyTest, GreetsACallerWhoMayCall) {
  GreetReply reply;
  const grpc::Status status = Greet(server_.ChannelAs("alice", {"greet"}), &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.text(), "Hello, alice");
}

TEST_F(GreeterPolicyTest, RefusesACallerWithoutTheScope) {
  GreetReply reply;
  EXPECT_THAT(Greet(server_.ChannelAs("alice", {"wave"}), &reply),
              RefusedAs(lanyard::RefusalReason::kPermissionDenied));
  EXPECT_EQ(reply.text(), "");
}

TEST_F(GreeterPolicyTest, RefusesATokenOfAStranger) {
  const lanyard::testing::TestIssuer stranger(lanyard::Algorithm::kEs256, "sso");
  GreetReply reply;
  EXPECT_THAT(Greet(server_.Channel(stranger.Token().Scopes("greet").Sign()), &reply),
              RefusedAs(lanyard::RefusalReason::kInvalidToken));
}

// The program's own client, against that server.
TEST_F(GreeterPolicyTest, ServesAClientThatAuthenticates) {
  lanyard::ClientAuthOptions options;
  options.audience = "test";  // As the test's issuer has it.
  options.token_source =
      lanyard::StaticTokenSource(server_.Token().Subject("bob").Scopes("greet").Sign());
  options.tls = server_.certificates().Client();
  auto channel = lanyard::CreateChannel(server_.target(), options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  GreetReply reply;
  const grpc::Status status = Greet(*channel, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.text(), "Hello, bob");
}

}  // namespace
}  // namespace acme
