// SPDX-License-Identifier: Apache-2.0
// examples/oidc beside a real provider, which it knows by its URL alone.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/examples/orders_program.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interop/oauth_fixture.h"
#include "tests/interop/program.h"

namespace lanyard::test {
namespace {

constexpr char kClient[] = "examples/tokens/client_credentials";

class OidcExampleTest : public OAuthFixture {
 protected:
  void SetUp() override {
    OAuthFixture::SetUp();
    if (IsSkipped()) return;
    StartProvider();
    setenv("OIDC_ISSUER", provider_->url().c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
    server_ = std::make_unique<OrdersProgram>("examples/oidc/server",
                                              "examples/oidc/auth.textproto", files_);
    setenv("TARGET", server_->target().c_str(), 1);
    setenv("TOKEN_URL", (provider_->url() + "/token").c_str(), 1);
    setenv("CLIENT_ID", "secret-ES256", 1);
    setenv("CLIENT_SECRET_FILE", Private("secret", "secret").c_str(), 1);
    // It has its keys from the provider soon.
    ASSERT_TRUE(Eventually([] { return testing::Succeeds(kClient); })) << server_->log();
  }
  grpc::StatusCode Call(const std::string& token) const {
    return CallPath(PlainTls(files_, server_->port()), "/shop.Orders/GetOrder", Bearer(token))
        .error_code();
  }

  std::unique_ptr<OrdersProgram> server_;
};

TEST_F(OidcExampleTest, TakesTheProvidersAccessTokens) {
  EXPECT_EQ(testing::Printed(kClient),
            "OK, asked by secret-ES256 by secret-ES256 with orders.read\n");
}

TEST_F(OidcExampleTest, AndNoOthers) {
  const std::string kinds = provider_->LogIn("ES256");
  EXPECT_EQ(Call(testing::Member(kinds, "resource_token")), grpc::StatusCode::OK);
  EXPECT_EQ(Call(testing::Member(kinds, "id_token")), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Call(provider_->AccessToken("ES256", "https://other.example.test")),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(OidcExampleTest, FollowsARotation) {
  provider_->Rotate("keep=yes");
  const std::string token = provider_->AccessToken();
  EXPECT_TRUE(Eventually([&] { return Call(token) == grpc::StatusCode::OK; })) << server_->log();
}

}  // namespace
}  // namespace lanyard::test
