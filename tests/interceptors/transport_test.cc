// SPDX-License-Identifier: Apache-2.0
// What connections are made of: Unix sockets, TLS, and TLS files that change.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;

ClientAuthOptions Options() {
  ClientAuthOptions options;
  options.audience = "test";
  options.token_source = StaticTokenSource("an-opaque-token");
  options.opaque_tokens_are_trusted = true;
  return options;
}

TEST(UnixSocketTest, NeedsNoTlsOnEitherSide) {
  GatedServer server(Api::kSync);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  const std::string address = "unix:" + server.files.Path("socket");
  server.auth->AddListeningPort(server.echo.builder(), address);
  ASSERT_TRUE(server.echo.Start());
  ClientAuthOptions options = Options();
  options.token_source = StaticTokenSource(server.issuer.Token().Sign());
  auto channel = CreateChannel(address, options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  const Outcome outcome = MakeCall(*channel, CallType::kUnary);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
}

TEST(TlsTest, ClientRefusesACertificateForAnotherHost) {
  GatedServer server(Api::kSync);
  server.files.Issue("server", {"DNS:somebody-else.test"});
  ASSERT_NO_FATAL_FAILURE(server.Start());
  ClientAuthOptions options = Options();
  options.tls = server.files.Client();
  auto channel = CreateChannel(absl::StrCat("localhost:", server.port), options);
  EXPECT_EQ(MakeCall(*channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(server.audit->events().empty());
}

TEST(TlsTest, ClientRefusesACertificateOfAnotherCa) {
  GatedServer server(Api::kSync);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const testing::TestCertificates other;
  ClientAuthOptions options = Options();
  options.tls = other.Client();
  auto channel = CreateChannel(absl::StrCat("localhost:", server.port), options);
  EXPECT_EQ(MakeCall(*channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(server.audit->events().empty());
}

TEST(TlsTest, BothSidesPresentCertificatesWithMutualTls) {
  GatedServer server(Api::kSync);
  server.options.tls = server.files.Server(/*mutual=*/true);
  server.files.Issue("client", {"URI:spiffe://test/client"});
  ASSERT_NO_FATAL_FAILURE(server.Start());
  ClientAuthOptions options = Options();
  options.token_source =
      StaticTokenSource(server.issuer.Token().BoundTo(server.files.Sha256Of("client")).Sign());
  options.tls = server.files.Client("client");
  auto channel = CreateChannel(absl::StrCat("localhost:", server.port), options);
  const Outcome outcome = MakeCall(*channel, CallType::kUnary);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
}

class TlsFilesTest : public ::testing::Test {
 protected:
  TlsFilesTest() : server_(Api::kSync) {}
  absl::Status Create() { return ServerAuth::Create(server_.options).status(); }
  GatedServer server_;
};

TEST_F(TlsFilesTest, NamesAFileThatIsMissing) {
  server_.options.tls.private_key = server_.files.Path("nothing.key");
  EXPECT_THAT(Create(), IsError(HasSubstr("nothing.key")));
}

TEST_F(TlsFilesTest, NamesAFileThatIsBroken) {
  server_.files.Write("server.crt", "garbage");
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr("server.crt"), HasSubstr("certificate"))));
  server_.files.Issue("server", {"DNS:localhost"});
  server_.files.Write("server.key", "garbage");
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr("server.key"), HasSubstr("private key"))));
}

TEST_F(TlsFilesTest, NamesAPairThatDoesNotMatch) {
  server_.files.Issue("other", {"DNS:localhost"});
  server_.options.tls.private_key = server_.files.Path("other.key");
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr("other.key"), HasSubstr("does not belong"))));
}

TEST_F(TlsFilesTest, AsksForTheOtherHalfOfAPair) {
  server_.options.tls.private_key.clear();
  EXPECT_THAT(Create(), IsError(HasSubstr("go together")));
}

TEST_F(TlsFilesTest, WarnsOfAKeyThatServesTlsAndSignsTokens) {
  auto keys = KeySet::FromText(server_.files.Read("server.crt"));
  ASSERT_THAT(keys, testing::IsOk());
  keys = keys->BindTo({Algorithm::kEs256});
  ASSERT_THAT(keys, testing::IsOk());
  server_.options.key_sources["test"] = std::make_shared<StaticKeySource>(*keys);
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(Create().ok());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("give TLS a key of its own"));
}

TEST_F(TlsFilesTest, NeedsACertificateForAPortOverTcp) {
  server_.options.tls = TlsFiles();
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  EXPECT_FALSE(server_.echo.Start());
  EXPECT_THAT(server_.auth->start_error(), IsError(HasSubstr("certificate_chain")));
}

// The certificate that a new connection meets.
std::string Presented(const GatedServer& server) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = server.files.Read("ca.pem");
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(absl::StrCat("localhost:", server.port),
                                                 grpc::SslCredentials(tls), arguments);
  grpc::ClientContext context;
  Limit(&context);
  Message message;
  (void)Echo::NewStub(channel)->Unary(&context, message, &message);
  for (const grpc::string_ref& pem : context.auth_context()->FindPropertyValues("x509_pem_cert")) {
    return std::string(pem.data(), pem.size());
  }
  return "(no connection)";
}

TEST_F(TlsFilesTest, UsesANewPairWithoutARestartAndKeepsTheOldOneUntilItMatches) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const std::string old = server_.files.Read("server.crt");
  EXPECT_EQ(Presented(server_), old);
  // A new certificate whose key is not there yet: the old pair goes on.
  server_.files.Issue("next", {"DNS:localhost", "IP:127.0.0.1"});
  const std::string next = server_.files.Read("next.crt");
  server_.files.Write("server.crt", next);
  const absl::Time until = absl::Now() + absl::Seconds(3);
  while (absl::Now() < until) {
    ASSERT_EQ(Presented(server_), old);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  // Now both.
  server_.files.Write("server.key", server_.files.Read("next.key"));
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (Presented(server_) != next && absl::Now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(Presented(server_), next);
}

}  // namespace
}  // namespace lanyard::test
