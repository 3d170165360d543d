// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "interceptors/internal/health_messages.pb.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/v1/token_service.grpc.pb.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::TempFolder;
using ::lanyard::testing::TestCertificates;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class TokenServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    ASSERT_TRUE(RotateKeys(folder_.Path("keys"), rotation, absl::Now()).ok());
    v1::IssuerConfig& config = options_.issuer.config;
    config.set_issuer("https://tokens.example.com");
    config.set_key_directory(folder_.Path("keys"));
    config.mutable_memory();
    v1::Serve* serve = config.mutable_serve();
    serve->add_listen("127.0.0.1:0");
    serve->set_certificate_chain(files_.Server().certificate_chain);
    serve->set_private_key(files_.Server().private_key);
    options_.issuer.store = std::make_shared<MemoryStore>();
  }

  v1::Serve& serve() { return *options_.issuer.config.mutable_serve(); }

  void Start() {
    auto server = TokenServer::Start(options_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The keys that a port answers with.
  grpc::Status GetKeys(const std::string& address, std::string* jwks) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files_.Read("ca.pem");
    const auto stub =
        v1::TokenService::NewStub(grpc::CreateChannel(address, grpc::SslCredentials(tls)));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
    v1::GetKeysResponse response;
    const grpc::Status status = stub->GetKeys(&context, {}, &response);
    *jwks = response.jwks();
    return status;
  }

  // SERVING is 1, NOT_SERVING is 2.
  static int HealthOf(const std::string& address) {
    grpc::ByteBuffer reply;
    const grpc::Status status =
        test::CallPath(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()),
                       "/grpc.health.v1.Health/Check", {}, test::EmptyMessage(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    grpc::Slice bytes;
    EXPECT_TRUE(reply.DumpToSingleSlice(&bytes).ok());
    internal::HealthResponse response;
    EXPECT_TRUE(response.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())));
    return response.status();
  }

  const TestCertificates files_;
  const TempFolder folder_;
  TokenServerOptions options_;
  std::unique_ptr<TokenServer> server_;
};

TEST_F(TokenServerTest, ServesOnAllItsAddresses) {
  serve().add_listen("127.0.0.1:0");
  Start();
  ASSERT_NE(server_, nullptr);
  ASSERT_THAT(server_->addresses(), SizeIs(2));
  EXPECT_NE(server_->addresses()[0], server_->addresses()[1]);
  for (const std::string& address : server_->addresses()) {
    EXPECT_THAT(address, StartsWith("127.0.0.1:"));
    std::string jwks;
    const grpc::Status status = GetKeys(address, &jwks);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_THAT(jwks, HasSubstr("\"kty\":\"EC\""));
  }
  EXPECT_THAT(server_->website_address(), IsEmpty());
  EXPECT_THAT(server_->health_address(), IsEmpty());
  EXPECT_TRUE(test::Eventually([&] { return server_->Ready().ok(); }));
}

TEST_F(TokenServerTest, VerifiersFetchItsKeysFromTheWebsite) {
  serve().set_website_listen("127.0.0.1:0");
  Start();
  ASSERT_NE(server_, nullptr);
  const std::string website = server_->website_address();
  ServerAuthOptions verifier;
  verifier.config_text = absl::StrCat(
      "issuers { name: \"shop\" issuer: \"https://tokens.example.com\" audiences: "
      "\"orders\" algorithms: ES256 jwks_url: \"https://localhost",
      website.substr(website.rfind(':')), "/.well-known/jwks.json\" fetch { ca_file: \"",
      files_.Path("ca.pem"), "\" } }");
  verifier.https = Https();
  verifier.tls = files_.Server();
  const auto auth = ServerAuth::Create(verifier);
  ASSERT_TRUE(auth.ok()) << auth.status();
  EXPECT_TRUE(test::Eventually([&] { return (*auth)->Ready().ok(); })) << (*auth)->Ready();
}

TEST_F(TokenServerTest, SaysThatItServesUntilItsShutdown) {
  serve().set_health_listen("127.0.0.1:0");
  Start();
  ASSERT_NE(server_, nullptr);
  EXPECT_TRUE(test::Eventually([&] { return HealthOf(server_->health_address()) == 1; }));
  server_->Shutdown(absl::Seconds(5));
  EXPECT_EQ(HealthOf(server_->health_address()), 2);
}

TEST_F(TokenServerTest, TakesNoCallsAfterItsShutdown) {
  Start();
  ASSERT_NE(server_, nullptr);
  server_->Shutdown(absl::Seconds(5));
  std::string jwks;
  EXPECT_EQ(GetKeys(server_->addresses()[0], &jwks).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TokenServerTest, NamesTheFieldThatIsWrong) {
  serve().set_health_listen("nonsense");
  EXPECT_THAT(TokenServer::Start(options_), IsError(StartsWith("serve.health_listen: ")));
  options_.issuer.config.clear_serve();
  EXPECT_THAT(TokenServer::Start(options_), IsError(StartsWith("serve: required")));
}

}  // namespace
}  // namespace lanyard::tools
