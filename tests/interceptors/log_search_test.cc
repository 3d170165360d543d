// SPDX-License-Identifier: Apache-2.0
// No token, no part of one and no secret key ever stands in anything that the SDK prints or
// returns: every failure is provoked, and all that came of it is searched.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/keys/file_key_source.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/log_search.h"
#include "tests/interceptors/searched_call.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestIssuer;
using testing::TokenBuilder;
using ::testing::UnorderedElementsAreArray;

// A source that has nothing.
class NoKeys final : public KeySource {
 public:
  std::shared_ptr<const KeySet> Current() const override { return nullptr; }
};

class ServerLogTest : public LogSearchTest {
 protected:
  void SetUp() override {
    server_.options.config_text =
        absl::StrCat(ec_.ConfigText(), hmac_.ConfigText(), later_.ConfigText(),
                     "rules { method: \"/lanyard.test.Echo/Scoped\" allow { issuers: \"test\" "
                     "all_scopes: \"write\" } } max_token_bytes: 65536");
    server_.options.key_sources = {
        {"test", ec_.Keys()}, {"mac", hmac_.Keys()}, {"later", std::make_shared<NoKeys>()}};
    server_.options.bad_signatures_per_second = 1;
    server_.options.admission_bytes = 64 * 1024;
    ASSERT_NO_FATAL_FAILURE(server_.Start());
  }

  void TearDown() override {
    for (const AuditEvent& event : server_.audit->events()) AddEvent(event, &haystack_);
    LogSearchTest::TearDown();
  }

  // A call over a connection of its own.
  void Call(absl::string_view where, const std::string& token) {
    SearchedCall(where, server_.Channel(), Bearer(token), &haystack_);
  }

  // What must be refused; the failures that were seen are compared at the end.
  void Expect(AuthFailure failure, const std::string& token) {
    Call(AuthFailureName(failure), token);
    const AuditEvent event = server_.audit->last();
    EXPECT_EQ(event.failure, failure) << event.detail;
    seen_.insert(failure);
  }

  std::set<AuthFailure> seen_;
  const TestIssuer later_{Algorithm::kEs256, "later"};
  GatedServer server_{Api::kCallback};
};

TEST_F(ServerLogTest, EveryFailureKeepsTheTokenToItself) {
  SearchedCall("no token", server_.Channel(), {}, &haystack_);
  seen_.insert(*server_.audit->last().failure);
  Expect(AuthFailure::kUnsupportedAlgorithm,
         Sign(ec_.Token().RawHeader("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")));
  Expect(AuthFailure::kUnsupportedAlgorithm, Sign(hmac_.Token().Issuer(ec_.issuer())));
  const TestIssuer stranger(Algorithm::kEs256, "stranger");
  Expect(AuthFailure::kUnknownIssuer, Sign(stranger.Token()));
  Expect(AuthFailure::kUnknownKey, Sign(ec_.Token().KeyId("nobody")));
  Expect(AuthFailure::kBadSignature,
         Sign(stranger.Token().Issuer(ec_.issuer()).KeyId(ec_.key().id())));
  std::string forged = Sign(hmac_.Token());
  forged[forged.size() - 5] ^= 1;
  Expect(AuthFailure::kBadSignature, Secret(forged));
  Expect(AuthFailure::kWrongType, Sign(ec_.Token().Type("JWT")));
  Expect(AuthFailure::kExpired, Sign(ec_.Token().ExpiresIn(-absl::Minutes(1))));
  Expect(AuthFailure::kNotYetValid, Sign(ec_.Token().NotBeforeIn(absl::Minutes(2))));
  Expect(AuthFailure::kLifetimeTooLong, Sign(ec_.Token().ExpiresIn(absl::Hours(48))));
  Expect(AuthFailure::kWrongAudience, Sign(hmac_.Token().Audience("other")));
  TokenBuilder nameless = ec_.Token();
  nameless.claims().clear_token_id();
  Expect(AuthFailure::kMissingClaim, Sign(nameless));
  Expect(AuthFailure::kNotBound, Sign(ec_.Token().BoundTo(std::string(32, 'x'))));
  Expect(AuthFailure::kKeysUnavailable, Sign(later_.Token()));

  const auto one_connection = server_.Channel();
  for (int i = 0; i < 5; ++i) {
    const std::string bad = Sign(stranger.Token().Issuer(ec_.issuer()).KeyId(ec_.key().id()));
    SearchedCall("bad again", one_connection, Bearer(bad), &haystack_);
    seen_.insert(*server_.audit->last().failure);
  }
  const std::string denied = Sign(ec_.Token());
  for (const char* path :
       {"/lanyard.test.Echo/Scoped", "/lanyard.test.Echo/Unruled", "/no/thing"}) {
    SearchedCall(path, server_.Channel(), Bearer(denied), &haystack_, path);
    seen_.insert(*server_.audit->last().failure);
  }
  TokenBuilder heavy = ec_.Token();
  (*heavy.claims().mutable_private_claims())["pad"].set_string_value(std::string(30000, 'x'));
  Expect(AuthFailure::kOverloaded, Sign(heavy));

  for (const AuthFailure failure : {AuthFailure::kMalformedToken, AuthFailure::kMissingToken,
                                    AuthFailure::kTooManyBadTokens, AuthFailure::kDeniedByPolicy}) {
    seen_.insert(failure);
  }
  std::set<AuthFailure> all(std::begin(kAllAuthFailures), std::end(kAllAuthFailures));
  // Nothing gives these yet.
  all.erase(AuthFailure::kRevoked);
  all.erase(AuthFailure::kReplayed);
  all.erase(AuthFailure::kRevocationUnknown);
  EXPECT_EQ(seen_, all);
}

TEST_F(ServerLogTest, MalformedTokensAreNotShownEither) {
  const std::string good = Sign(ec_.Token());
  const size_t first = good.find('.'), second = good.rfind('.');
  const std::string header = good.substr(0, first), payload = good.substr(first, second - first),
                    signature = good.substr(second);
  for (const std::string& token :
       {header + payload, good + signature, header + "." + signature, header + payload + ".",
        payload + signature, good + "=", good + "!", header + "A" + payload + signature,
        good.substr(1), good + good, header + payload + payload + signature + signature}) {
    Expect(AuthFailure::kMalformedToken, Secret(token));
  }
  for (const char* header_json :
       {"{\"alg\":\"ES256\",\"crit\":[\"x\"]}", "{\"alg\":\"ES256\",\"jku\":\"https://a.test/\"}",
        "{\"alg\":5}", "{\"typ\":\"at+jwt\"}", "[\"ES256\"]", "{\"alg\":\"ES256\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "not JSON at all"}) {
    Expect(AuthFailure::kMalformedToken, Sign(ec_.Token().RawHeader(header_json)));
  }
  for (const std::string& claims :
       {absl::StrCat("{\"iss\":\"", ec_.issuer(), "\",\"exp\":\"", kPrivateClaim, "\"}"),
        absl::StrCat("{\"iss\":\"", ec_.issuer(), "\",\"card\":\"", kPrivateClaim, "\",}"),
        absl::StrCat("{\"iss\":[\"", kPrivateClaim, "\"]}"),
        absl::StrCat("{\"", kPrivateClaim, "\":1,\"", kPrivateClaim, "\":2}"),
        absl::StrCat("\"", kPrivateClaim, "\"")}) {
    Expect(AuthFailure::kMalformedToken, Secret(ec_.Token().RawClaims(claims).Sign()));
  }
  const auto headers = [&](const std::string& value) {
    SearchedCall("a header of another form", server_.Channel(), {{"authorization", value}},
                 &haystack_);
    EXPECT_TRUE(server_.audit->last().failure.has_value());
  };
  for (const char* before : {"", "Bearer", "Bearer x ", "Basic ", "DPoP ", "Bearer \"", "Token "}) {
    headers(before + good);
  }
  SearchedCall("two headers", server_.Channel(),
               {{"authorization", "Bearer " + good}, {"authorization", "Bearer " + good}},
               &haystack_);
}

TEST_F(ServerLogTest, TokensOfEverySizeAreKeptQuiet) {
  for (const size_t size : {5000, 9000, 40000, 60000, 120000}) {
    TokenBuilder big = ec_.Token();
    (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(size, 'x'));
    Call(absl::StrCat("a token with ", size, " bytes of padding"), Sign(big));
  }
}

TEST_F(ServerLogTest, AllowedCallsPrintNothingOfTheirTokens) {
  for (const std::string& token : {Sign(ec_.Token()), Sign(hmac_.Token())}) {
    const auto channel = server_.Channel();
    // The second time from the cache.
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(SearchedCall("allowed", channel, Bearer(token), &haystack_).ok());
    }
    EXPECT_TRUE(
        SearchedCall("open", channel, Bearer(token), &haystack_, "/lanyard.test.Echo/Open").ok());
  }
  EXPECT_THAT(output_.End(), HasSubstr(".cc:")) << "gRPC does not print its debug lines here";
}

class ClientLogTest : public LogSearchTest {
 protected:
  void SetUp() override {
    server_.options.config_text = ec_.ConfigText();
    server_.options.key_sources = {{"test", ec_.Keys()}};
    ASSERT_NO_FATAL_FAILURE(server_.Start());
  }

  ClientAuthOptions Options(std::shared_ptr<TokenSource> source) const {
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = std::move(source);
    options.tls = server_.files.Client();
    return options;
  }

  // A call with tokens of that source.
  grpc::Status Call(absl::string_view where, std::shared_ptr<TokenSource> source,
                    const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    auto channel = CreateChannel(absl::StrCat("localhost:", server_.port), Options(source));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return SearchedCall(where, *channel, headers, &haystack_);
  }

  std::shared_ptr<TokenSource> File(const std::string& content, mode_t mode = 0600) {
    const std::string path = server_.files.Write("token", content);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return FileTokenSource(path);
  }

  GatedServer server_{Api::kCallback};
};

TEST_F(ClientLogTest, TokenFilesOfEveryKindAreKeptQuiet) {
  const std::string good = Sign(ec_.Token());
  EXPECT_TRUE(Call("good", File(good)).ok());
  EXPECT_TRUE(Call("world-readable", File(good, 0644)).ok());
  EXPECT_FALSE(Call("missing", FileTokenSource(server_.files.Path("nothing"))).ok());
  EXPECT_FALSE(Call("two tokens", File(good + "\n" + good)).ok());
  EXPECT_FALSE(Call("garbled", File(good + "\x1b[31m")).ok());
  EXPECT_FALSE(Call("quoted", File("\"" + good + "\"")).ok());
  EXPECT_FALSE(Call("with its header", File("Authorization: Bearer " + good)).ok());
  EXPECT_FALSE(Call("expired", File(Sign(ec_.Token().ExpiresIn(-absl::Hours(1))))).ok());
  EXPECT_FALSE(Call("for another", File(Sign(ec_.Token().Audience("other")))).ok());
  EXPECT_FALSE(Call("a private key", File(ec_.key().ExportPrivatePem().value())).ok());
  EXPECT_FALSE(Call("a JWK", File(ec_.key().ExportPrivateJwk().value())).ok());
  TokenBuilder big = ec_.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(9000, 'x'));
  EXPECT_FALSE(Call("too long", File(Sign(big))).ok());
}

TEST_F(ClientLogTest, ATokenInThePlaceOfAPathIsNotRepeated) {
  EXPECT_FALSE(Call("a token as a path", FileTokenSource(Sign(ec_.Token()))).ok());
}

// A source that has an error only.
class FailingSource final : public TokenSource {
 public:
  void Fetch(const TokenRequest&, TokenCallback done) override {
    done(absl::UnavailableError("the issuer is down"));
  }
};

TEST_F(ClientLogTest, SourcesThatFailAndTokensThatAreRefusedAreKeptQuiet) {
  EXPECT_FALSE(Call("a failing source", std::make_shared<FailingSource>()).ok());
  const auto good = StaticTokenSource(Sign(ec_.Token()));
  EXPECT_FALSE(Call("two opinions", good, Bearer(Sign(ec_.Token()))).ok());
  EXPECT_FALSE(Call("cannot stand in a header", StaticTokenSource(Sign(ec_.Token()) + "\n")).ok());
  const TestIssuer stranger(Algorithm::kEs256, "test");
  EXPECT_FALSE(Call("refused", StaticTokenSource(Sign(stranger.Token()))).ok());
}

TEST_F(ClientLogTest, AnUnprotectedChannelIsRefusedWithoutTheToken) {
  auto client = ClientAuth::Create(Options(StaticTokenSource(Sign(ec_.Token()))));
  ASSERT_TRUE(client.ok());
  for (const auto& credentials :
       {grpc::InsecureChannelCredentials(), grpc::experimental::LocalCredentials(LOCAL_TCP)}) {
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
    factories.push_back((*client)->InterceptorFactory());
    // Nobody listens in plaintext there; the call fails first, or for that.
    const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
        absl::StrCat("127.0.0.1:", server_.port), credentials, {}, std::move(factories));
    EXPECT_FALSE(SearchedCall("an unprotected channel", channel, {}, &haystack_).ok());
  }
}

TEST_F(ClientLogTest, SelfSignedTokensAreKeptQuiet) {
  SignerOptions signer;
  for (const TestIssuer* issuer : {&ec_, &hmac_}) {
    signer.key = issuer->key();
    SelfSignedTokenOptions options;
    options.signer = Signer::Create(signer).value();
    options.issuer = ec_.issuer();
    options.subject = "svc:self";
    EXPECT_EQ(Call("self-signed", SelfSignedTokenSource(options).value()).ok(), issuer == &ec_);
    options.lifetime = absl::ZeroDuration();
    AddError("self-signed, no lifetime", SelfSignedTokenSource(options));
  }
  signer.key = hmac_.key();
  signer.algorithm = Algorithm::kEs256;
  AddError("a signer with the wrong algorithm", Signer::Create(signer));
  signer.key = ec_.key().PublicHalf().value();
  AddError("a signer with a public key", Signer::Create(signer));
}

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
  // The private half of another key.
  Read("halves of two keys",
       absl::StrReplaceAll(ec_.key().ExportPrivateJwk().value(), {{"\"x\":\"",
                                                                   "\"x\":\""
                                                                   "\",\"unused\":\""}}));
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
  const std::string printed = output_.End();
  EXPECT_THAT(printed, HasSubstr("private half"));
  EXPECT_THAT(printed, HasSubstr("keys not reloaded"));
  haystack_.Add("the key file's lines", printed, Haystack::Kind::kOutput);
  EXPECT_EQ(secrets_.FoundIn(printed), "");
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
  std::string hmac_bytes(hmac_.key().ExportPrivateJwk().value());
  for (const auto& [what, text] : {std::pair("a secret", secret_), std::pair("a token", token),
                                   std::pair("a private key", ec_.key().ExportPrivatePem().value()),
                                   std::pair("a JWK", ec_.key().ExportPrivateJwk().value()),
                                   std::pair("a JWK Set", PrivateJwks(hmac_.key())),
                                   std::pair("the key of TLS", files_.Read("server.key"))}) {
    Refused(what, text);
  }
}

TEST_F(ConfigLogTest, KeysOfTheConfigThatDoNotLoadAreNotShown) {
  const TestIssuer& issuer = ec_;
  for (const std::string& keys :
       {PrivateJwks(hmac_.key()), PrivateJwks(ec_.key()) + "}",
        ec_.key().ExportPrivatePem().value().substr(1),
        absl::StrReplaceAll(PrivateJwks(ec_.key()), {{"\"d\":\"", "\"d\":\"AAAA"}})}) {
    Refused("broken keys", issuer.ConfigText(files_.Write("keys", keys)));
  }
  const std::string good = issuer.ConfigText(files_.Write("keys", PrivateJwks(ec_.key())));
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
  options.config_files = {secrets_.tokens() == 0 ? Sign(ec_.Token()) : ""};
  AddError("a token as the path of a config", ServerAuth::Create(options));
  options = options_;
  options.config_text = good;
  options.tls.private_key = files_.Read("server.key");
  AddError("the key of TLS as a path", ServerAuth::Create(options));
}

// The search itself must be able to fail.
TEST(SecretsTest, AreFoundWhereverTheyStand) {
  const TestIssuer ec, rsa(Algorithm::kRs256), hmac(Algorithm::kHs256);
  const std::string token = ec.Token().Sign();
  const std::string jwk = rsa.key().ExportPrivateJwk().value();
  const std::string pem = ec.key().ExportPrivatePem().value();
  const std::string secret = "0123456789abcdef0123456789ABCDEF";
  Secrets secrets;
  secrets.AddToken(token);
  secrets.AddJwk("RSA", jwk);
  secrets.AddPem("EC", pem);
  secrets.AddBytes("HMAC", secret);
  const size_t first = token.find('.'), second = token.rfind('.');
  const auto planted = [&](absl::string_view text) {
    Haystack haystack;
    haystack.Add("nothing", "a harmless line");
    haystack.Add("planted", absl::StrCat("before ", text, " after"));
    return secrets.FoundIn(haystack).size() == 1;
  };
  EXPECT_FALSE(planted("nothing"));
  EXPECT_TRUE(planted(token));
  EXPECT_TRUE(planted(token.substr(0, first)));
  EXPECT_TRUE(planted(token.substr(first + 9, 12)));
  EXPECT_TRUE(planted(token.substr(second + 1, 12)));
  EXPECT_TRUE(planted(token.substr(token.size() - 12)));
  for (const char* member :
       {"\"d\":\"", "\"p\":\"", "\"q\":\"", "\"dp\":\"", "\"dq\":\"", "\"qi\":\""}) {
    EXPECT_TRUE(planted(jwk.substr(jwk.find(member) + std::string(member).size(), 12))) << member;
  }
  EXPECT_TRUE(planted(pem.substr(pem.find('\n') + 1, 12)));
  EXPECT_TRUE(planted(secret.substr(20)));
  EXPECT_TRUE(planted(absl::BytesToHexString(secret).substr(3, 12)));
  EXPECT_TRUE(planted(absl::Base64Escape(secret).substr(30, 12)));
  EXPECT_TRUE(planted(absl::WebSafeBase64Escape(secret).substr(30, 12)));
}

TEST(OutputCaptureTest, TakesBothStreams) {
  OutputCapture capture;
  std::printf("one ");
  std::fflush(stdout);
  std::fprintf(stderr, "two");
  EXPECT_EQ(capture.End(), "one two");
  EXPECT_EQ(capture.End(), "");
}

}  // namespace
}  // namespace lanyard::test
