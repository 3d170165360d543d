// SPDX-License-Identifier: Apache-2.0
// Files that do not load: keys, configs, and one where the other should be. No message about them
// repeats what may be a secret.

#include "absl/strings/str_replace.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/keys/file_key_source.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/interceptors/log_search.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::TestIssuer;

class KeyLogTest : public LogSearchTest {
 protected:
  // Reads a broken key text in each way there is.
  void Read(absl::string_view where, const std::string& text) {
    const auto set = KeySet::FromText(text);
    AddSet(where, set);
    AddSet(absl::StrCat(where, ", as a JWK Set"), KeySet::FromJwks(text));
    haystack_.Add(where, Key::FromJwk(text).status());
    haystack_.Add(where, Key::FromPem(text).status());
    haystack_.Add(
        where, FileKeySource::Create({files_.Write("keys", text), {Algorithm::kEs256}}).status());
    if (set.ok()) AddSet(where, set->BindTo({Algorithm::kEs256, Algorithm::kPs256}));
  }
  static std::string MemberOf(const Key& key, const char* name) {
    const std::string jwk = key.ExportPrivateJwk().value();
    return std::string(internal::JsonDocument::ParseObject(jwk)->root().Find(name)->string());
  }
  void AddSet(absl::string_view where, const absl::StatusOr<KeySet>& set) {
    haystack_.Add(where, set.status());
    if (!set.ok()) return;
    for (const std::string& warning : set->warnings()) haystack_.Add(where, warning);
  }

  const testing::TestCertificates files_;
};

TEST_F(KeyLogTest, BrokenKeyFilesKeepWhatStandsBesideTheFault) {
  const Key rsa = Key::Generate(Algorithm::kRs256).value();
  const Key ed = Key::Generate(Algorithm::kEdDsa).value();
  AddKey("the RSA key", rsa);
  AddKey("the Ed25519 key", ed);
  const TestIssuer other(Algorithm::kEs256);
  AddKey("the other key", other.key());
  for (const Key& key : {ec_.key(), rsa, ed, hmac_.key()}) {
    const std::string jwk = key.ExportPrivateJwk().value();
    const std::string type(key.type());
    Read(type, jwk);
    Read(type + " in a set", PrivateJwks(key));
    for (const auto& [what, from, to] :
         {std::tuple("syntax", "\"kty\":", "\"kty\" "),
          std::tuple("type", "\"kty\":\"", "\"kty\":\"x"),
          std::tuple("use", "\"use\":\"sig", "\"use\":\"enc"),
          std::tuple("algorithm", "\"alg\":\"", "\"alg\":\"no"),
          std::tuple("operations", "\"use\":\"sig\"", "\"key_ops\":[\"wrapKey\"]"),
          std::tuple("private part", "\"d\":\"", "\"d\":\"!"),
          std::tuple("private number", "\"d\":\"", "\"d\":\"AAAA"),
          std::tuple("prime", "\"p\":\"", "\"p\":\"AAAA"),
          std::tuple("secret", "\"k\":\"", "\"k\":\"="),
          std::tuple("secret's type", "\"k\":\"", "\"k\":[\""),
          std::tuple("curve", "\"crv\":\"", "\"crv\":\"x"),
          std::tuple("point", "\"x\":\"", "\"x\":\"A"),
          std::tuple("modulus", "\"n\":\"", "\"n\":\"AAAA"),
          std::tuple("twice", "{\"", "{\"d\":\"\",\"d\":\"\",\""),
          std::tuple("kid", "\"kid\":\"", "\"kid\":5,\"x\":\"")}) {
      const std::string broken = absl::StrReplaceAll(jwk, {{from, to}});
      Read(absl::StrCat(type, ", ", what), broken);
      Read(absl::StrCat(type, ", ", what, ", in a set"), absl::StrCat("{\"keys\":[", broken, "]}"));
    }
    Read(type + ", cut off", jwk.substr(0, jwk.size() - 3));
    Read(type + ", twice", absl::StrCat("{\"keys\":[", jwk, ",", jwk, "]}"));
    Read(type + ", and HMAC",
         absl::StrCat("{\"keys\":[", jwk, ",", hmac_.key().ExportPrivateJwk().value(), "]}"));
    if (key.is_hmac()) continue;
    const std::string pem = key.ExportPrivatePem().value();
    const size_t body = pem.find('\n') + 1;
    Read(type + " PEM", pem);
    Read(type + " PEM, letters changed", absl::StrReplaceAll(pem, {{"A", "B"}}));
    Read(type + " PEM, not base64", std::string(pem).replace(body + 20, 1, "!"));
    Read(type + " PEM, without end", pem.substr(0, pem.find("-----END")));
    Read(type + " PEM, without begin", pem.substr(body));
    Read(type + " PEM, as another kind",
         absl::StrReplaceAll(pem, {{"PRIVATE KEY", "CERTIFICATE"}}));
    Read(type + " PEM, before garbage", pem + "\n-----BEGIN GARBAGE-----\n" + pem.substr(body));
  }
  Read("halves of two keys",
       absl::StrReplaceAll(other.key().ExportPrivateJwk().value(),
                           {{MemberOf(other.key(), "d"), MemberOf(ec_.key(), "d")}}));
  AddError("a short secret", Key::FromHmacSecret("short-secret-16b"));
  secrets_.AddBytes("the short secret", "short-secret-16b");
  const std::string printable = "a-secret-of-printable-text-33-byt";
  secrets_.AddBytes("the printable secret", printable);
  haystack_.Add("a printable secret", Key::FromHmacSecret(printable).status());
}

TEST_F(KeyLogTest, AFileThatBreaksLaterIsLoggedWithoutItsContent) {
  auto source =
      FileKeySource::Create({files_.Write("keys", PrivateJwks(ec_.key())), {Algorithm::kEs256}});
  ASSERT_TRUE(source.ok()) << source.status();
  for (const std::string& text : {PrivateJwks(ec_.key()) + "}", PrivateJwks(hmac_.key()),
                                  ec_.key().ExportPrivatePem().value() + "x",
                                  std::string("{\"keys\":[]}"), PrivateJwks(ec_.key())}) {
    files_.Write("keys", text);
    haystack_.Add("reload", (*source)->Reload());
  }
  EXPECT_THAT(Printed(), HasSubstr("private half"));
  EXPECT_THAT(Printed(), HasSubstr("keys not reloaded"));
}

TEST_F(KeyLogTest, ASecretInThePlaceOfAPathIsNotRepeated) {
  for (const std::string& secret :
       {PrivateJwks(hmac_.key()), ec_.key().ExportPrivatePem().value(), PrivateJwks(ec_.key())}) {
    AddError("keys as the path of keys", FileKeySource::Create({secret, {Algorithm::kEs256}}));
  }
}

class ConfigLogTest : public LogSearchTest {
 protected:
  ConfigLogTest() {
    secrets_.AddText("the secret in the config", secret_);
    options_.tls = files_.Server();
    secrets_.AddPem("the key of TLS", files_.Read("server.key"));
  }

  // A config that does not load, as a text and as a file.
  void Refused(absl::string_view where, const std::string& config) {
    ServerAuthOptions options = options_;
    options.config_text = config;
    AddError(where, ServerAuth::Create(options));
    options.config_text.clear();
    options.config_files = {files_.Write("auth.textproto", config)};
    AddError(absl::StrCat(where, ", in a file"), ServerAuth::Create(options));
  }

  const std::string secret_ = "Kq3vT9xWb2LmZr8sYd5nHc7pJf4gAe6u";
  const testing::TestCertificates files_;
  ServerAuthOptions options_;
};

TEST_F(ConfigLogTest, ASyntaxErrorBesideASecretDoesNotShowIt) {
  const std::string issuer = ec_.ConfigText(files_.Write("keys", PrivateJwks(ec_.key())));
  for (const auto& [what, text] :
       {std::pair("the next line", "# " + secret_ + "\nissuers { name: }"),
        std::pair("the same line", "issuers { issuer: \"" + secret_ + "\" name \"test\" }"),
        std::pair("a field of ours", "client_secret: \"" + secret_ + "\""),
        std::pair("without quotes", "issuers { jwks_file: " + secret_ + " }"),
        std::pair("as an enum", "issuers { algorithms: " + secret_ + " }"),
        std::pair("as a number", "max_token_bytes: " + secret_),
        std::pair("as a flag", "loopback_is_trusted: " + secret_),
        std::pair("as a field", secret_ + ": 1"),
        std::pair("as an extension", "[" + secret_ + "]: 1"),
        std::pair("a string without end", "issuers { issuer: \"" + secret_ + " }"),
        std::pair("a bad escape", "issuers { issuer: \"" + secret_ + "\\q\" }")}) {
    Refused(what, issuer + text);
  }
}

TEST_F(ConfigLogTest, AFileThatIsNoConfigAtAllIsNotShown) {
  const std::string token = Sign(ec_.Token());
  for (const auto& [what, text] : {std::pair("a secret", secret_), std::pair("a token", token),
                                   std::pair("a private key", ec_.key().ExportPrivatePem().value()),
                                   std::pair("a JWK", ec_.key().ExportPrivateJwk().value()),
                                   std::pair("a JWK Set", PrivateJwks(hmac_.key())),
                                   std::pair("the key of TLS", files_.Read("server.key"))}) {
    Refused(what, text);
  }
}

TEST_F(ConfigLogTest, KeysOfTheConfigThatDoNotLoadAreNotShown) {
  for (const std::string& keys :
       {PrivateJwks(hmac_.key()), PrivateJwks(ec_.key()) + "}",
        ec_.key().ExportPrivatePem().value().substr(1),
        absl::StrReplaceAll(PrivateJwks(ec_.key()), {{"\"d\":\"", "\"d\":\"AAAA"}})}) {
    Refused("broken keys", ec_.ConfigText(files_.Write("keys", keys)));
  }
  const std::string good = ec_.ConfigText(files_.Write("keys", PrivateJwks(ec_.key())));
  const std::string tls_key = files_.Read("server.key");
  for (const std::string& bad :
       {tls_key.substr(0, tls_key.size() / 2), "garbage" + tls_key,
        absl::StrReplaceAll(tls_key, {{"A", "B"}}), ec_.key().ExportPrivatePem().value()}) {
    files_.Write("server.key", bad);
    Refused("a broken key of TLS", good);
  }
  files_.Write("server.key", tls_key);
  options_.tls.certificate_chain = options_.tls.private_key;
  Refused("the key of TLS as its certificate", good);
}

TEST_F(ConfigLogTest, ASecretInThePlaceOfAPathIsNotRepeated) {
  const std::string good = ec_.ConfigText(files_.Write("keys", PrivateJwks(ec_.key())));
  Refused("keys in the config as a path",
          ec_.ConfigText(absl::StrReplaceAll(PrivateJwks(ec_.key()), {{"\"", "\\\""}})));
  ServerAuthOptions options = options_;
  options.config_files = {Sign(ec_.Token())};
  AddError("a token as the path of a config", ServerAuth::Create(options));
  options = options_;
  options.config_text = good;
  options.tls.private_key = files_.Read("server.key");
  AddError("the key of TLS as a path", ServerAuth::Create(options));
}

}  // namespace
}  // namespace lanyard::test
