// SPDX-License-Identifier: Apache-2.0
//
// Against the npm package oidc-provider, an OpenID provider, over HTTPS: its access tokens are
// accepted and nothing else that it signs is; and it accepts what Lanyard signs.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestCertificates;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kAudience[] = "https://orders.example.test";

// A program that runs, the other ends of its standard input and output in hand. Closes its input
// and waits for it at the end.
class Process {
 public:
  explicit Process(std::vector<std::string> command) {
    int in[2], out[2];
    // Closed in other programs, or they would keep this one's input open.
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<char*> argv;
    for (std::string& argument : command) argv.push_back(&argument[0]);
    argv.push_back(nullptr);
    if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), ::environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = fdopen(out[0], "r");
  }
  ~Process() {
    close(in_);
    fclose(out_);
    if (pid_ != -1) waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Write(const std::string& text) {
    if (write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }

  // What it prints up to `end`, or up to the end.
  std::string Read(int end = EOF) {
    std::string text;
    for (int c = getc(out_); c != end && c != EOF; c = getc(out_)) text += static_cast<char>(c);
    return text;
  }

 private:
  pid_t pid_ = -1;
  int in_;
  FILE* out_;
};

// The string, or the integer as text, of that name; empty if there is none.
std::string Member(const std::string& json, const std::string& name) {
  const auto document = internal::JsonDocument::ParseObject(json);
  const auto member = document.ok() ? document->root().Find(name) : std::nullopt;
  if (!member.has_value()) {
    ADD_FAILURE() << "no " << name << " in " << json;
    return "";
  }
  if (member->is(internal::JsonValue::Kind::kInteger)) return absl::StrCat(member->integer());
  return std::string(member->string());
}

struct Answer {
  int status = 0;
  std::string body;
};

// An HTTP client that verifies certificates: reads "URL FORM", a line each, and answers in a line.
constexpr char kClient[] = R"(
import {createInterface} from 'node:readline';
for await (const line of createInterface({input: process.stdin})) {
  const [url, form] = line.split(' ');
  const post = {method: 'POST', body: new URLSearchParams(form)};
  const answer = await fetch(url, form ? post : {});
  console.log(`${answer.status} ${await answer.text()}`);
})";

// oidc_provider.mjs, which serves until this object goes, and a client of it.
class OidcProvider {
 public:
  explicit OidcProvider(const TestCertificates& certificates, std::vector<std::string> more = {})
      : process_(Command(certificates, std::move(more))),
        url_(absl::StrCat("https://localhost:", Member(process_.Read('\n'), "port"))),
        client_({"env",
                 absl::StrCat("NODE_EXTRA_CA_CERTS=", certificates.Client().root_certificates),
                 "node", "--input-type=module", "-e", kClient}) {}

  const std::string& url() { return url_; }

  // GET without a form, else POST.
  Answer Fetch(const std::string& url, const std::string& form = "") {
    client_.Write(absl::StrCat(url, " ", form, "\n"));
    Answer answer;
    EXPECT_TRUE(absl::SimpleAtoi(client_.Read(' '), &answer.status)) << url;
    answer.body = client_.Read('\n');
    return answer;
  }

  // What its discovery document leads to (OpenID Connect Discovery 1.0 section 4).
  std::string Jwks() { return Fetch(Member(Discover(), "jwks_uri")).body; }
  std::string Discover() {
    return Fetch(absl::StrCat(url_, "/.well-known/openid-configuration")).body;
  }

  // `client` is the form's part that authenticates.
  Answer RequestToken(const std::string& client, const std::string& resource = kAudience) {
    return Fetch(absl::StrCat(url_, "/token"),
                 absl::StrCat("grant_type=client_credentials&scope=orders.read&resource=", resource,
                              "&", client));
  }
  // For the client with a secret.
  std::string AccessToken(absl::string_view algorithm = "ES256",
                          const std::string& resource = kAudience) {
    return Member(RequestToken(Secret(algorithm), resource).body, "access_token");
  }
  // What that client has once a user has logged in: JSON.
  std::string LogIn(absl::string_view algorithm) {
    return Fetch(absl::StrCat(url_, "/token"),
                 absl::StrCat("grant_type=urn:lanyard:login&resource=", kAudience, "&",
                              Secret(algorithm)))
        .body;
  }
  void Rotate(const std::string& form) {
    EXPECT_EQ(Fetch(absl::StrCat(url_, "/rotate"), form).status, 200);
  }

 private:
  static std::vector<std::string> Command(const TestCertificates& certificates,
                                          std::vector<std::string> more) {
    const TlsFiles files = certificates.Server();
    std::vector<std::string> command = {"node",          "tests/interop/oidc_provider.mjs",
                                        "--certificate", files.certificate_chain,
                                        "--key",         files.private_key};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  static std::string Secret(absl::string_view algorithm) {
    return absl::StrCat("client_id=secret-", algorithm, "&client_secret=secret");
  }

  Process process_;
  const std::string url_;
  Process client_;
};

std::vector<Algorithm> SigningAlgorithms() {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (!IsHmac(algorithm)) algorithms.push_back(algorithm);
  }
  return algorithms;
}

// What is not installed, or nothing.
std::string Missing() {
  if (Process({"node", "--version"}).Read().empty()) return "Node.js";
  const char* folder = std::getenv("LANYARD_INTEROP");
  const std::string modules = absl::StrCat(folder == nullptr ? "" : folder, "/node_modules/");
  for (const std::string package : {"jose", "oidc-provider"}) {
    if (!std::filesystem::exists(modules + package)) return absl::StrCat("npm's ", package);
  }
  return "";
}

class OidcProviderTest : public ::testing::Test {
 protected:
  // One provider and one key of each client for all tests: making RSA keys takes long.
  static void SetUpTestSuite() {
    if (!Missing().empty()) return;
    certificates_ = std::make_unique<TestCertificates>();
    std::vector<Key> keys;
    for (const Algorithm algorithm : SigningAlgorithms()) {
      keys.push_back(*Key::Generate(algorithm));
      client_keys_.insert_or_assign(algorithm, keys.back());
    }
    provider_ = std::make_unique<OidcProvider>(
        *certificates_,
        std::vector<std::string>{"--client-keys",
                                 certificates_->Write("clients", *KeySet(keys).ToPublicJwks())});
  }
  static void TearDownTestSuite() {
    provider_.reset();
    certificates_.reset();
  }

  void SetUp() override {
    if (provider_ == nullptr) {
      GTEST_SKIP() << "SKIPPED: there is no " << Missing() << "; tests/interop/install installs it";
    }
  }

  static OidcProvider Es256Provider(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--algorithm", "ES256"});
    return OidcProvider(*certificates_, std::move(more));
  }

  // Trusts what the provider publishes now. `more` is config.
  std::unique_ptr<Verifier> Trust(OidcProvider& provider, const std::string& more = "") {
    v1::Issuer config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrCat("name: 'op' issuer: '", provider.url(), "' audiences: '", kAudience, "' ",
                     more),
        &config));
    for (const Algorithm algorithm : SigningAlgorithms()) {
      v1::Algorithm value = v1::ALGORITHM_UNSPECIFIED;
      v1::Algorithm_Parse(std::string(AlgorithmName(algorithm)), &value);
      config.add_algorithms(value);
    }
    const auto published = KeySet::FromJwks(provider.Jwks());
    EXPECT_THAT(published, IsOk());
    const auto keys = published->BindTo(SigningAlgorithms());
    EXPECT_THAT(keys, IsOk());
    EXPECT_THAT(keys->warnings(), IsEmpty());

    VerifierOptions options;
    options.issuers = {{config, std::make_shared<StaticKeySource>(*keys)}};
    options.clock = clock_;
    auto verifier = Verifier::Create(std::move(options));
    EXPECT_THAT(verifier, IsOk());
    return *std::move(verifier);
  }

  static inline std::unique_ptr<TestCertificates> certificates_;
  static inline std::unique_ptr<OidcProvider> provider_;
  static inline std::map<Algorithm, Key> client_keys_;

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::Now());
};

TEST_F(OidcProviderTest, PublishesOneKeyOfEachAlgorithm) {
  EXPECT_EQ(Member(provider_->Discover(), "issuer"), provider_->url());
  const auto published = KeySet::FromJwks(provider_->Jwks());
  ASSERT_THAT(published, IsOk());
  EXPECT_THAT(published->warnings(), IsEmpty());
  std::vector<Algorithm> algorithms;
  for (const Key& key : published->keys()) {
    ASSERT_TRUE(key.algorithm().has_value()) << key.id();
    EXPECT_EQ(key.id(), absl::StrCat(AlgorithmName(*key.algorithm()), "-1"));
    algorithms.push_back(*key.algorithm());
  }
  EXPECT_THAT(algorithms, ::testing::UnorderedElementsAreArray(SigningAlgorithms()));
}

TEST_F(OidcProviderTest, RefusesTokenForAnotherAudience) {
  EXPECT_THAT(
      Trust(*provider_)->Verify(provider_->AccessToken("ES256", "https://billing.example.test")),
      FailsWith(AuthFailure::kWrongAudience));
}

TEST_F(OidcProviderTest, RefusesTokenOutsideItsTime) {
  const auto verifier = Trust(*provider_);
  const auto strict = Trust(*provider_, "max_lifetime { seconds: 599 }");
  const std::string token = provider_->AccessToken();
  clock_->Set(absl::Now() - absl::Minutes(5));
  EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kNotYetValid));
  clock_->Set(absl::Now());
  EXPECT_THAT(verifier->Verify(token), IsOk());
  EXPECT_THAT(strict->Verify(token), FailsWith(AuthFailure::kLifetimeTooLong));
  clock_->Advance(absl::Minutes(11));
  EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kExpired));
}

TEST_F(OidcProviderTest, RefusesTokenOfAnotherProvider) {
  OidcProvider other = Es256Provider();
  EXPECT_THAT(Trust(*provider_)->Verify(other.AccessToken()),
              FailsWith(AuthFailure::kUnknownIssuer));
}

// The same iss and the same kid, and then another one.
TEST_F(OidcProviderTest, RefusesTokenOfAnImpostor) {
  const auto verifier = Trust(*provider_);
  OidcProvider impostor = Es256Provider({"--issuer", provider_->url()});
  EXPECT_THAT(verifier->Verify(impostor.AccessToken()), FailsWith(AuthFailure::kBadSignature));
  impostor.Rotate("algorithm=ES256");
  EXPECT_THAT(verifier->Verify(impostor.AccessToken()), FailsWith(AuthFailure::kUnknownKey));
}

TEST_F(OidcProviderTest, AcceptsTokensByTheKeysThatArePublished) {
  OidcProvider provider = Es256Provider();
  const auto before = Trust(provider);
  const std::string first = provider.AccessToken();
  provider.Rotate("keep=yes");
  const auto both = Trust(provider);
  const std::string second = provider.AccessToken();
  provider.Rotate("algorithm=ES256");
  const auto after = Trust(provider);

  EXPECT_THAT(before->Verify(first), IsOk());
  EXPECT_THAT(before->Verify(second), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both->Verify(first), IsOk());
  EXPECT_THAT(both->Verify(second), IsOk());
  EXPECT_THAT(after->Verify(first), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(after->Verify(second), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(after->Verify(provider.AccessToken()), IsOk());
}

class OidcAlgorithmTest : public OidcProviderTest, public ::testing::WithParamInterface<Algorithm> {
 protected:
  // The form's part by which a client authenticates with a JWT (RFC 7523 section 2.2).
  std::string Assertion(const Key& key, const std::string& type, const std::string& id) const {
    SignerOptions options;
    options.key = key;
    options.algorithm = GetParam();
    options.type = type;
    v1::Claims claims;
    claims.set_issuer(absl::StrCat("signing-", name_));
    claims.set_subject(claims.issuer());
    claims.add_audiences(absl::StrCat(provider_->url(), "/token"));
    claims.set_token_id(id);
    claims.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 60);
    return absl::StrCat(
        "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&"
        "client_assertion=",
        *(*Signer::Create(options))->Sign(claims));
  }

  const std::string name_{AlgorithmName(GetParam())};
  const std::string client_ = absl::StrCat("secret-", name_);
};

TEST_P(OidcAlgorithmTest, AccessTokenIsAccepted) {
  const auto caller = Trust(*provider_)->Verify(provider_->AccessToken(name_));
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("op", client_));
  EXPECT_EQ(caller->client_id(), client_);
  EXPECT_THAT(caller->scopes(), ElementsAre("orders.read"));
  EXPECT_THAT(caller->audiences(), ElementsAre(kAudience));
  EXPECT_EQ(caller->key_id(), absl::StrCat(name_, "-1"));
  EXPECT_THAT(caller->token_id(), Not(IsEmpty()));
  EXPECT_GT(caller->expires_at(), absl::Now() + absl::Minutes(9));
  EXPECT_LE(caller->expires_at(), absl::Now() + absl::Minutes(10));
}

// The client's own id is an audience here, so that aud does not tell.
TEST_P(OidcAlgorithmTest, NothingElseThatItSignsIsAccepted) {
  const std::string ours = absl::StrCat("audiences: '", client_, "' ");
  const auto verifier = Trust(*provider_, ours);
  const auto custom = Trust(*provider_, ours + R"(profile: CUSTOM
      custom_types: 'JWT' custom_types: 'at+jwt'
      required_claims { path: 'client_id' exists: true })");
  const std::string login = provider_->LogIn(name_);

  const std::string access_token = Member(login, "resource_token");
  for (const Verifier* accepting : {verifier.get(), custom.get()}) {
    const auto caller = accepting->Verify(access_token);
    ASSERT_THAT(caller, IsOk());
    EXPECT_TRUE(caller->Is("op", "alice"));
    EXPECT_EQ(caller->client_id(), client_);
    EXPECT_THAT(caller->scopes(), ElementsAre("orders.read", "orders.write"));
  }

  const Answer userinfo =
      provider_->Fetch(absl::StrCat(provider_->url(), "/me"),
                       absl::StrCat("access_token=", Member(login, "access_token")));
  const std::map<std::string, AuthFailure> failures = {
      {"id_token", AuthFailure::kWrongType},
      {"plain_id_token", AuthFailure::kMissingClaim},  // Neither nonce nor at_hash.
      {"logout_token", AuthFailure::kWrongType},
      {"introspection", AuthFailure::kWrongType},
      {"authorization_response", AuthFailure::kMissingClaim},
      {"userinfo", AuthFailure::kMissingClaim},
  };
  for (const auto& [kind, failure] : failures) {
    const std::string token = kind == "userinfo" ? userinfo.body : Member(login, kind);
    EXPECT_THAT(std::vector<std::string>(absl::StrSplit(token, '.')), SizeIs(3)) << kind;
    EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kWrongType)) << kind;
    EXPECT_THAT(custom->Verify(token), FailsWith(failure)) << kind;
  }
}

TEST_P(OidcAlgorithmTest, ClientAuthenticatesWithWhatLanyardSigns) {
  const Key& key = client_keys_.at(GetParam());
  const auto verifier = Trust(*provider_);
  for (const char* type : {"JWT", "client-authentication+jwt"}) {
    const std::string assertion = Assertion(key, type, type);
    const Answer answer = provider_->RequestToken(assertion);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto caller = verifier->Verify(Member(answer.body, "access_token"));
    ASSERT_THAT(caller, IsOk());
    EXPECT_TRUE(caller->Is("op", absl::StrCat("signing-", name_)));

    const Answer again = provider_->RequestToken(assertion);
    EXPECT_EQ(again.status, 401) << again.body;
    EXPECT_EQ(Member(again.body, "error"), "invalid_client");
  }
  const Key other = *Key::Generate(GetParam())->WithId(key.id());
  EXPECT_EQ(provider_->RequestToken(Assertion(other, "JWT", "other")).status, 401);
}

INSTANTIATE_TEST_SUITE_P(, OidcAlgorithmTest, ::testing::ValuesIn(SigningAlgorithms()),
                         [](const auto& info) { return std::string(AlgorithmName(info.param)); });

}  // namespace
}  // namespace lanyard
