// SPDX-License-Identifier: Apache-2.0
// No token, no part of one and no secret key ever stands in anything that the SDK prints or
// returns: every failure is provoked, and all that came of it is searched.

#include <sys/stat.h>

#include <set>

#include "lanyard/interceptors/client_auth.h"
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
using testing::TestIssuer;
using testing::TokenBuilder;

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
                     "rules { method: \"/lanyard.test.Echo/Scoped\" replaces_annotation: true "
                     "allow { issuers: \"test\" "
                     "all_scopes: \"write\" } } max_token_bytes: 65536");
    server_.options.key_sources = {
        {"test", ec_.Keys()}, {"mac", hmac_.Keys()}, {"later", std::make_shared<NoKeys>()}};
    server_.options.bad_signatures_per_second = 5;
    server_.options.admission_bytes = 64 * 1024;
    server_.options.config_text += "\non_audit_failure: DENY";
    ASSERT_NO_FATAL_FAILURE(server_.Start());
  }

  void TearDown() override {
    for (const AuditEvent& event : server_.audit->events()) AddEvent(event, &haystack_);
    const Description described = server_.auth->Describe();
    haystack_.Add("Describe().json", described.json, Haystack::Kind::kOutput);
    haystack_.Add("Describe().text", described.text, Haystack::Kind::kOutput);
    for (const Metric& metric : server_.auth->Metrics()) {
      for (const Metric::Value& value : metric.values) {
        for (const auto& label : value.labels) haystack_.Add(metric.name, label.second);
      }
    }
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
  Expect(AuthFailure::kMalformedToken, Sign(ec_.Token()) + "=");
  Expect(AuthFailure::kUnsupportedAlgorithm,
         Sign(ec_.Token().RawHeader("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")));
  Expect(AuthFailure::kUnsupportedAlgorithm, Sign(hmac_.Token().Issuer(ec_.issuer())));
  const TestIssuer stranger(Algorithm::kEs256, "stranger");
  Expect(AuthFailure::kUnknownIssuer, Sign(stranger.Token()));
  Expect(AuthFailure::kUnknownKey, Sign(ec_.Token().KeyId("nobody")));
  Expect(AuthFailure::kBadSignature,
         Sign(stranger.Token().Issuer(ec_.issuer()).KeyId(ec_.key().id())));
  std::string forged = Sign(hmac_.Token());
  char& letter = forged[forged.size() - 5];
  letter = letter == 'A' ? 'B' : 'A';
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
  for (int i = 0; i < 30; ++i) {
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
  (*heavy.claims().mutable_private_claims())["pad"].set_string_value(std::string(35000, 'x'));
  Expect(AuthFailure::kOverloaded, Sign(heavy));

  server_.audit->set_losing(true);
  Expect(AuthFailure::kAuditFailed, Sign(hmac_.Token()));

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
  EXPECT_THAT(Printed(), HasSubstr(".cc:")) << "gRPC does not print its debug lines here";
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

}  // namespace
}  // namespace lanyard::test
