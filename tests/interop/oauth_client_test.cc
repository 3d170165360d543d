// SPDX-License-Identifier: Apache-2.0
// docs/guides/tokens.md, run: a gRPC client whose tokens come from oidc-provider by client
// credentials, and a server that knows the issuer by its metadata.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"
#include "tests/interop/oidc_provider.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FetchToken;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::kAudience;
using testing::Missing;
using ::testing::Not;
using testing::OidcProvider;

constexpr char kBasicSecret[] = "a secret: 100% +/=&?";

class OAuthClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Missing().empty()) {
      GTEST_SKIP() << "SKIPPED: there is no " << Missing() << "; tests/interop/install installs it";
    }
    files_.Issue("client", {"DNS:checkout.example.test"});
    files_.Issue("stranger", {"DNS:stranger.example.test"});
    provider_ = std::make_unique<OidcProvider>(
        files_, std::vector<std::string>{"--algorithm", "ES256", "--client-ca",
                                         files_.Client().root_certificates, "--client-keys",
                                         files_.Write("clients", *KeySet({key_}).ToPublicJwks())});
    token_url_ = provider_->url() + "/token";
  }

  std::string Private(const std::string& name, absl::string_view content) const {
    const std::string path = files_.Write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }

  // Without a proof yet.
  ClientCredentialsOptions OptionsOf(const std::string& client_id) const {
    ClientCredentialsOptions options;
    options.client.token_url = token_url_;
    options.client.client_id = client_id;
    options.client.ca_file = files_.Client().root_certificates;
    options.client.https = lanyard::Https();
    options.client.timeout = absl::Seconds(30);
    options.audience_as = AudienceAs::kResource;
    options.scopes = {"orders.read"};
    return options;
  }
  ClientCredentialsOptions WithSecret() const {
    ClientCredentialsOptions options = OptionsOf("secret-ES256");
    options.client.client_secret_in = ClientSecretIn::kForm;
    options.client.client_secret_file = Private("secret", "secret");
    return options;
  }
  ClientCredentialsOptions WithCertificate(const std::string& name) const {
    ClientCredentialsOptions options = OptionsOf("showing-ES256");
    options.client.tls_certificate_file = files_.Path(name + ".crt");
    options.client.tls_private_key_file = Private(name + ".key", files_.Read(name + ".key"));
    return options;
  }

  absl::StatusOr<BearerToken> Fetch(const ClientCredentialsOptions& options,
                                    const std::string& audience = kAudience) const {
    const auto source = ClientCredentialsTokenSource(options);
    if (!source.ok()) return source.status();
    return FetchToken(**source, {audience});
  }
  void ExpectToken(const ClientCredentialsOptions& options) const {
    const absl::Time before = absl::Now();
    const auto token = Fetch(options);
    ASSERT_THAT(token, IsOk());
    EXPECT_THAT(*internal::UnverifiedAudiences(token->text()), ElementsAre(kAudience));
    EXPECT_GE(token->expires_at(), before + absl::Minutes(10) - absl::Seconds(1));
    EXPECT_LE(token->expires_at(), absl::Now() + absl::Minutes(10));
  }
  void ExpectRefusal(const ClientCredentialsOptions& options, const std::string& error) const {
    const auto token = Fetch(options);
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(provider_->url()), HasSubstr("HTTP status 4"),
                                     HasSubstr(error))));
  }

  testing::TestCertificates files_;
  const Key key_ = *Key::Generate(Algorithm::kEs256);
  std::unique_ptr<OidcProvider> provider_;
  std::string token_url_;
};

TEST_F(OAuthClientTest, AuthenticatesBySecretInTheForm) {
  ClientCredentialsOptions options = WithSecret();
  ExpectToken(options);
  options.client.client_secret_file = Private("wrong", "wrong");
  ExpectRefusal(options, "invalid_client");
}

TEST_F(OAuthClientTest, AuthenticatesBySecretInTheHeaderWhateverItsCharacters) {
  ClientCredentialsOptions options = OptionsOf("basic-ES256");
  options.client.client_secret_file = Private("basic", kBasicSecret);
  ExpectToken(options);
  options.client.client_secret_file = Private("basic", "a secret: 100% +/=&!");
  ExpectRefusal(options, "invalid_client");
}

TEST_F(OAuthClientTest, AuthenticatesByPrivateKey) {
  ClientCredentialsOptions options = OptionsOf("signing-ES256");
  options.client.private_key_file = Private("key", *key_.ExportPrivatePem());
  ExpectToken(options);
  ExpectToken(options);  // Each assertion counts once, so this is another one.
  options.client.assertion_audience = provider_->url();
  ExpectToken(options);
  options.client.assertion_audience = "https://another.example.test";
  ExpectRefusal(options, "invalid_client");
  options.client.assertion_audience.clear();
  options.client.private_key_file =
      Private("other", *Key::Generate(Algorithm::kEs256)->ExportPrivatePem());
  options.client.private_key_id = key_.id();
  ExpectRefusal(options, "invalid_client");
}

TEST_F(OAuthClientTest, AuthenticatesByCertificate) {
  ExpectToken(WithCertificate("client"));
  ExpectRefusal(WithCertificate("stranger"), "invalid_client");
  ClientCredentialsOptions none = WithSecret();
  none.client.client_id = "showing-ES256";
  ExpectRefusal(none, "invalid_client");
}

TEST_F(OAuthClientTest, AsksForTheAudienceInBothWays) {
  ClientCredentialsOptions options = WithSecret();
  ExpectToken(options);
  options.audience_as = AudienceAs::kAudience;
  ExpectToken(options);
  options.audience_as = AudienceAs::kFixed;
  options.extra_parameters = {{"resource", kAudience}};
  ExpectToken(options);
  EXPECT_THAT(Fetch(WithSecret(), "no-uri"), IsError(HasSubstr("invalid_target")));
}

class OAuthChannelTest : public OAuthClientTest {
 protected:
  void SetUp() override {
    OAuthClientTest::SetUp();
    if (IsSkipped()) return;
    ServerAuthOptions options;
    options.config_text = absl::StrCat(
        "issuers { name: 'sso' issuer: '", provider_->url(), "' audiences: '", kAudience,
        "' algorithms: ES256 discovery_url: '", provider_->url(),
        "/.well-known/openid-configuration' fetch { ca_file: '", files_.Client().root_certificates,
        "' } } rules { method: '/lanyard.test.Echo/Unruled' allow { issuers: 'sso' "
        "clients: 'secret-ES256' all_scopes: 'orders.read' } }");
    options.tls = files_.Server();
    options.https = lanyard::Https();
    auto auth = ServerAuth::Create(options);
    ASSERT_THAT(auth, IsOk());
    auth_ = *std::move(auth);
    int port = 0;
    auth_->AddListeningPort(echo_.builder(), "127.0.0.1:0", &port);
    ASSERT_TRUE(echo_.Start()) << auth_->start_error();
    for (int i = 0; i < 6000 && !auth_->Ready().ok(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_THAT(auth_->Ready(), IsOk());
    target_ = absl::StrCat("localhost:", port);
  }

  // As the guide has it.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Channel(const std::string& secret) const {
    const std::string etc = files_.Path("");
    const std::string token_url = token_url_, client_id = "secret-ES256";
    Private("client-secret", secret);
    files_.Write("sso-ca.pem", files_.Read("ca.pem"));

    ClientCredentialsOptions credentials;
    credentials.client.token_url = token_url;  // https://sso.example.com/token
    credentials.client.client_id = client_id;
    credentials.client.client_secret_file = etc + "client-secret";
    credentials.client.client_secret_in = ClientSecretIn::kForm;
    credentials.client.ca_file = etc + "sso-ca.pem";
    credentials.client.https = lanyard::Https();
    credentials.audience_as = AudienceAs::kResource;
    credentials.scopes = {"orders.read"};
    auto source = ClientCredentialsTokenSource(credentials);
    if (!source.ok()) return source.status();  // Names the field or the file, and what is wrong.

    ClientAuthOptions options;
    options.audience = "https://orders.example.test";
    options.token_source = *source;
    options.tls.root_certificates = etc + "ca.pem";
    return lanyard::CreateChannel(target_, options);
  }
  grpc::Status Call(const std::string& secret) const {
    const auto channel = Channel(secret);
    EXPECT_THAT(channel, IsOk());
    return CallPath(*channel, "/lanyard.test.Echo/Unruled");
  }

  EchoServer echo_{Api::kCallback};
  std::unique_ptr<ServerAuth> auth_;
  std::string target_;
};

TEST_F(OAuthChannelTest, CallsAServerThatTrustsTheIssuer) {
  const grpc::Status status = Call("secret");
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(OAuthChannelTest, AWrongSecretFailsTheCallForGood) {
  const grpc::Status status = Call("not-the-secret");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr("HTTP status 401: invalid_client"), HasSubstr(provider_->url()),
                    Not(HasSubstr("not-the-secret"))));
}

TEST_F(OAuthChannelTest, AnIssuerThatIsDownFailsTheCallForNow) {
  provider_.reset();
  const grpc::Status status = Call("secret");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("https://localhost:"));
}

TEST_F(OAuthChannelTest, ATokenForAnotherAudienceIsNotSent) {
  ClientCredentialsOptions credentials = WithSecret();
  credentials.audience_as = AudienceAs::kFixed;
  credentials.extra_parameters = {{"resource", "https://other.example.test"}};
  ClientAuthOptions options;
  options.audience = kAudience;
  options.token_source = *ClientCredentialsTokenSource(credentials);
  options.tls = files_.Client();
  const auto channel = lanyard::CreateChannel(target_, options);
  ASSERT_THAT(channel, IsOk());
  const grpc::Status status = CallPath(*channel, "/lanyard.test.Echo/Unruled");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("aud_seen [\"https://other.example.test\"]"));
}

TEST_F(OAuthChannelTest, ATokenOutlivesItsIssuer) {
  const auto channel = Channel("secret");
  ASSERT_THAT(channel, IsOk());
  EXPECT_TRUE(CallPath(*channel, "/lanyard.test.Echo/Unruled").ok());
  provider_.reset();
  EXPECT_TRUE(CallPath(*channel, "/lanyard.test.Echo/Unruled").ok());
}

}  // namespace
}  // namespace lanyard::test
