// SPDX-License-Identifier: Apache-2.0
// No client secret, key, assertion or token ever stands in anything that the SDK prints or returns,
// not even where the endpoint sends back what it was sent.

#include <sys/stat.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/log_search.h"
#include "tests/interceptors/searched_call.h"
#include "tests/keys/nginx_server.h"

namespace lanyard::test {
namespace {

// With characters that are encoded on the way.
constexpr char kClientSecret[] = "+what only/the client=may&know%";
constexpr char kEncodedSecret[] = "%2Bwhat%20only%2Fthe%20client%3Dmay%26know%25";

class OAuthLogTest : public LogSearchTest {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    secrets_.AddText("the client secret", kClientSecret);
    secrets_.AddText("the client secret, encoded", kEncodedSecret);
    secrets_.AddText("the header", absl::Base64Escape(absl::StrCat("checkout:", kEncodedSecret)));
    AddKey("the client's key", key_);
    server_.files.Issue("client", {"DNS:checkout.example.test"});
    secrets_.AddPem("the key of the certificate", server_.files.Read("client.key"));
    server_.options.config_text = ec_.ConfigText();
    server_.options.key_sources = {{"test", ec_.Keys()}};
    ASSERT_NO_FATAL_FAILURE(server_.Start());
  }

  std::string Private(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = server_.files.Write(name, content);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  ClientCredentialsOptions Options() const {
    ClientCredentialsOptions options;
    options.client.token_url = nginx_.Url("token");
    options.client.client_id = "checkout";
    options.client.ca_file = server_.files.Client().root_certificates;
    options.client.timeout = absl::Minutes(1);  // A busy machine may need it.
    options.client.https = Https();
    return options;
  }
  ClientCredentialsOptions WithSecret(ClientSecretIn in = ClientSecretIn::kBasicHeader) {
    ClientCredentialsOptions options = Options();
    options.client.client_secret_file = Private("secret", kClientSecret);
    options.client.client_secret_in = in;
    return options;
  }
  ClientCredentialsOptions WithKey() {
    ClientCredentialsOptions options = Options();
    options.client.private_key_file = Private("key", *key_.ExportPrivatePem());
    return options;
  }
  ClientCredentialsOptions WithCertificate() {
    ClientCredentialsOptions options = Options();
    options.client.tls_certificate_file = server_.files.Path("client.crt");
    options.client.tls_private_key_file = Private("client.key", server_.files.Read("client.key"));
    return options;
  }

  // A call with tokens of such a source.
  grpc::Status Call(absl::string_view where, const ClientCredentialsOptions& options) {
    auto source = ClientCredentialsTokenSource(options);
    EXPECT_TRUE(source.ok()) << source.status();
    ClientAuthOptions client;
    client.audience = "test";
    client.token_source = *source;
    client.tls = server_.files.Client();
    client.max_token_wait = absl::Minutes(1);
    auto auth = ClientAuth::Create(client);
    EXPECT_TRUE(auth.ok()) << auth.status();
    auto channel = (*auth)->CreateChannel(absl::StrCat("localhost:", server_.port));
    EXPECT_TRUE(channel.ok()) << channel.status();
    const grpc::Status status = SearchedCall(where, *channel, {}, &haystack_);
    const Description described = (*auth)->Describe();
    haystack_.Add("Describe().json", described.json, Haystack::Kind::kOutput);
    haystack_.Add("Describe().text", described.text, Haystack::Kind::kOutput);
    return status;
  }

  void Answer(const std::string& directives) {
    nginx_.Restart("location = /token { " + directives + " }");
  }
  void AnswerWith(int status, const std::string& body) {
    Answer(absl::StrCat("return ", status, " '", body, "';"));
  }

  const Key key_ = *Key::Generate(Algorithm::kEs256);
  GatedServer server_{Api::kCallback};
  NginxServer nginx_{server_.files};
};

TEST_F(OAuthLogTest, GoodTokensAndRefusedOnesAreKeptQuiet) {
  for (const char* audience : {"test", "other"}) {
    AnswerWith(200, absl::StrCat(R"({"token_type":"Bearer","expires_in":300,"access_token":")",
                                 Sign(ec_.Token().Audience(audience)), "\"}"));
    const bool good = std::string(audience) == "test";
    EXPECT_EQ(Call("secret in the header", WithSecret()).ok(), good);
    EXPECT_EQ(Call("secret in the form", WithSecret(ClientSecretIn::kForm)).ok(), good);
    EXPECT_EQ(Call("key", WithKey()).ok(), good);
    EXPECT_EQ(Call("certificate", WithCertificate()).ok(), good);
  }
}

TEST_F(OAuthLogTest, AnswersThatRepeatASecretAreNotRepeated) {
  const std::string token = Sign(ec_.Token());
  for (const std::string& said :
       {std::string("$http_authorization"), std::string(kClientSecret), std::string(kEncodedSecret),
        absl::StrCat("you sent ", kClientSecret, ", which is wrong"), token,
        absl::StrCat("no longer: ", token)}) {
    for (const std::string& body :
         {absl::StrCat(R"({"error":"invalid_client","error_description":")", said, "\"}"),
          absl::StrCat(R"({"error":")", said, "\"}"),
          absl::StrCat(R"({"access_token":")", token, R"(","token_type":")", said, "\"}"),
          absl::StrCat(R"({"access_token":")", said, R"(","token_type":"Bearer"})"), said}) {
      for (const int status : {200, 401, 503}) {
        AnswerWith(status, body);
        (void)Call("an answer that repeats", WithSecret());
      }
    }
  }
}

TEST_F(OAuthLogTest, FailuresOfTheConnectionAreKeptQuiet) {
  EXPECT_FALSE(Call("nobody is there", WithSecret()).ok());
  Answer("return 444;");  // Closes the connection.
  EXPECT_FALSE(Call("an answer that is none", WithSecret(ClientSecretIn::kForm)).ok());
  EXPECT_FALSE(Call("an answer that is none", WithKey()).ok());
  ClientCredentialsOptions stranger = WithKey();
  stranger.client.ca_file.clear();
  EXPECT_FALSE(Call("an unknown certificate", stranger).ok());
}

TEST_F(OAuthLogTest, OptionsThatHoldASecretByMistakeAreKeptQuiet) {
  const std::string pem = *key_.ExportPrivatePem();
  const auto refused = [this](absl::string_view where, const ClientCredentialsOptions& options) {
    AddError(where, ClientCredentialsTokenSource(options));
  };
  ClientCredentialsOptions options = WithSecret();
  options.client.client_secret_file = pem;
  refused("a key as the path of the secret", options);
  options = WithKey();
  options.client.private_key_file = pem;
  refused("a key as its path", options);
  options.client.private_key_file = Private("open", pem, 0644);
  refused("a key that others can read", options);
  options.client.private_key_file = Private("half", pem.substr(0, pem.size() / 2));
  refused("half a key", options);
  options = WithSecret();
  options.client.client_secret_file = Private("two", absl::StrCat(kClientSecret, "\n", pem));
  refused("a file with more than the secret", options);
  options = WithSecret();
  options.extra_parameters = {{"client_secret", kClientSecret}};
  refused("the secret as a parameter", options);
  options = WithCertificate();
  options.client.tls_certificate_file = options.client.tls_private_key_file;
  refused("the key as the certificate", options);
}

}  // namespace
}  // namespace lanyard::test
