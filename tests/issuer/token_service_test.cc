// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/token_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/token_service_source.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/issuer_peer_of.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/tokens/exchanged_token.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"
#include "tests/issuer/token_server.h"

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
  do {
    ASSERT_TRUE(stream->Read(&update));
  } while (update.kind() == v1::RevocationUpdate::HEARTBEAT);
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

TEST_F(TokenServiceTest, SourceProvesItselfByAKeyInPlaceOfACertificate) {
  const auto key = Key::Generate(Algorithm::kEs256), other = Key::Generate(Algorithm::kEs256);
  ASSERT_THAT(key, IsOk());
  v1::Client signer;
  signer.set_name("signer");
  signer.set_jwks(*KeySet({*key->PublicHalf()}).ToPublicJwks());
  TokenServer::Grant(signer.mutable_grants(), "test", {"read"});
  ASSERT_THAT(Accounts(kTokenIssuer, tokens_.store).AddClient(signer), IsOk());

  TokenServiceSourceOptions options;
  options.target = tokens_.target();
  options.tls = tokens_.files.Client();
  options.client_id = "signer";
  options.issuer = kTokenIssuer;
  options.private_key_file = tokens_.files.Write("signer.pem", *key->ExportPrivatePem());
  ASSERT_EQ(chmod(options.private_key_file.c_str(), 0600), 0);
  const auto source = TokenServiceSource(options);
  ASSERT_THAT(source, IsOk());
  // Each request has an assertion of its own.
  for (int i = 0; i < 2; ++i) {
    const auto token = testing::FetchToken(**source, {"test"});
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(internal::UnverifiedSubject(token->text()), "svc:signer");
  }
  tokens_.files.Write("signer.pem", *other->ExportPrivatePem());
  ASSERT_EQ(chmod(options.private_key_file.c_str(), 0600), 0);
  EXPECT_THAT(testing::FetchToken(**source, {"test"}), IsError(HasSubstr("invalid_client")));
}

TEST_F(TokenServiceTest, SourceExchangesACallersTokenForTheNextAudience) {
  ASSERT_THAT(Accounts(kTokenIssuer, tokens_.store)
                  .ChangeClient("checkout", /*revoke_tokens=*/false,
                                [](v1::Client* checkout) {
                                  checkout->add_receives("test");
                                  TokenServer::Grant(checkout->mutable_exchanges(), "payments",
                                                     {"read"});
                                  return absl::OkStatus();
                                }),
              IsOk());
  const auto source = TokenServiceSource(tokens_.SourceOptions("checkout"));
  ASSERT_THAT(source, IsOk());
  const v1::TokenResponse adas = tokens_.SignIn();
  TokenRequest request{"payments"};
  request.subject_token =
      std::make_shared<const BearerToken>(adas.access_token(), absl::InfiniteFuture());
  request.with_actor = true;
  const auto exchanged = testing::FetchToken(**source, request);
  ASSERT_THAT(exchanged, IsOk());
  EXPECT_THAT(internal::CheckExchanged(exchanged->text(), request), IsOk());
  EXPECT_EQ(internal::UnverifiedAudiences(exchanged->text()), std::vector<std::string>{"payments"});
  request.audience = "elsewhere";
  EXPECT_THAT(testing::FetchToken(**source, request), IsError(HasSubstr("invalid_target")));
}

// RFC 8705 section 3, from the issuer to the server that takes the token.
TEST_F(TokenServiceTest, ABoundTokenIsGoodWithItsCertificateAlone) {
  ASSERT_THAT(Accounts(kTokenIssuer, tokens_.store)
                  .ChangeClient("checkout", /*revoke_tokens=*/false,
                                [](v1::Client* checkout) {
                                  checkout->set_certificate_bound(true);
                                  return absl::OkStatus();
                                }),
              IsOk());
  v1::TokenResponse response;
  ASSERT_TRUE(Issue("checkout", "checkout", "test", &response).ok());

  ServerAuthOptions options;
  options.config_text = absl::StrCat("issuers { name: \"shop\" issuer: \"", kTokenIssuer,
                                     "\" audiences: \"test\" algorithms: ES256 revocations {} }");
  options.key_sources["shop"] = tokens_.issuer->keys();
  options.revocation_sources["shop"] = tokens_.issuer->revocations();
  options.tls = tokens_.files.Server(/*mutual=*/true);
  const auto auth = ServerAuth::Create(options);
  ASSERT_THAT(auth, IsOk());
  EchoServer echo(Api::kCallback);
  int port = 0;
  (*auth)->AddListeningPort(echo.builder(), "127.0.0.1:0", &port);
  ASSERT_TRUE(echo.Start()) << (*auth)->start_error();
  const auto call = [&](const std::string& certificate) {
    return MakeCall(PlainTls(tokens_.files, port, certificate), CallType::kUnary,
                    Bearer(response.access_token()))
        .status.error_code();
  };
  EXPECT_EQ(call("checkout"), grpc::StatusCode::OK);
  EXPECT_EQ(call("stranger"), grpc::StatusCode::UNAUTHENTICATED);
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
