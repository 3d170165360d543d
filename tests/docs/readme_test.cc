// SPDX-License-Identifier: Apache-2.0
// The README's code, as it stands there (readme_snippets_test compares the two), built and run.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

std::unique_ptr<grpc::Server> Fail(const absl::Status& status) {
  ADD_FAILURE() << status;
  return nullptr;
}

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_owner("alice");
    // [handler]
    const lanyard::Identity& caller = lanyard::CallerOf(*context);
    if (!caller.Is("sso", order->owner()) && !caller.HasScope("orders.read.all")) {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such order");
    }
    // [end]
    return grpc::Status::OK;
  }
};

class ReadmeTest : public ::testing::Test {
 protected:
  ReadmeTest() : etc(files.Path("")) {
    files.Write("sso.jwks", issuer.PublicJwks());
    files.Write("tls.crt", files.Read("server.crt"));
    files.Write("tls.key", files.Read("server.key"));
    files.Write("auth.textproto", kConfig);
  }

  std::unique_ptr<grpc::Server> Serve(int& port) {
    const std::string address = "127.0.0.1:0";
    // [server]
    lanyard::ServerAuthOptions options;
    options.config_files = {etc + "auth.textproto"};
    options.tls.certificate_chain = etc + "tls.crt";
    options.tls.private_key = etc + "tls.key";
    absl::StatusOr<std::unique_ptr<lanyard::ServerAuth>> auth =
        lanyard::ServerAuth::Create(options);
    if (!auth.ok())
      return Fail(auth.status());  // Names the file, the line and what would be right.

    grpc::ServerBuilder builder;
    (*auth)->AddListeningPort(builder, address, &port);  // TLS, the gate and the binding.
    builder.RegisterService(&orders);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    // [end]
    return server;
  }

  grpc::Status Call(int port, const std::string& token) {
    files.Write("token", token);
    const std::string target = absl::StrCat("localhost:", port);
    // [client]
    lanyard::ClientAuthOptions options;
    options.audience = "orders";
    options.token_source =
        lanyard::FileTokenSource(etc + "token");  // Read again before it expires.
    options.tls.root_certificates = etc + "ca.pem";
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        lanyard::CreateChannel(target, options);
    // [end]
    if (!channel.ok()) {
      ADD_FAILURE() << channel.status();
      return grpc::Status::CANCELLED;
    }
    grpc::ClientContext context;
    shop::Order order;
    return shop::Orders::NewStub(*channel)->GetOrder(&context, {}, &order);
  }

  static constexpr char kConfig[] = R"(
# [policy]
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } }
health: ANYONE
# [end]
)";

  const lanyard::testing::TestIssuer issuer{lanyard::Algorithm::kEs256, "sso"};
  lanyard::testing::TestCertificates files;
  const std::string etc;
  Orders orders;
};

TEST_F(ReadmeTest, ItsServerAndClientUnderstandEachOther) {
  int port = 0;
  const auto server = Serve(port);
  ASSERT_NE(server, nullptr);
  auto token = issuer.Token().Audience("orders").Scopes("orders.read");
  EXPECT_TRUE(Call(port, token.Subject("alice").Sign()).ok());
  EXPECT_EQ(Call(port, token.Subject("bob").Sign()).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Call(port, token.Scopes("").Sign()).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ReadmeTest, ItsHandlerTestWorks) {
  shop::GetOrderRequest request;
  shop::Order order;
  // [testing]
  grpc::ServerContext context;
  lanyard::testing::FakeCaller caller(&context, "sso", "alice", {"orders.read"});
  EXPECT_TRUE(orders.GetOrder(&context, &request, &order).ok());
  // [end]
}

}  // namespace
