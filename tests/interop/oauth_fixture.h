// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTEROP_OAUTH_FIXTURE_H_
#define LANYARD_TESTS_INTEROP_OAUTH_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interop/oidc_provider.h"

namespace lanyard::test {

// oidc-provider, its clients, each with a proof of its own, and servers that know it by its
// metadata.
class OAuthFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::Missing().empty()) {
      GTEST_SKIP() << "SKIPPED: there is no " << testing::Missing()
                   << "; tests/interop/install installs it";
    }
    files_.Issue("client", {"DNS:checkout.example.test"});
  }
  void StartProvider(std::vector<std::string> more = {}) {
    std::vector<std::string> command = {
        "--algorithm",    "ES256",
        "--client-ca",    files_.Client().root_certificates,
        "--client-keys",  files_.Write("clients", *KeySet({key_}).ToPublicJwks()),
        "--signing-keys", files_.Path("signing-keys")};
    command.insert(command.end(), more.begin(), more.end());
    provider_ = std::make_unique<testing::OidcProvider>(files_, std::move(command));
  }

  std::string Private(const std::string& name, absl::string_view content) const {
    const std::string path = files_.Write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }

  // Without a proof.
  OAuthClient Client(const std::string& client_id) const {
    OAuthClient client;
    client.token_url = provider_->url() + "/token";
    client.client_id = client_id;
    client.ca_file = files_.Client().root_certificates;
    client.https = lanyard::Https();
    client.timeout = absl::Seconds(30);
    return client;
  }
  OAuthClient WithSecret() const {
    OAuthClient client = Client("secret-ES256");
    client.client_secret_in = ClientSecretIn::kForm;
    client.client_secret_file = Private("secret", "secret");
    return client;
  }
  OAuthClient WithKey() const {
    OAuthClient client = Client("signing-ES256");
    client.private_key_file = Private("key", *key_.ExportPrivatePem());
    return client;
  }
  OAuthClient WithCertificate() const {
    OAuthClient client = Client("showing-ES256");
    client.tls_certificate_file = files_.Path("client.crt");
    client.tls_private_key_file = Private("client.key", files_.Read("client.key"));
    return client;
  }

  // Tokens that the client has for itself.
  static std::shared_ptr<TokenSource> OwnTokens(const OAuthClient& client) {
    ClientCredentialsOptions options;
    options.client = client;
    options.audience_as = AudienceAs::kResource;
    auto source = ClientCredentialsTokenSource(options);
    EXPECT_THAT(source, testing::IsOk());
    return *source;
  }

  // Starts a server for that audience, with the certificate that all servers have here.
  void Serve(GatedServer* server, const std::string& audience, const std::string& rules) const {
    server->options.config_text = absl::StrCat(
        "issuers { name: 'sso' issuer: '", provider_->url(), "' audiences: '", audience,
        "' algorithms: ES256 discovery_url: '", provider_->url(),
        "/.well-known/openid-configuration' fetch { ca_file: '", files_.Client().root_certificates,
        "' } may_assert { anything: true } } ", rules);
    server->options.key_sources.clear();
    server->options.https = lanyard::Https();
    server->options.tls = files_.Server();
    ASSERT_NO_FATAL_FAILURE(server->Start());
    ASSERT_TRUE(Eventually([server] { return server->auth->Ready().ok(); }))
        << server->auth->Ready();
  }

  testing::TestCertificates files_;
  const Key key_ = *Key::Generate(Algorithm::kEs256);
  std::unique_ptr<testing::OidcProvider> provider_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTEROP_OAUTH_FIXTURE_H_
