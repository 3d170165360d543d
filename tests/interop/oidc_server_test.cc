// SPDX-License-Identifier: Apache-2.0
// docs/guides/keys.md, run: a gRPC server that knows its issuer by URL alone, and the issuer is
// oidc-provider over HTTPS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_replace.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/server_auth.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"
#include "tests/interop/oidc_provider.h"

namespace lanyard::test {
namespace {

using testing::Member;
using testing::Missing;
using testing::OidcProvider;

constexpr char kConfig[] = R"(
issuers {
  name: "sso"
  issuer: "https://sso.example.com"
  audiences: "https://orders.example.test"
  algorithms: ES256
  discovery_url: "https://sso.example.com/.well-known/openid-configuration"
  fetch { ca_file: "sso-ca.pem" }  # Where the system's certificates do not know it.
}
rules {
  method: "/shop.Orders/GetOrder"
  allow { issuers: "sso" all_scopes: "orders.read" }
}
)";

class OidcServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Missing().empty()) {
      GTEST_SKIP() << "SKIPPED: there is no " << Missing() << "; tests/interop/install installs it";
    }
    provider_ =
        std::make_unique<OidcProvider>(files_, std::vector<std::string>{"--algorithm", "ES256"});
    files_.Write("sso-ca.pem", files_.Read("ca.pem"));
    const std::string config_file = files_.Write(
        "auth.textproto",
        absl::StrReplaceAll(kConfig, {{"https://sso.example.com", provider_->url()},
                                      {"/shop.Orders/GetOrder", "/lanyard.test.Echo/Unruled"}}));
    const TlsFiles tls = files_.Server();
    ServerAuthOptions options;
    options.config_files = {config_file};
    options.tls = tls;
    options.https = lanyard::Https();
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    auth_->AddListeningPort(echo_.builder(), "127.0.0.1:0", &port_);
    ASSERT_TRUE(echo_.Start()) << auth_->start_error();
    for (int i = 0; i < 6000 && !auth_->Ready().ok(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_TRUE(auth_->Ready().ok()) << auth_->Ready();
    channel_ = PlainTls(files_, port_);
  }

  grpc::Status Call(const std::string& token) {
    return CallPath(channel_, "/lanyard.test.Echo/Unruled", Bearer(token));
  }

  testing::TestCertificates files_;
  std::unique_ptr<OidcProvider> provider_;
  EchoServer echo_{Api::kCallback};
  std::unique_ptr<ServerAuth> auth_;
  int port_ = 0;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(OidcServerTest, ServesTheProvidersAccessTokensAndNothingElse) {
  EXPECT_TRUE(Call(provider_->AccessToken()).ok());
  EXPECT_EQ(Call(provider_->AccessToken("ES256", "https://other.example.test")).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const std::string kinds = provider_->LogIn("ES256");
  EXPECT_TRUE(Call(Member(kinds, "resource_token")).ok());
  for (const char* kind : {"id_token", "plain_id_token", "logout_token", "introspection",
                           "authorization_response", "access_token"}) {
    EXPECT_EQ(Call(Member(kinds, kind)).error_code(), grpc::StatusCode::UNAUTHENTICATED) << kind;
  }
}

TEST_F(OidcServerTest, FollowsARotationWithoutARestart) {
  const std::string before = provider_->AccessToken();
  EXPECT_TRUE(Call(before).ok());
  provider_->Rotate("keep=yes");
  const std::string after = provider_->AccessToken();
  grpc::Status status;
  for (int i = 0; i < 6000; ++i) {
    status = Call(after);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Call(before).ok()) << "its key is still published";
}

}  // namespace
}  // namespace lanyard::test
