// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/token_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/internal/issuer_peer_of.h"
#include "lanyard/interceptors/token_service_source.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/token_server.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TokenServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(tokens_.AddAccounts());
    ASSERT_NO_FATAL_FAILURE(tokens_.Start());
  }

  v1::IssueForServiceRequest IssueRequest(const std::string& client,
                                          const std::string& audience) const {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id(client);
    request.set_audience(audience);
    return request;
  }

  grpc::Status Issue(const std::string& certificate, const std::string& client,
                     const std::string& audience, v1::TokenResponse* response) const {
    grpc::ClientContext context;
    Limit(&context);
    return tokens_.Stub(certificate)
        ->IssueForService(&context, IssueRequest(client, audience), response);
  }

  // A channel of "checkout", which authenticates with tokens of the service for the service.
  std::shared_ptr<grpc::Channel> CheckoutsChannel() const {
    auto source = TokenServiceSource(tokens_.SourceOptions("checkout"));
    EXPECT_THAT(source, IsOk());
    ClientAuthOptions options;
    options.audience = kTokenIssuer;
    options.token_source = *source;
    options.tls = tokens_.files.Client();
    auto channel = CreateChannel(tokens_.target(), options);
    EXPECT_THAT(channel, IsOk());
    return *channel;
  }

  TokenServer tokens_;
};

TEST_F(TokenServiceTest, SignsInOverTlsWithoutACertificate) {
  const v1::TokenResponse response = tokens_.SignIn();
  EXPECT_EQ(internal::UnverifiedSubject(response.access_token()), "user:ada");
  EXPECT_THAT(response.scopes(), ElementsAre("read"));
}

TEST_F(TokenServiceTest, GivesAServiceItsTokenForItsCertificate) {
  v1::TokenResponse response;
  ASSERT_TRUE(Issue("checkout", "checkout", "test", &response).ok());
  EXPECT_EQ(internal::UnverifiedSubject(response.access_token()), "svc:checkout");

  for (const char* certificate : {"", "stranger"}) {
    const grpc::Status status = Issue(certificate, "checkout", "test", &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(status.error_message(), StartsWith("invalid_client: "));
  }
  const grpc::Status target = Issue("checkout", "checkout", "payments", &response);
  EXPECT_EQ(target.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(target.error_message(), StartsWith("invalid_target: "));
}

TEST_F(TokenServiceTest, LetsOnlyThoseIntrospectWhoHaveTheScope) {
  const v1::TokenResponse adas = tokens_.SignIn();
  v1::IntrospectRequest request;
  request.set_token(adas.access_token());
  v1::IntrospectResponse response;
  for (const std::string& token : {std::string(), adas.access_token()}) {
    grpc::ClientContext context;
    Limit(&context);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    EXPECT_EQ(tokens_.Stub()->Introspect(&context, request, &response).error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
  grpc::ClientContext context;
  Limit(&context);
  const grpc::Status status =
      v1::TokenService::NewStub(CheckoutsChannel())->Introspect(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(response.active());
  EXPECT_EQ(response.claims().subject(), "user:ada");
}

TEST_F(TokenServiceTest, TellsEveryWatcherOfARevocation) {
  const v1::TokenResponse before = tokens_.SignIn(), after = tokens_.SignIn();
  ASSERT_TRUE(tokens_.Revoke(before.refresh_token()).ok());
  const auto stub = v1::TokenService::NewStub(CheckoutsChannel());
  grpc::ClientContext context;
  Limit(&context);
  const auto stream = stub->WatchRevocations(&context, v1::WatchRevocationsRequest());
  v1::RevocationUpdate update;
  ASSERT_TRUE(stream->Read(&update));
  EXPECT_EQ(update.kind(), v1::RevocationUpdate::SNAPSHOT);
  EXPECT_EQ(update.revocations_size(), 1);
  EXPECT_EQ(update.sequence(), 1u);
  ASSERT_TRUE(stream->Read(&update));
  EXPECT_EQ(update.kind(), v1::RevocationUpdate::SNAPSHOT_END);
  ASSERT_TRUE(tokens_.Revoke(after.access_token()).ok());
  ASSERT_TRUE(stream->Read(&update));
  EXPECT_EQ(update.kind(), v1::RevocationUpdate::CHANGE);
  EXPECT_EQ(update.previous_sequence(), 1u);
  EXPECT_EQ(update.sequence(), 2u);
  ASSERT_EQ(update.revocations_size(), 1);
  EXPECT_EQ(update.revocations(0).issuer(), kTokenIssuer);
  EXPECT_NE(update.revocations(0).session_id(), "");
  // A sign of life, for those who must know how old their knowledge is.
  ASSERT_TRUE(stream->Read(&update));
  EXPECT_EQ(update.kind(), v1::RevocationUpdate::HEARTBEAT);
  EXPECT_EQ(update.sequence(), 2u);
  context.TryCancel();
  while (stream->Read(&update)) {
  }
}

TEST_F(TokenServiceTest, EndsWithItsWatchersAndRequestsUnderWay) {
  const auto stub = v1::TokenService::NewStub(CheckoutsChannel());
  grpc::ClientContext context;
  Limit(&context);
  const auto stream = stub->WatchRevocations(&context, v1::WatchRevocationsRequest());
  v1::RevocationUpdate update;
  ASSERT_TRUE(stream->Read(&update));
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([this] {
      for (int n = 0; n < 20; ++n) {
        grpc::ClientContext call;
        Limit(&call);
        v1::TokenResponse response;
        tokens_.Stub()->SignIn(&call, tokens_.SignInOfAda(), &response);
      }
    });
  }
  tokens_.Stop();
  for (std::thread& caller : callers) caller.join();
  while (stream->Read(&update)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(TokenServiceTest, RefusesWhatComesPastTheGate) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  auto service = TokenService::Create(tokens_.service_options);
  ASSERT_THAT(service, IsOk());
  builder.RegisterService((*service)->service());
  const auto server = builder.BuildAndStart();
  const auto stub = v1::TokenService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context, watch;
  Limit(&context);
  Limit(&watch);
  v1::TokenResponse response;
  EXPECT_EQ(stub->SignIn(&context, tokens_.SignInOfAda(), &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const auto stream = stub->WatchRevocations(&watch, v1::WatchRevocationsRequest());
  v1::RevocationUpdate update;
  EXPECT_FALSE(stream->Read(&update));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TokenServiceTest, SourceSaysWhyThereIsNoToken) {
  auto source = TokenServiceSource(tokens_.SourceOptions("stranger"));
  ASSERT_THAT(source, IsOk());
  const auto refused = testing::FetchToken(**source, {"test"});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(refused, IsError(HasSubstr("invalid_client")));
  tokens_.Stop();
  const auto down = testing::FetchToken(**source, {"test"});
  EXPECT_EQ(down.status().code(), absl::StatusCode::kUnavailable);
}

TEST(NetworkOfTest, IsAnAddressOrTheHalfOfOne) {
  EXPECT_EQ(internal::NetworkOf("ipv4:192.0.2.7:1234"), "192.0.2.7");
  EXPECT_EQ(internal::NetworkOf("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:1234"), "20010db800010002/64");
  EXPECT_EQ(internal::NetworkOf("ipv6:[2001:db8:1:2::9]:1"), "20010db800010002/64");
  EXPECT_EQ(internal::NetworkOf("ipv6:%5Bfe80::1%25eth0%5D:1"), "fe80000000000000/64");
  EXPECT_EQ(internal::NetworkOf("ipv6:%5B::ffff:192.0.2.7%5D:1"), "192.0.2.7");
  EXPECT_EQ(internal::NetworkOf("unix:/run/x"), "local");
  EXPECT_EQ(internal::NetworkOf(""), "local");
  EXPECT_EQ(internal::NetworkOf("ipv6:x"), "ipv6");
  EXPECT_EQ(internal::NetworkOf("ipv6:["), "ipv6");
}

}  // namespace
}  // namespace lanyard::test
