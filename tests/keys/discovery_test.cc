// SPDX-License-Identifier: Apache-2.0
// Where keys are found by a metadata document, and where not.
#include "absl/strings/str_replace.h"
#include "tests/keys/remote_keys.h"

namespace lanyard::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class DiscoveryTest : public RemoteKeysTest {
 protected:
  RemoteKeySourceOptions Options() const {
    RemoteKeySourceOptions options = RemoteKeysTest::Options();
    options.jwks_url.clear();
    options.discovery_url = nginx_.Url(kDocument);
    options.issuer = nginx_.origin();
    return options;
  }
  void ServeDocument(const std::string& issuer, const std::string& jwks_uri) {
    nginx_.Serve(kDocument,
                 absl::StrCat("{\"issuer\":\"", issuer, "\",\"jwks_uri\":\"", jwks_uri,
                              "\",\"id_token_signing_alg_values_supported\":[\"none\"]}"));
  }

  static constexpr char kDocument[] = ".well-known/openid-configuration";
  NginxServer elsewhere_{files_};
};

TEST_F(DiscoveryTest, FindsTheKeys) {
  ServeDocument(nginx_.origin(), nginx_.Url("jwks"));
  nginx_.Start();
  MakeWithKeys(Options());
  EXPECT_THAT(Ids(), ::testing::ElementsAre(issuer_.key().id()));
}

TEST_F(DiscoveryTest, TheDocumentMustNameTheIssuerExactly) {
  nginx_.Start();
  for (const std::string& issuer :
       {nginx_.origin() + "/", std::string("https://localhost"), std::string(),
        absl::StrReplaceAll(nginx_.origin(), {{"localhost", "LOCALHOST"}})}) {
    ServeDocument(issuer, nginx_.Url("jwks"));
    ExpectNoKeys(Options(), "another issuer");
  }
  ServeDocument("https://sso.example.test\\n", nginx_.Url("jwks"));
  ExpectNoKeys(Options(),
               absl::StrCat("\"https://sso.example.test?\" and not \"", nginx_.origin(), "\""));
  nginx_.Serve(kDocument, "{\"jwks_uri\":\"" + nginx_.Url("jwks") + "\"}");
  ExpectNoKeys(Options(), "another issuer than the config: none and not");
  nginx_.Serve(kDocument, "<html>");
  ExpectNoKeys(Options(), "is no JSON");
  nginx_.Serve(kDocument, "{\"issuer\":\"" + nginx_.origin() + "\"}");
  ExpectNoKeys(Options(), "has no jwks_uri");
  EXPECT_THAT(nginx_.requests(), Not(Contains(HasSubstr("/jwks"))));
}

// The document says where the keys are, and so where the bearer token would go.
TEST_F(DiscoveryTest, KeysAndTokensGoOnlyWhereTheConfigSays) {
  elsewhere_.Serve("jwks", issuer_.PublicJwks());
  elsewhere_.Start();
  ServeDocument(nginx_.origin(), elsewhere_.Url("jwks"));
  nginx_.Start();
  RemoteKeySourceOptions options = Options();
  options.bearer_token_file = files_.Write("token", "cluster.token\n");
  options.bearer_hosts = {nginx_.origin()};
  ExpectNoKeys(options, "which key_hosts does not list");
  EXPECT_THAT(elsewhere_.requests(), ::testing::IsEmpty());
  EXPECT_THAT(nginx_.requests(), Each(HasSubstr(" bearer")));

  options.key_hosts = {elsewhere_.origin()};
  MakeWithKeys(options);
  // Requests are logged a little late.
  EXPECT_TRUE(Soon([this] { return !elsewhere_.requests().empty(); }));
  EXPECT_THAT(elsewhere_.requests(), Each(Not(HasSubstr("bearer"))));
  options.bearer_hosts.push_back(elsewhere_.origin());
  MakeWithKeys(options);
  EXPECT_TRUE(Soon(
      [this] { return ::testing::Value(elsewhere_.requests(), Contains(HasSubstr("bearer"))); }));

  for (const char* uri :
       {"http://localhost/jwks", "file:///etc/passwd", "/jwks", "", "https://u:p@localhost/jwks"}) {
    ServeDocument(nginx_.origin(), uri);
    ExpectNoKeys(Options(), "has a bad jwks_uri");
  }
}

TEST_F(DiscoveryTest, ATokenFileThatIsNoneIsAnError) {
  ServeDocument(nginx_.origin(), nginx_.Url("jwks"));
  nginx_.Start();
  RemoteKeySourceOptions options = Options();
  options.bearer_hosts = {nginx_.origin()};
  options.bearer_token_file = files_.Path("missing");
  ExpectNoKeys(options, "missing");
  options.bearer_token_file = files_.Write("token", "two words\r\nx: y");
  ExpectNoKeys(options, "holds no bearer token");
  EXPECT_THAT(nginx_.requests(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace lanyard::test
