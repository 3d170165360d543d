// SPDX-License-Identifier: Apache-2.0
// What a ClientAuth channel sends, and what it refuses to send.

#include "lanyard/interceptors/client_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/authenticated_channel.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

TEST_F(ClientAuthTest, AttachesTheTokenToEveryKindOfCall) {
  const auto channel = Connect(Options(StaticTokenSource(GoodToken())));
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel, type);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, "svc:test");
  }
}

TEST_F(ClientAuthTest, ChecksItsOptions) {
  ClientAuthOptions good = Options(StaticTokenSource("x"));
  ClientAuthOptions bad = good;
  bad.audience.clear();
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("audience")));
  bad = good;
  bad.token_source = nullptr;
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("token_source")));
  bad = good;
  bad.max_token_wait = absl::ZeroDuration();
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("max_token_wait")));
  bad = good;
  bad.max_token_bytes = 100;
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("max_token_bytes")));
  bad = good;
  bad.tls = TlsFiles();
  EXPECT_THAT(CreateChannel(target(), bad), IsError(HasSubstr("root_certificates")));
  bad.tls.root_certificates = "/does/not/exist.pem";
  EXPECT_THAT(CreateChannel(target(), bad), IsError(HasSubstr("/does/not/exist.pem")));
}

TEST_F(ClientAuthTest, RetriesOnlyWhereNobodyElseSaysHow) {
  ClientAuthOptions options = Options(StaticTokenSource("x"));
  options.retry_unavailable = true;
  EXPECT_TRUE(CreateChannel("localhost:1", options).ok());
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON("{}");
  EXPECT_THAT(CreateChannel("localhost:1", options, arguments, {}),
              IsError(HasSubstr("retry_unavailable")));
}

// What their annotation opens to anyone needs no token, so none is fetched or refused with it.
TEST_F(ClientAuthTest, SendsNoTokenToOpenMethodsUnlessToldTo) {
  const auto open = [this](const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    Limit(&context);
    Message request, reply;
    EXPECT_TRUE(Echo::NewStub(channel)->Open(&context, request, &reply).ok());
    return SubjectOf(server_.audit->last());
  };
  auto source = std::make_shared<HeldSource>();
  EXPECT_EQ(open(Connect(Options(source))), "");
  EXPECT_EQ(source->fetches(), 0);
  EXPECT_EQ(open(Connect(Options(StaticTokenSource(GoodToken())))), "");
  ClientAuthOptions options = Options(StaticTokenSource(GoodToken()));
  options.authenticate_open_methods = true;
  EXPECT_EQ(open(Connect(options)), "svc:test");
}

TEST_F(ClientAuthTest, FailsACallThatHasCredentialsOfItsOwn) {
  const auto channel = Connect(Options(StaticTokenSource(GoodToken())));
  grpc::ClientContext context;
  Limit(&context);
  context.set_credentials(grpc::AccessTokenCredentials("theirs"));
  Message request, reply;
  const grpc::Status status = Echo::NewStub(channel)->Unary(&context, request, &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("credentials"));
  EXPECT_EQ(
      MakeCall(channel, CallType::kChat, {{"authorization", "Bearer theirs"}}).status.error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientAuthTest, NeverSendsWhatCannotStandInAHeader) {
  for (const absl::string_view token :
       {absl::string_view("abc\ndef"), absl::string_view("abc\0def", 7),
        absl::string_view("\xc3\xa9"), absl::string_view(""), absl::string_view("a b"),
        absl::string_view("a\tb")}) {
    const grpc::Status status = NotSent(token);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(status.error_message(), HasSubstr("cannot stand in a header"));
  }
}

TEST_F(ClientAuthTest, NeverSendsATokenForSomebodyElse) {
  const grpc::Status status = NotSent(server_.issuer.Token().Audience("other").Sign());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("not for \"test\""));
}

TEST_F(ClientAuthTest, NeverSendsATokenOverItsLimitAndSaysSo) {
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(6000, 'x'));
  const std::string token = big.Sign();
  ASSERT_GT(token.size(), 7u * 1024);
  const grpc::Status status = NotSent(token);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("max_token_bytes"));
}

TEST_F(ClientAuthTest, SendsAsMuchAsTheServersConfigAllowsWhenToldTo) {
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(11500, 'x'));
  ClientAuthOptions options = Options(StaticTokenSource(big.Sign()));
  options.max_token_bytes = 16 * 1024;
  const auto channel = Connect(options);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  }
}

TEST_F(ClientAuthTest, LeavesAStreamAliveBesideThirtyOversizeCalls) {
  const auto channel = server_.Channel();
  auto stub = Echo::NewStub(channel);
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + GoodToken());
  auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(11500, 'x'));
  const std::string token = big.Sign();  // More than gRPC takes by default.
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(MakeCall(channel, CallType::kUnary, Bearer(token)).status.ok());
    ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ClientAuthTest, DropsATokenThatTheGateHasRefusedAndGetsAnother) {
  auto source = std::make_shared<HeldSource>();
  const testing::TestIssuer stranger(Algorithm::kEs256, "test");
  source->Answer(BearerToken(stranger.Token().Sign(), absl::Now() + absl::Hours(1)));
  const auto channel = Connect(Options(source));
  EXPECT_EQ(MakeCall(channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  EXPECT_EQ(source->fetches(), 2);
}

TEST_F(ClientAuthTest, KeepsATokenThatPolicyDenies) {
  auto source = std::make_shared<HeldSource>();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  auto stub = Echo::NewStub(Connect(Options(source)));
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    Limit(&context);
    Message message;
    EXPECT_EQ(stub->Scoped(&context, message, &message).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(source->fetches(), 1);
}

TEST_F(ClientAuthTest, RunsTheUsersInterceptorsBeforeItsOwn) {
  class AddsHeader final : public grpc::experimental::Interceptor {
   public:
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      if (methods->QueryInterceptionHookPoint(
              grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
        methods->GetSendInitialMetadata()->emplace("authorization", "Bearer theirs");
      }
      methods->Proceed();
    }
  };
  class Factory final : public grpc::experimental::ClientInterceptorFactoryInterface {
   public:
    grpc::experimental::Interceptor* CreateClientInterceptor(
        grpc::experimental::ClientRpcInfo*) override {
      return new AddsHeader();
    }
  };
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> theirs;
  theirs.push_back(std::make_unique<Factory>());
  auto channel =
      CreateChannel(target(), Options(StaticTokenSource(GoodToken())), {}, std::move(theirs));
  ASSERT_TRUE(channel.ok());
  // Ours sees what theirs has added, and does not let two opinions out.
  EXPECT_EQ(MakeCall(*channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ClientAuthTest, ChannelGoesOnWhenClientAuthIsDestroyedFirst) {
  auto client = ClientAuth::Create(Options(StaticTokenSource(GoodToken())));
  ASSERT_TRUE(client.ok());
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back((*client)->InterceptorFactory());
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = server_.files.Read("ca.pem");
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      target(), grpc::SslCredentials(tls), {}, std::move(factories));
  client->reset();
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
}

}  // namespace
}  // namespace lanyard::test
