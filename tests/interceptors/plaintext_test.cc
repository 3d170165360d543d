// SPDX-License-Identifier: Apache-2.0
// Tokens never leave over an unprotected channel.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "examples/quickstart/raw_listener.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

constexpr char kToken[] = "a-token-that-must-not-be-seen";

ClientAuthOptions Options() {
  ClientAuthOptions options;
  options.audience = "test";
  options.token_source = StaticTokenSource(kToken);
  options.opaque_tokens_are_trusted = true;
  return options;
}

std::shared_ptr<grpc::Channel> ChannelWith(
    const ClientAuthOptions& options, const std::string& target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  auto client = ClientAuth::Create(options);
  EXPECT_TRUE(client.ok());
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back((*client)->InterceptorFactory());
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, {},
                                                                 std::move(factories));
}

TEST(PlaintextTest, SendsNoTokenWithoutTlsWhateverTheCall) {
  quickstart::RawListener listener;
  const auto channel = ChannelWith(Options(), absl::StrCat("127.0.0.1:", listener.port()),
                                   grpc::InsecureChannelCredentials());
  for (const CallType type : kAllCallTypes) {
    EXPECT_EQ(MakeCall(channel, type).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  EXPECT_EQ(listener.Stop().find(kToken), std::string::npos);
}

TEST(PlaintextTest, SendsNoTokenOverLoopbackUnlessToldThatItIsTrusted) {
  for (const bool trusted : {false, true}) {
    quickstart::RawListener listener;
    ClientAuthOptions options = Options();
    options.loopback_is_trusted = trusted;
    const auto channel = ChannelWith(options, absl::StrCat("127.0.0.1:", listener.port()),
                                     grpc::experimental::LocalCredentials(LOCAL_TCP));
    grpc::ClientContext context;
    Limit(&context);
    Message message;
    grpc::Status status;
    std::thread call([&] { status = Echo::NewStub(channel)->Unary(&context, message, &message); });
    if (trusted) {
      EXPECT_TRUE(Eventually([&] { return listener.Has(kToken); }));
      context.TryCancel();  // Nobody answers it.
    }
    call.join();
    if (!trusted) {
      EXPECT_THAT(status.error_message(), HasSubstr("loopback_is_trusted"));
    }
    EXPECT_EQ(listener.Stop().find(kToken) != std::string::npos, trusted);
  }
}

TEST(LoopbackTest, GoesToLoopbackAndNowhereElse) {
  ClientAuthOptions options = Options();
  options.loopback_is_trusted = true;
  for (const char* target : {"orders.example.test:8443", "10.0.0.1:443", "127.0.0.1.example.test:1",
                             "dns:///orders.example.test:443", "localhost"}) {
    EXPECT_THAT(CreateChannel(target, options), IsError(HasSubstr("without TLS"))) << target;
  }
  for (const char* target : {"127.0.0.1:1", "[::1]:1", "localhost:1"}) {
    EXPECT_THAT(CreateChannel(target, options), testing::IsOk()) << target;
  }
}

TEST(LoopbackTest, NeverGoesThroughAProxyThatTheEnvironmentNames) {
  quickstart::RawListener proxy;
  setenv("http_proxy", absl::StrCat("http://127.0.0.1:", proxy.port()).c_str(), 1);
  ClientAuthOptions options = Options();
  options.loopback_is_trusted = true;
  auto channel = CreateChannel("localhost:1", options);
  ASSERT_TRUE(channel.ok());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  Message message;
  EXPECT_FALSE(Echo::NewStub(*channel)->Unary(&context, message, &message).ok());
  unsetenv("http_proxy");
  EXPECT_EQ(proxy.Stop(), "");
}

}  // namespace
}  // namespace lanyard::test
