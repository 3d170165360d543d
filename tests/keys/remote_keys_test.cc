// SPDX-License-Identifier: Apache-2.0
// Keys over HTTPS from a real nginx: what is fetched, what is refused, and what happens when it is
// slow, wrong, or not there.
#include <atomic>
#include <cstdlib>

#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/keys/remote_keys.h"

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

TEST_F(RemoteKeysTest, FetchesAndAsksAgainWithTheEtag) {
  nginx_.Start();
  MakeWithKeys(Options());
  EXPECT_THAT(Ids(), ::testing::ElementsAre(issuer_.key().id()));
  EXPECT_THAT(source_->Health(), IsOk());
  // Requests are logged in their order, and a little late.
  ASSERT_TRUE(Soon([this] { return !nginx_.requests().empty(); }));
  const size_t known = nginx_.requests().size();
  ExpectKeysStay(3);
  ASSERT_TRUE(Soon([&] { return nginx_.requests().size() > known; }));
  const auto requests = nginx_.requests();
  EXPECT_EQ(requests[0], "200 /jwks");
  EXPECT_EQ(requests[known], "304 /jwks") << "nothing is sent that is known";
}

TEST_F(RemoteKeysTest, StatusCountsByKind) {
  nginx_.Start();
  auto clock = std::make_shared<testing::FakeClock>();
  RemoteKeySourceOptions options = Options();
  options.clock = clock;
  MakeWithKeys(options);
  KeySourceStatus status = source_->Status();
  EXPECT_THAT(status.key_ids, ::testing::ElementsAre(issuer_.key().id()));
  EXPECT_EQ(status.age, absl::ZeroDuration());
  EXPECT_EQ(status.successes, 1);
  EXPECT_TRUE(status.failures.empty());
  EXPECT_EQ(status.last_error, "");

  // Each kind of failure, one after the other.
  const auto fails_as = [&](const std::string& kind) {
    const auto has = [&] { return source_->Status().failures.count(kind) > 0; };
    for (int i = 0; i < 8 && !has(); ++i) {
      clock->Advance(absl::Minutes(1));
      const int64_t before = source_->fetches();
      if (!Soon([&] { return source_->fetches() > before; })) break;
    }
    EXPECT_TRUE(has()) << kind;
    EXPECT_NE(source_->Status().last_error, "");
  };
  nginx_.Serve("jwks", "<html>");
  fails_as("bad_answer");
  nginx_.Restart("location /jwks { return 503; }");
  fails_as("http_status");
  nginx_.Stop();
  fails_as("unreachable");
  status = source_->Status();
  EXPECT_THAT(status.key_ids, ::testing::ElementsAre(issuer_.key().id())) << "the last good ones";
  EXPECT_GE(*status.age, absl::Minutes(3));
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
  const int64_t before = source->Status().successes;
  ASSERT_TRUE(Soon([&] { return source->Status().successes >= before + 2; }));
  EXPECT_THAT(verifier->Verify(token), Not(IsOk()));
  // Some seconds after the withdrawal the key may come back, until a fetch has told.
  EXPECT_TRUE(Soon(
      [&] { return FailureOf(verifier->Verify(token).status()) == AuthFailure::kUnknownKey; }));
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
}

// What the destructor does: the fetch ends because it is told to, long before its own limits.
TEST_F(RemoteKeysTest, AFetchThatIsUnderWayCanBeStopped) {
  nginx_.Serve("jwks", std::string(100 << 10, ' '));
  nginx_.Start("limit_rate 2k;");
  internal::HttpRequest request;
  request.url = nginx_.Url("jwks");
  request.ca_file = files_.Client().root_certificates;
  request.timeout = absl::Hours(1);
  std::atomic<bool> stop{false};
  absl::StatusOr<internal::HttpResponse> response;
  std::thread fetch([&] { response = Https()->Get(request, stop); });
  stop = true;
  fetch.join();
  EXPECT_TRUE(absl::IsCancelled(response.status())) << response.status();
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
  EXPECT_THAT(error_of([](Options o) { o->https = nullptr; }), HasSubstr("@lanyard_https//:https"));
}

}  // namespace
}  // namespace lanyard::test
