// SPDX-License-Identifier: Apache-2.0
// examples/tokens/workload_api, run beside an agent and an Orders server that has its keys from it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/interceptors/workload_api.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/workload_api_server.h"
#include "tests/examples/container.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

constexpr char kConfig[] = R"(
issuers {
  name: "mesh"
  profile: JWT_SVID
  trust_domain: "prod.example"
  audiences: "spiffe://prod.example/orders"
  algorithms: ES256
}
rules {
  method: "/shop.Orders/GetOrder"
  replaces_annotation: true  # It asks for a scope, and JWT-SVIDs have none.
  allow { subjects: "spiffe://prod.example/checkout" }
}
rules { method: "/shop.Orders/Cancel"  nobody: true }
)";

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

class WorkloadApiExampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WorkloadApiOptions agent;
    agent.endpoint = agent_.endpoint();
    auto keys = WorkloadApiKeySource(agent, "prod.example", {Algorithm::kEs256});
    ASSERT_TRUE(keys.ok()) << keys.status();
    ServerAuthOptions options;
    options.config_text = kConfig;
    options.key_sources["mesh"] = *keys;
    options.tls = files_.Server();
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&orders_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
    setenv("SPIFFE_ENDPOINT_SOCKET", agent_.endpoint().c_str(), 1);
    setenv("TARGET", absl::StrCat("localhost:", port_).c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
  }

  // Runs the example. What it prints, and how it ends.
  bool Says(const std::string& text, const std::string& log) const {
    Container client({"examples/tokens/workload_api"}, files_.Path(log));
    const bool says = client.Says(text);
    EXPECT_TRUE(says) << client.log();
    return says;
  }

  testing::TestCertificates files_;
  testing::WorkloadApiServer agent_{files_.folder()};
  Orders orders_;
  std::unique_ptr<ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(WorkloadApiExampleTest, CallsAsWhoTheAgentSaysItIs) {
  agent_.SetIdentities({"spiffe://prod.example/checkout"});
  ASSERT_TRUE(Eventually([this] { return auth_->Ready().ok(); })) << auth_->Ready();
  EXPECT_TRUE(Says("OK, asked by spiffe://prod.example/checkout\n", "known"));
  agent_.SetIdentities({"spiffe://prod.example/stranger"});
  EXPECT_TRUE(Says("code 7, permission denied", "stranger"));
  agent_.SetIdentities({});
  EXPECT_TRUE(Says("code 14, ", "unregistered"));
  unsetenv("SPIFFE_ENDPOINT_SOCKET");
  EXPECT_TRUE(Says("the environment has no SPIFFE_ENDPOINT_SOCKET", "unset"));
}

}  // namespace
}  // namespace lanyard::test
