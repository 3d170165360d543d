// SPDX-License-Identifier: Apache-2.0
// The examples that need an issuer, run as they stand beside a real one.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interop/oauth_fixture.h"
#include "tests/interop/program.h"

namespace lanyard::test {
namespace {

using testing::kAudience;

constexpr char kFront[] = "https://front.example.test";

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    const Identity& caller = CallerOf(*context);
    order->set_asked_by(absl::StrCat(caller.subject(), " by ", caller.client_id()));
    return grpc::Status::OK;
  }
};

class TokenExamplesTest : public OAuthFixture {
 protected:
  void SetUp() override {
    OAuthFixture::SetUp();
    if (IsSkipped()) return;
    StartProvider();
    ServerAuthOptions options;
    options.config_text = ServerConfig(kAudience);
    options.tls = files_.Server();
    options.https = lanyard::Https();
    auto auth = ServerAuth::Create(options);
    ASSERT_THAT(auth, testing::IsOk());
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&orders_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
    ASSERT_TRUE(Eventually([this] { return auth_->Ready().ok(); })) << auth_->Ready();
    setenv("TARGET", absl::StrCat("localhost:", port_).c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
  }

  std::string ServerConfig(const std::string& audience) const {
    return absl::StrCat("issuers { name: 'sso' issuer: '", provider_->url(), "' audiences: '",
                        audience, "' algorithms: ES256 discovery_url: '", provider_->url(),
                        "/.well-known/openid-configuration' fetch { ca_file: '",
                        files_.Client().root_certificates, "' } }\n",
                        "rules { method: '/shop.Orders/GetOrder' replaces_annotation: true",
                        " allow { any_authenticated: true } }\n",
                        "rules { method: '/shop.Orders/Cancel' nobody: true }\n");
  }

  Orders orders_;
  std::unique_ptr<ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(TokenExamplesTest, ClientCredentials) {
  setenv("TOKEN_URL", (provider_->url() + "/token").c_str(), 1);
  setenv("CLIENT_ID", "secret-ES256", 1);
  setenv("CLIENT_SECRET_FILE", Private("secret", "secret").c_str(), 1);
  EXPECT_EQ(testing::Printed("examples/tokens/client_credentials"),
            "OK, asked by secret-ES256 by secret-ES256\n");
}

TEST_F(TokenExamplesTest, TokenExchange) {
  setenv("SERVER_CONFIG_FILE", files_.Write("server", ServerConfig(kFront)).c_str(), 1);
  setenv("CERTIFICATE_FILE", files_.Server().certificate_chain.c_str(), 1);
  setenv("PRIVATE_KEY_FILE", files_.Server().private_key.c_str(), 1);
  const std::string client = absl::StrCat(
      "client { token_url: '", provider_->url(), "/token' client_id: 'secret-ES256'",
      " client_secret_file: '", Private("secret", "secret"), "' client_secret_in: FORM ca_file: '",
      files_.Client().root_certificates, "' } audience_as: RESOURCE");
  const std::string config = files_.Write(
      "client", absl::StrCat("sources { name: 'own' client_credentials { ", client, " } }\n",
                             "sources { name: 'callers' token_exchange { request { ", client,
                             " } } }\n", "targets { names: '*' audience: '", kAudience,
                             "' source: 'own' exchange_source: 'callers' }\n"));
  setenv("CLIENT_CONFIG_FILE", config.c_str(), 1);
  testing::Process front({"examples/tokens/token_exchange"});
  front.Read(' ');
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(front.Read('\n'), &port));
  const std::string alice = testing::Member(provider_->LogIn("ES256", kFront), "resource_token");
  shop::Order order;
  // The server has its keys from the issuer soon.
  grpc::Status status;
  Eventually([&] {
    grpc::ClientContext context;
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + alice);
    status = shop::Orders::NewStub(PlainTls(files_, port))
                 ->GetOrder(&context, shop::GetOrderRequest(), &order);
    return status.error_code() != grpc::StatusCode::UNAVAILABLE;
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(order.asked_by(), "alice by secret-ES256");
}

}  // namespace
}  // namespace lanyard::test
