// SPDX-License-Identifier: Apache-2.0
// Keys over HTTPS from a real nginx: what is fetched, what is refused, and what happens when it is
// slow, wrong, or not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/keys/https.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/keys/nginx_server.h"

namespace lanyard::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestIssuer;

// Waits for something that another thread brings about.
::testing::AssertionResult Soon(const std::function<bool()>& is) {
  for (int i = 0; i < 1500; ++i) {
    if (is()) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return ::testing::AssertionFailure() << "not within 15 s";
}

class RemoteKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    nginx_.Serve("jwks", issuer_.PublicJwks());
  }

  RemoteKeySourceOptions Options() const {
    RemoteKeySourceOptions options;
    options.name = "test";
    options.algorithms = {Algorithm::kEs256};
    options.jwks_url = nginx_.Url("jwks");
    options.ca_file = files_.Client().root_certificates;
    options.refresh = absl::Seconds(1);
    options.https = Https();
    return options;
  }

  void Make(RemoteKeySourceOptions options) {
    auto source = RemoteKeySource::Create(std::move(options));
    ASSERT_THAT(source, IsOk());
    source_ = *std::move(source);
  }
  // And waits for its first keys.
  void MakeWithKeys(RemoteKeySourceOptions options) {
    ASSERT_NO_FATAL_FAILURE(Make(std::move(options)));
    ASSERT_TRUE(Soon([this] { return source_->Current() != nullptr; })) << source_->Health();
  }
  // That a fetch ends in an error which says so.
  void ExpectNoKeys(RemoteKeySourceOptions options, const std::string& says) {
    ASSERT_NO_FATAL_FAILURE(Make(std::move(options)));
    ASSERT_TRUE(Soon([this] { return source_->fetches() > 0; }));
    EXPECT_EQ(source_->Current(), nullptr);
    EXPECT_THAT(source_->Health(), IsError(HasSubstr(says)));
  }
  // That the keys that are there stay through `count` more fetches.
  void ExpectKeysStay(int count = 2) {
    const auto keys = source_->Current();
    ASSERT_NE(keys, nullptr);
    const int64_t before = source_->fetches();
    ASSERT_TRUE(Soon([&] { return source_->fetches() >= before + count; }));
    EXPECT_EQ(source_->Current(), keys);
  }
  // The ids of the keys that are there.
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    const auto keys = source_->Current();
    if (keys == nullptr) return {"none"};
    for (const Key& key : keys->keys()) ids.push_back(key.id());
    return ids;
  }

  std::unique_ptr<Verifier> VerifierOf(std::shared_ptr<const KeySource> keys) const {
    VerifierOptions options;
    options.issuers = {{issuer_.Config(), std::move(keys)}};
    return *Verifier::Create(std::move(options));
  }

  static std::string SetOf(const std::vector<const TestIssuer*>& issuers,
                           const std::string& more = "") {
    std::string keys = more;
    for (const TestIssuer* issuer : issuers) {
      absl::StrAppend(&keys, keys.empty() ? "" : ",", *issuer->key().ToPublicJwk());
    }
    return "{\"keys\":[" + keys + "]}";
  }

  const testing::TestCertificates files_;
  const TestIssuer issuer_, next_;
  NginxServer nginx_{files_};
  std::unique_ptr<RemoteKeySource> source_;
};

TEST_F(RemoteKeysTest, FetchesAndAsksAgainWithTheEtag) {
  nginx_.Start();
  MakeWithKeys(Options());
  EXPECT_THAT(Ids(), ::testing::ElementsAre(issuer_.key().id()));
  EXPECT_THAT(source_->Health(), IsOk());
  ExpectKeysStay(3);
  const auto requests = nginx_.requests();
  EXPECT_EQ(requests[0], "200 /jwks");
  EXPECT_EQ(requests[1], "304 /jwks") << "nothing is sent that is known";
}

TEST_F(RemoteKeysTest, NewKeysComeAndWithdrawnOnesGo) {
  nginx_.Start();
  MakeWithKeys(Options());
  nginx_.Serve("jwks", SetOf({&issuer_, &next_}));
  EXPECT_TRUE(Soon([this] { return Ids().size() == 2; }));
  nginx_.Serve("jwks", SetOf({&next_}));
  EXPECT_TRUE(Soon([this] { return Ids() == std::vector<std::string>{next_.key().id()}; }));
}

// Security rule: at most a refresh and a second, with a verdict in the cache.
TEST_F(RemoteKeysTest, WithdrawnKeyIsRefusedThoughItsTokenIsCached) {
  nginx_.Start();
  MakeWithKeys(Options());
  const std::shared_ptr<RemoteKeySource> source = std::move(source_);
  const auto verifier = VerifierOf(source);
  const std::string token = issuer_.Token().Sign();
  EXPECT_THAT(verifier->Verify(token), IsOk());
  EXPECT_THAT(verifier->Verify(token), IsOk());
  nginx_.Serve("jwks", SetOf({&next_}));
  const int64_t before = source->fetches();
  ASSERT_TRUE(Soon([&] { return source->fetches() >= before + 2; }));
  EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kUnknownKey));
}

TEST_F(RemoteKeysTest, AnOutageDropsNothingUntilTheKeysAreTooOld) {
  auto clock = std::make_shared<testing::FakeClock>();
  RemoteKeySourceOptions options = Options();
  options.clock = clock;
  options.max_stale = absl::Hours(1);
  nginx_.Start();
  MakeWithKeys(options);
  nginx_.Stop();
  clock->Advance(absl::Hours(1));
  EXPECT_NE(source_->Current(), nullptr);
  clock->Advance(absl::Seconds(1));
  EXPECT_EQ(source_->Current(), nullptr);
  EXPECT_THAT(source_->Health(), IsError(HasSubstr("max_stale")));
  // A wall clock that somebody sets changes nothing.
  clock->Set(clock->Now() - absl::Hours(2));
  EXPECT_EQ(source_->Current(), nullptr);
  nginx_.Start();
  EXPECT_TRUE(Soon([&] {
    clock->Advance(absl::Seconds(1));
    return source_->Current() != nullptr;
  }));
}

TEST_F(RemoteKeysTest, StartsBeforeItsIssuer) {
  ExpectNoKeys(Options(), "no keys yet: https://localhost:");
  const auto verifier = VerifierOf(std::shared_ptr<const KeySource>(source_.get(), [](auto*) {}));
  EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), FailsWith(AuthFailure::kKeysUnavailable));
  nginx_.Start();
  EXPECT_TRUE(Soon([this] { return source_->Current() != nullptr; }));
  EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), IsOk());
}

TEST_F(RemoteKeysTest, NothingThatIsNoKeySetReplacesAGoodOne) {
  nginx_.Start();
  MakeWithKeys(Options());
  const std::string good = issuer_.PublicJwks();
  for (const std::string& bad :
       {std::string(), std::string("<html>maintenance</html>"), good.substr(0, good.size() / 2),
        std::string("{}"), std::string("{\"keys\":{}}"), std::string("null"), "[" + good + "]",
        good + "x", std::string(300 * 1024, ' '), "{\"keys\":[],\"keys\":[]}" + std::string()}) {
    nginx_.Serve("jwks", bad);
    ASSERT_NO_FATAL_FAILURE(ExpectKeysStay());
  }
  // More keys than are read: none is taken, not the first hundred.
  std::string many = *issuer_.key().ToPublicJwk();
  for (int i = 0; i < 100; ++i) many += ",{\"kty\":\"x\"}";
  nginx_.Serve("jwks", "{\"keys\":[" + many + "]}");
  ASSERT_NO_FATAL_FAILURE(ExpectKeysStay());
  for (const char* answer : {"return 500 '{\"keys\":[]}';", "return 204;", "return 404;",
                             "return 304;", "return 201 '{\"keys\":[]}';", "return 302 /other;"}) {
    nginx_.Restart(absl::StrCat("location /jwks { ", answer, " }"));
    ASSERT_NO_FATAL_FAILURE(ExpectKeysStay());
  }
}

TEST_F(RemoteKeysTest, ASetWithoutKeysRemovesThemAll) {
  nginx_.Start();
  MakeWithKeys(Options());
  nginx_.Serve("jwks", "{\"keys\":[]}");
  EXPECT_TRUE(Soon([this] { return Ids().empty(); }));
  EXPECT_THAT(source_->Health(), IsError(HasSubstr("no usable key")));
  nginx_.Serve("jwks", issuer_.PublicJwks());
  EXPECT_TRUE(Soon([this] { return Ids().size() == 1; }));
}

TEST_F(RemoteKeysTest, UnusableEntriesAreLeftOutAlone) {
  const TestIssuer twin, published;
  const std::string twin_jwk =
      absl::StrReplaceAll(*twin.key().ToPublicJwk(), {{twin.key().id(), "twin"}});
  const std::string other_twin =
      absl::StrReplaceAll(*next_.key().ToPublicJwk(), {{next_.key().id(), "twin"}});
  nginx_.Serve("jwks", SetOf({&issuer_},
                             absl::StrCat("{\"kty\":\"AKP\"},", "{\"kty\":\"oct\",\"k\":\"",
                                          std::string(43, 'A'), "\",\"kid\":\"", issuer_.key().id(),
                                          "\"},", *published.key().ExportPrivateJwk(), ",",
                                          twin_jwk, ",", other_twin)));
  nginx_.Start();
  MakeWithKeys(Options());
  EXPECT_THAT(Ids(), ::testing::ElementsAre(issuer_.key().id()));
  EXPECT_THAT(source_->Current()->warnings(), Contains(HasSubstr("private half is published")));
  EXPECT_THAT(source_->Current()->warnings(), Contains(HasSubstr("HMAC secret")));
}

// A key is compromised if its private half stands there under whatever name.
TEST_F(RemoteKeysTest, APublishedPrivateHalfTakesItsPublicTwinAlong) {
  const TestIssuer published;
  const std::string pair = *published.key().ExportPrivateJwk();
  for (const std::string& twin :
       {*published.key().ToPublicJwk(),
        absl::StrReplaceAll(*published.key().ToPublicJwk(), {{published.key().id(), "twin"}})}) {
    nginx_.Serve("jwks", SetOf({&issuer_}, absl::StrCat(twin, ",", pair)));
    nginx_.Restart();
    MakeWithKeys(Options());
    EXPECT_THAT(Ids(), ::testing::ElementsAre(issuer_.key().id()));
  }
}

TEST_F(RemoteKeysTest, TheSameKeysInAnotherOrderAreTheSameSet) {
  nginx_.Serve("jwks", SetOf({&issuer_, &next_}));
  nginx_.Start();
  MakeWithKeys(Options());
  const auto keys = source_->Current();
  nginx_.Serve("jwks", SetOf({&next_, &issuer_}, "{\"kty\":\"new\"}"));
  ExpectKeysStay(3);
  EXPECT_EQ(source_->Current(), keys);
}

TEST_F(RemoteKeysTest, RedirectsAreNotFollowed) {
  NginxServer target(files_);
  target.Serve("jwks", issuer_.PublicJwks());
  target.Start();
  for (const std::string& to : {target.Url("jwks"), nginx_.Url("other"), std::string("/other"),
                                std::string("http://localhost:1/jwks")}) {
    nginx_.Serve("other", issuer_.PublicJwks());
    nginx_.Restart(absl::StrCat("location /jwks { return 302 ", to, "; }"));
    ExpectNoKeys(Options(), "redirects are not followed");
  }
  EXPECT_THAT(target.requests(), ::testing::IsEmpty());
  EXPECT_THAT(nginx_.requests(), Each(StartsWith("302 /jwks")));
}

TEST_F(RemoteKeysTest, TheServersCertificateMustBeRight) {
  const testing::TestCertificates strangers;
  nginx_.Start();
  RemoteKeySourceOptions options = Options();
  options.ca_file = strangers.Client().root_certificates;
  ExpectNoKeys(options, "SSL");
  options.ca_file.clear();  // The system's do not know our CA either.
  ExpectNoKeys(options, "certificate");
  testing::TestCertificates& files = const_cast<testing::TestCertificates&>(files_);
  files.Issue("elsewhere", {"DNS:elsewhere.test"});
  files.Issue("expired", {"DNS:localhost"}, -absl::Hours(1));
  for (const char* certificate : {"elsewhere", "expired"}) {
    NginxServer server(files_, certificate);
    server.Serve("jwks", issuer_.PublicJwks());
    server.Start();
    options = Options();
    options.jwks_url = server.Url("jwks");
    ExpectNoKeys(options, certificate[1] == 'l' ? "certificate" : "expired");
    EXPECT_THAT(server.requests(), ::testing::IsEmpty());
  }
  // One that is no TLS at all.
  options = Options();
  options.jwks_url = absl::StrReplaceAll(nginx_.Url("jwks"), {{"https", "http"}});
  EXPECT_THAT(RemoteKeySource::Create(options), IsError(HasSubstr("must begin with https://")));
}

TEST_F(RemoteKeysTest, AByteASecondIsGivenUp) {
  nginx_.Start("limit_rate 1;");
  ExpectNoKeys(Options(), "https://localhost:");
  // And a fetch that is under way does not hold up the end.
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  source_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4)) << "of 5";
}

TEST_F(RemoteKeysTest, LimitsCountAfterDecompression) {
  nginx_.Serve("jwks", "{\"keys\":[" + std::string(20 << 20, ' ') + "]}");
  nginx_.Start("gzip on; gzip_types *; gzip_min_length 1;");
  ExpectNoKeys(Options(), "longer than 262144 bytes");
  nginx_.Serve("jwks",
               "{\"keys\":[" + std::string(200 << 10, ' ') + *issuer_.key().ToPublicJwk() + "]}");
  EXPECT_TRUE(Soon([this] { return source_->Current() != nullptr; }));
}

TEST_F(RemoteKeysTest, TheEnvironmentsProxiesAreNotUsed) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, "http://127.0.0.1:1", 1);
  }
  nginx_.Start();
  MakeWithKeys(Options());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  // One that the config names is, whatever the environment says of exceptions.
  setenv("NO_PROXY", "*", 1);
  setenv("no_proxy", "*", 1);
  RemoteKeySourceOptions options = Options();
  options.proxy = "http://127.0.0.1:1";
  ExpectNoKeys(options, "https://localhost:");
  unsetenv("NO_PROXY");
  unsetenv("no_proxy");
}

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
  nginx_.Serve(kDocument, "{\"jwks_uri\":\"" + nginx_.Url("jwks") + "\"}");
  ExpectNoKeys(Options(), "another issuer");
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
  EXPECT_THAT(elsewhere_.requests(), Each(Not(HasSubstr("bearer"))));
  options.bearer_hosts.push_back(elsewhere_.origin());
  MakeWithKeys(options);
  EXPECT_THAT(elsewhere_.requests(), Contains(HasSubstr("bearer")));

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

class UnknownKeyTest : public RemoteKeysTest {
 protected:
  void SetUp() override {
    RemoteKeysTest::SetUp();
    if (IsSkipped()) return;
    nginx_.Start();
    RemoteKeySourceOptions options = Options();
    options.refresh = absl::Hours(1);
    options.max_stale = absl::Hours(2);
    MakeWithKeys(options);
    shared_ = std::move(source_);
    verifier_ = VerifierOf(shared_);
  }

  std::optional<AuthFailure> FailureFor(const testing::TokenBuilder& token) const {
    return FailureOf(verifier_->Verify(token.Sign()).status());
  }

  std::shared_ptr<RemoteKeySource> shared_;
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(UnknownKeyTest, AKeyActivatedAtOnceIsFetchedAtOnce) {
  nginx_.Serve("jwks", SetOf({&issuer_, &next_}));
  testing::TokenBuilder token = next_.Token();
  token.Issuer(issuer_.issuer());
  EXPECT_EQ(FailureFor(token), AuthFailure::kKeysUnavailable);
  EXPECT_TRUE(Soon([&] { return !FailureFor(token).has_value(); }));
  EXPECT_EQ(shared_->fetches(), 2);
}

TEST_F(UnknownKeyTest, AKeyThatIsNowhereIsUnauthenticatedOnceThatIsKnown) {
  testing::TokenBuilder token = issuer_.Token();
  token.KeyId("made up");
  EXPECT_EQ(FailureFor(token), AuthFailure::kKeysUnavailable);
  EXPECT_TRUE(Soon([&] { return FailureFor(token) == AuthFailure::kUnknownKey; }));
  EXPECT_EQ(shared_->fetches(), 2);
  // What cannot be a key of this issuer is no reason to ask.
  EXPECT_EQ(FailureFor(issuer_.Token().KeyId("other").Issuer("https://other")),
            AuthFailure::kUnknownIssuer);
  EXPECT_EQ(FailureFor(TestIssuer(Algorithm::kEs384).Token().KeyId("other")),
            AuthFailure::kUnsupportedAlgorithm);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(shared_->fetches(), 2);
}

// A key of that id is there, but for another algorithm: no reason to ask, or anybody could keep the
// issuer busy with it.
TEST_F(UnknownKeyTest, AKnownIdWithAnotherAlgorithmAsksForNothing) {
  v1::Issuer config = issuer_.Config();
  config.add_algorithms(v1::RS256);
  VerifierOptions options;
  options.issuers = {{config, shared_}};
  const auto verifier = *Verifier::Create(std::move(options));
  testing::TokenBuilder token = TestIssuer(Algorithm::kRs256).Token();
  token.KeyId(issuer_.key().id());
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(verifier->Verify(token.Sign()), FailsWith(AuthFailure::kUnknownKey));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(shared_->fetches(), 1);
}

TEST_F(UnknownKeyTest, TenThousandUnknownKeysAreAFewFetches) {
  testing::TokenBuilder token = issuer_.Token();
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - start; };
  int sent = 0;
  for (; sent < 10'000 || elapsed() < std::chrono::seconds(3); ++sent) {
    const auto failure = FailureFor(token.KeyId(absl::StrCat("made up ", sent)));
    ASSERT_TRUE(failure == AuthFailure::kKeysUnavailable || failure == AuthFailure::kUnknownKey);
  }
  // At 0, 1, 3, 8, 23 s and then every 30, less a tenth.
  const double seconds = std::chrono::duration<double>(elapsed()).count();
  int64_t allowed = 2;
  for (const double at : {0.9, 2.7, 7.2, 20.7, 47.7, 74.7, 101.7}) allowed += seconds >= at;
  EXPECT_LE(shared_->fetches(), allowed);
  std::printf("%d unknown key ids in %.1f s, %d fetches\n", sent, seconds,
              static_cast<int>(shared_->fetches()) - 1);
  // The keys that are known were never in doubt.
  EXPECT_EQ(FailureFor(issuer_.Token()), std::nullopt);
}

// What makes no sense is refused before anything is fetched.
TEST(RemoteKeySourceOptionsTest, ErrorsNameTheField) {
  const auto error_of = [](const std::function<void(RemoteKeySourceOptions*)>& change) {
    RemoteKeySourceOptions options;
    options.name = "test";
    options.algorithms = {Algorithm::kEs256};
    options.jwks_url = "https://sso.example.test/jwks";
    options.https = Https();
    change(&options);
    const auto source = RemoteKeySource::Create(options);
    return source.ok() ? std::string() : std::string(source.status().message());
  };
  using Options = RemoteKeySourceOptions*;
  EXPECT_THAT(error_of([](Options o) { o->algorithms.clear(); }), HasSubstr("algorithms"));
  EXPECT_THAT(error_of([](Options o) { o->algorithms = {Algorithm::kHs256}; }),
              HasSubstr("HMAC secrets never"));
  EXPECT_THAT(error_of([](Options o) { o->jwks_url.clear(); }), HasSubstr("jwks_url"));
  EXPECT_THAT(error_of([](Options o) { o->discovery_url = o->jwks_url; }), HasSubstr("one of"));
  EXPECT_THAT(error_of([](Options o) { std::swap(o->discovery_url, o->jwks_url); }),
              HasSubstr("issuer: required"));
  EXPECT_THAT(error_of([](Options o) { o->key_hosts = {"https://a"}; }), HasSubstr("key_hosts"));
  EXPECT_THAT(error_of([](Options o) { o->bearer_token_file = "/token"; }),
              HasSubstr("bearer_hosts"));
  EXPECT_THAT(error_of([](Options o) {
                o->bearer_token_file = "/token";
                o->bearer_hosts = {"http://a"};
              }),
              HasSubstr("bearer_hosts"));
  EXPECT_THAT(error_of([](Options o) {
                std::swap(o->discovery_url, o->jwks_url);
                o->issuer = "https://sso.example.test";
                o->key_hosts = {"https://storage.example.test/bucket"};
              }),
              HasSubstr("write no path"));
  EXPECT_THAT(error_of([](Options o) { o->proxy = "http://user:s3/cret@proxy:1"; }),
              ::testing::AllOf(HasSubstr("proxy: "), Not(HasSubstr("cret"))));
  EXPECT_THAT(error_of([](Options o) { o->name.clear(); }), HasSubstr("name"));
  EXPECT_THAT(error_of([](Options o) { o->refresh = absl::Milliseconds(999); }),
              HasSubstr("refresh"));
  EXPECT_THAT(error_of([](Options o) { o->max_stale = absl::Hours(25); }), HasSubstr("max_stale"));
  EXPECT_THAT(error_of([](Options o) { o->https = nullptr; }), HasSubstr("//:https"));
}

}  // namespace
}  // namespace lanyard::test
