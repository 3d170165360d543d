// SPDX-License-Identifier: Apache-2.0
// examples/spiffe: a server and its clients, which have all that they need from an agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/workload_api_server.h"
#include "tests/examples/orders_program.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"
#include "tests/interop/program.h"

namespace lanyard::test {
namespace {

constexpr char kClient[] = "examples/tokens/workload_api";
constexpr char kCheckout[] = "spiffe://prod.example/checkout";
constexpr char kOrders[] = "spiffe://prod.example/orders";

class SpiffeExampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("SPIFFE_ENDPOINT_SOCKET", agent_.endpoint().c_str(), 1);
    agent_.SetIdentities({kCheckout});
    server_ = std::make_unique<OrdersProgram>("examples/spiffe/server",
                                              "examples/spiffe/auth.textproto", files_);
    setenv("TARGET", server_->target().c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
    // It has its keys from the agent soon.
    ASSERT_TRUE(Eventually([] { return testing::Succeeds(kClient); })) << server_->log();
  }
  grpc::StatusCode Call(const std::string& token) const {
    return CallPath(PlainTls(files_, server_->port()), "/shop.Orders/GetOrder", Bearer(token))
        .error_code();
  }

  testing::TestCertificates files_;
  testing::WorkloadApiServer agent_{files_.folder()};
  std::unique_ptr<OrdersProgram> server_;
};

TEST_F(SpiffeExampleTest, WorkloadsCallEachOtherWithoutASecret) {
  EXPECT_EQ(testing::Printed(kClient), "OK, asked by spiffe://prod.example/checkout\n");
  EXPECT_EQ(Call(agent_.Svid("spiffe://prod.example/stranger", kOrders)),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Call(agent_.Svid(kCheckout, "spiffe://prod.example/payments")),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(SpiffeExampleTest, KeysChangeWhileItRuns) {
  const std::string old = agent_.Svid(kCheckout, kOrders);
  agent_.PublishNextKey();
  agent_.SignWithNextKey();
  EXPECT_TRUE(Eventually([] { return testing::Succeeds(kClient); })) << server_->log();
  agent_.RetireOldKeys();
  EXPECT_TRUE(Eventually([&] { return Call(old) != grpc::StatusCode::OK; }));
  EXPECT_EQ(Call(agent_.Svid(kCheckout, kOrders)), grpc::StatusCode::OK);
}

}  // namespace
}  // namespace lanyard::test
