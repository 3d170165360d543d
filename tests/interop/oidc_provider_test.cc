// SPDX-License-Identifier: Apache-2.0
//
// Against the npm package oidc-provider, an OpenID provider, over HTTPS: its access tokens are
// accepted and nothing else that it signs is; and it accepts what Lanyard signs.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/interop/oidc_provider.h"

namespace lanyard {
namespace {

using ::lanyard::testing::Answer;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::kAudience;
using ::lanyard::testing::Member;
using ::lanyard::testing::Missing;
using ::lanyard::testing::OidcProvider;
using ::lanyard::testing::SigningAlgorithms;
using ::lanyard::testing::TestCertificates;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
