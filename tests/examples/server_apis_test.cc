// SPDX-License-Identifier: Apache-2.0
// The examples of gRPC's callback and asynchronous API, run as they stand.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/examples/orders_program.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interop/program.h"

namespace lanyard::test {
namespace {

using ::testing::StartsWith;

constexpr char kConfig[] = R"(
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } }
)";

// The folder of the example.
class ServerApisTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    files_.Write("sso.jwks", issuer_.PublicJwks());
    server_ = std::make_unique<OrdersProgram>(absl::StrCat("examples/", GetParam(), "/server"),
                                              files_.Write("auth.textproto", kConfig), files_);
    setenv("TARGET", server_->target().c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
  }

  std::string Token(const std::string& subject, const std::string& scope = "orders.read") const {
    return issuer_.Token().Subject(subject).Audience("orders").Scopes(scope).Sign();
  }
  // What a client prints that calls with that token.
  std::string Run(const std::string& client, const std::string& token) const {
    setenv("TOKEN_FILE", files_.Write("token", token).c_str(), 1);
    return testing::Printed(client);
  }
  grpc::Status Call(const std::string& method, const std::string& token) const {
    return CallPath(PlainTls(files_, server_->port()), "/shop.Orders/" + method, Bearer(token));
  }

  const testing::TestCertificates files_;
  const testing::TestIssuer issuer_{Algorithm::kEs256, "sso"};
  std::unique_ptr<OrdersProgram> server_;
};

INSTANTIATE_TEST_SUITE_P(, ServerApisTest, ::testing::Values("async", "callback"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(ServerApisTest, HandlersSeeTheirCallers) {
  for (const char* caller : {"svc:checkout", "svc:billing"}) {
    EXPECT_EQ(Run("examples/tokens/file", Token(caller)),
              absl::StrCat("OK, asked by ", caller, "\n"));
  }
}

TEST_P(ServerApisTest, OthersAreRefused) {
  const grpc::Status elsewhere =
      Call("GetOrder", issuer_.Token().Audience("billing").Scopes("orders.read").Sign());
  EXPECT_EQ(elsewhere.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(elsewhere.error_message(), StartsWith("wrong audience [lanyard "));
  const grpc::Status narrow = Call("GetOrder", Token("svc:checkout", "orders.list"));
  EXPECT_EQ(narrow.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(narrow.error_message(), StartsWith("permission denied [lanyard "));
  EXPECT_EQ(Call("GetOrder", "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Call("Cancel", Token("svc:checkout")).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Call("Cancel", Token("svc:refunds")).error_code(), grpc::StatusCode::UNIMPLEMENTED)
      << "allowed, and no example has it";
  EXPECT_TRUE(Call("GetOrder", Token("svc:checkout")).ok()) << "and goes on";
}

class CallbackExampleTest : public ServerApisTest {};

INSTANTIATE_TEST_SUITE_P(, CallbackExampleTest, ::testing::Values("callback"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(CallbackExampleTest, ClientsCallByTheSameApi) {
  EXPECT_EQ(Run("examples/callback/client", Token("svc:checkout")),
            "OK, asked by svc:checkout\n"
            "order 1, asked by svc:checkout\n"
            "order 2, asked by svc:checkout\n"
            "order 3, asked by svc:checkout\n");
}

}  // namespace
}  // namespace lanyard::test
