// SPDX-License-Identifier: Apache-2.0
// The user's own server interceptors: they never see the token, and cannot undo a refusal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using grpc::experimental::InterceptionHookPoints;
using ::testing::ValuesIn;

struct Seen {
  std::atomic<int> calls{0}, tokens{0}, callers{0};
};

class Spy final : public grpc::experimental::Interceptor {
 public:
  Spy(grpc::experimental::ServerRpcInfo* info, Seen* seen) : info_(info), seen_(seen) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
      methods->Proceed();
      return;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      ++seen_->calls;
      if (methods->GetRecvInitialMetadata()->count("authorization") != 0) ++seen_->tokens;
      if (CallerOf(*info_->server_context()).authenticated()) ++seen_->callers;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      methods->ModifySendStatus(grpc::Status::OK);
    }
    methods->Proceed();
  }

 private:
  grpc::experimental::ServerRpcInfo* const info_;
  Seen* const seen_;
};

class SpyFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit SpyFactory(Seen* seen) : seen_(seen) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new Spy(info, seen_);
  }

 private:
  Seen* const seen_;
};

class InterceptorOrderTest : public ::testing::TestWithParam<Api> {};

TEST_P(InterceptorOrderTest, UsersInterceptorsSeeTheCallerButNoTokenAndCannotAdmitAnyone) {
  Seen seen;
  GatedServer server(GetParam());
  ASSERT_NO_FATAL_FAILURE(server.Create());
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> spies;
  spies.push_back(std::make_unique<SpyFactory>(&seen));
  server.auth->SetInterceptorCreators(server.echo.builder(), std::move(spies));
  ASSERT_NO_FATAL_FAILURE(server.Start());
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
                  .status.ok());
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.tokens, 0);
  EXPECT_EQ(seen.callers, 1);
  EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(server.echo.handled().runs, 1);
}

INSTANTIATE_TEST_SUITE_P(All, InterceptorOrderTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
