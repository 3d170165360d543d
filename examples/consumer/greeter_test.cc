// SPDX-License-Identifier: Apache-2.0
#include "greeter.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace acme {
namespace {

using ::testing::StartsWith;

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

// The server as it runs, with TLS, and an issuer that the test holds the key of.
class GreeterServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    lanyard::ServerAuthOptions options;
    options.config_text = sso_.ConfigText();
    options.key_sources = {{"sso", sso_.Keys()}};
    options.tls = certificates_.Server();
    auto auth = lanyard::ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);

    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&greeter_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
  }

  grpc::Status Greet(const std::string& token, GreetReply* reply) {
    lanyard::ClientAuthOptions options;
    options.audience = "test";  // As the test issuer's tokens and ConfigText() have it.
    options.token_source = lanyard::StaticTokenSource(token);
    options.tls = certificates_.Client();
    auto channel = lanyard::CreateChannel("localhost:" + std::to_string(port_), options);
    if (!channel.ok()) return {grpc::StatusCode::INTERNAL, channel.status().ToString()};
    grpc::ClientContext context;
    return Greeter::NewStub(*channel)->Greet(&context, Hello(), reply);
  }

  const lanyard::testing::TestIssuer sso_{lanyard::Algorithm::kEs256, "sso"};
  const lanyard::testing::TestCertificates certificates_;
  std::unique_ptr<lanyard::ServerAuth> auth_;
  GreeterService greeter_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(GreeterServerTest, GreetsACallerWhoMayCall) {
  GreetReply reply;
  const grpc::Status status = Greet(sso_.Token().Subject("alice").Scopes("greet").Sign(), &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.text(), "Hello, alice");
}

TEST_F(GreeterServerTest, RefusesACallerWithoutTheScope) {
  GreetReply reply;
  const grpc::Status status = Greet(sso_.Token().Subject("alice").Scopes("wave").Sign(), &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), StartsWith("permission denied"));
  EXPECT_EQ(reply.text(), "");
}

TEST_F(GreeterServerTest, RefusesATokenOfAStranger) {
  const lanyard::testing::TestIssuer stranger(lanyard::Algorithm::kEs256, "sso");
  GreetReply reply;
  const grpc::Status status = Greet(stranger.Token().Scopes("greet").Sign(), &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), StartsWith("invalid token"));
}

}  // namespace
}  // namespace acme
