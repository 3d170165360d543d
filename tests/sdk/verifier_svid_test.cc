// SPDX-License-Identifier: Apache-2.0
//
// JWT-SVIDs: two trust domains, none of which may speak for the other.
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/keys/key_set.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;
using ::testing::HasSubstr;

constexpr char kAudience[] = "spiffe://prod.example/ns/shop/sa/orders";

// A trust domain's authority.
struct Domain {
  Domain(const std::string& trust_domain, const std::shared_ptr<const Clock>& clock)
      : name(trust_domain), authority(Algorithm::kEs256, "authority", clock) {}

  std::string Jwk(const std::string& use) const {
    return absl::StrReplaceAll(*authority.key().ToPublicJwk(),
                               {{"\"use\":\"sig\"", "\"use\":\"" + use + "\""}});
  }
  // As its server publishes it.
  std::string Bundle(const std::string& use = "jwt-svid") const {
    return "{\"keys\":[" + Jwk(use) + "],\"spiffe_sequence\":1,\"spiffe_refresh_hint\":600}";
  }
  v1::Issuer Config() const {
    v1::Issuer config;
    config.set_name(absl::StrReplaceAll(name, {{".example", ""}}));
    config.set_trust_domain(name);
    config.set_profile(v1::JWT_SVID);
    config.add_audiences(kAudience);
    config.add_algorithms(v1::ES256);
    return config;
  }

  std::string name;
  TestIssuer authority;
};

std::shared_ptr<const KeySource> KeysIn(const std::string& bundle) {
  const auto set = KeySet::FromJwks(bundle);
  EXPECT_THAT(set, IsOk());
  const auto bound = set->BindTo({Algorithm::kEs256}, KeyUse::kJwtSvid);
  EXPECT_THAT(bound, IsOk());
  return std::make_shared<StaticKeySource>(*bound);
}

class SvidTest : public VerifierFixture {
 protected:
  static ClaimsText Svid(const std::string& subject) {
    return ClaimsText()
        .Add("sub", "\"" + subject + "\"")
        .Add("aud", absl::StrCat("[\"", kAudience, "\"]"))
        .Add("exp", absl::StrCat(kNow + 300));
  }
  static std::string Sign(const Domain& by, const ClaimsText& claims,
                          const std::string& type = "JWT") {
    return by.authority.Token().Type(type).RawClaims(claims.str()).Sign();
  }
  std::unique_ptr<Verifier> Both(const v1::Issuer& config) const {
    return Make({{config, KeysIn(prod_.Bundle())},
                 {other_.Config(), KeysIn(other_.Bundle())},
                 {issuer_.Config(), issuer_.Keys()}});
  }

  const Domain prod_{"prod.example", clock_}, other_{"other.example", clock_};
  const std::string mine_ = "spiffe://prod.example/ns/shop/sa/web";
  const std::string theirs_ = "spiffe://other.example/ns/shop/sa/web";
  const std::unique_ptr<Verifier> both_ = Both(prod_.Config());
};

TEST_F(SvidTest, EachDomainSpeaksForItself) {
  for (const char* type : {"JWT", "JOSE", ""}) {
    const auto caller = both_->Verify(Sign(prod_, Svid(mine_), type));
    ASSERT_THAT(caller, IsOk()) << type;
    EXPECT_TRUE(caller->Is("prod", mine_));
    EXPECT_EQ(caller->issuer(), "spiffe://prod.example");
  }
  EXPECT_TRUE(both_->Verify(Sign(other_, Svid(theirs_)))->Is("other", theirs_));
  EXPECT_THAT(both_->Verify(issuer_.Token().Sign()), IsOk()) << "and other issuers go on";
}

TEST_F(SvidTest, NoDomainSpeaksForAnother) {
  ExpectVerdict(*both_, Sign(other_, Svid(mine_)), AuthFailure::kUnknownKey);
  ExpectVerdict(*both_, Sign(prod_, Svid(theirs_)), AuthFailure::kUnknownKey);
  const std::string as_prod = other_.authority.Token()
                                  .Type("JWT")
                                  .KeyId(prod_.authority.key().id())
                                  .RawClaims(Svid(mine_).str())
                                  .Sign();
  ExpectVerdict(*both_, as_prod, AuthFailure::kBadSignature);
  // Nor a domain whose name begins or ends as another's.
  for (const char* domain : {"prod.example.evil", "evil.prod.example", "prod.exampl", "prod"}) {
    const std::string id = absl::StrCat("spiffe://", domain, "/ns/shop/sa/web");
    ExpectVerdict(*both_, Sign(prod_, Svid(id)), AuthFailure::kUnknownIssuer);
  }
}

// Who picks the keys by iss gets no further than its own domain.
TEST_F(SvidTest, IssuerDoesNotReachIntoAnotherDomain) {
  v1::Issuer config = prod_.Config();
  config.set_issuer("https://prod.example");
  const auto verifier = Both(config);
  const auto with_iss = [this](const std::string& subject, const std::string& iss) {
    return Sign(prod_, Svid(subject).Add("iss", "\"" + iss + "\""));
  };
  EXPECT_THAT(verifier->Verify(with_iss(mine_, "https://prod.example")), IsOk());
  EXPECT_THAT(verifier->Verify(Sign(prod_, Svid(mine_))), IsOk()) << "it need not have iss";
  ExpectVerdict(*verifier, with_iss(theirs_, "https://prod.example"), AuthFailure::kUnknownIssuer);
  ExpectVerdict(*verifier, with_iss("svc:web", "https://prod.example"),
                AuthFailure::kUnknownIssuer);
  ExpectVerdict(*verifier, with_iss(mine_, "https://elsewhere.example"),
                AuthFailure::kUnknownIssuer);
  ExpectVerdict(*verifier, with_iss(mine_, ""), AuthFailure::kUnknownIssuer);
  ExpectVerdict(*verifier, with_iss(mine_, issuer_.issuer()), AuthFailure::kWrongType);
  ExpectVerdict(*verifier, Sign(prod_, Svid(mine_).Add("iss", "null")),
                AuthFailure::kMalformedToken);
  // Where none is configured, there must be none.
  ExpectVerdict(*both_, with_iss(mine_, "https://prod.example"), AuthFailure::kUnknownIssuer);
  ExpectVerdict(*both_, with_iss(mine_, "spiffe://prod.example"), AuthFailure::kUnknownIssuer);
}

TEST_F(SvidTest, SubjectIsASpiffeIdToTheLetter) {
  for (const char* subject :
       {"svc:web", "spiffe://PROD.example/a", "spiffe://prod.example/a/",
        "spiffe://prod.example//a", "spiffe://prod.example/../a", "spiffe://prod.example/a%2fb",
        "spiffe://prod.example:443/a", "spiffe://prod.example/a?b", "spiffe://prod.example/a#b"}) {
    ExpectVerdict(*both_, Sign(prod_, Svid(subject)), AuthFailure::kUnknownIssuer);
  }
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Remove("sub")), AuthFailure::kUnknownIssuer);
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Set("sub", "[\"" + mine_ + "\"]")),
                AuthFailure::kUnknownIssuer);
}

TEST_F(SvidTest, EveryOtherCheckHolds) {
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Set("aud", "[\"other\"]")),
                AuthFailure::kWrongAudience);
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Remove("aud")), AuthFailure::kWrongAudience);
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Remove("exp")), AuthFailure::kMissingClaim);
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_).Set("exp", absl::StrCat(kNow - 31))),
                AuthFailure::kExpired);
  ExpectVerdict(*both_, Sign(prod_, Svid(mine_), "at+jwt"), AuthFailure::kWrongType);
  v1::Issuer config = prod_.Config();
  config.clear_algorithms();
  config.add_algorithms(v1::RS256);
  ExpectVerdict(*Both(config), Sign(prod_, Svid(mine_)), AuthFailure::kUnsupportedAlgorithm);
}

// The keys of a bundle are for one thing each.
TEST_F(SvidTest, OnlyKeysForJwtSvidsCount) {
  const auto unbound = KeySet::FromJwks(prod_.Bundle("sig"));
  ASSERT_THAT(unbound, IsOk());
  EXPECT_THAT(unbound->BindTo({Algorithm::kEs256}, KeyUse::kJwtSvid),
              IsError(HasSubstr("jwt-svid")));
  EXPECT_THAT(KeySet::FromJwks(prod_.Bundle("x509-svid")), IsError(HasSubstr("x509-svid")));
  EXPECT_THAT(KeySet::FromJwks(prod_.Bundle("JWT-SVID")), IsError(HasSubstr("use")));
  EXPECT_THAT(KeySet::FromJwks(prod_.Bundle())->BindTo({Algorithm::kEs256}),
              IsError(HasSubstr("jwt-svid")))
      << "nor are they for other tokens";
  // Whatever the source hands over.
  const auto plain = std::make_shared<StaticKeySource>(*unbound->BindTo({Algorithm::kEs256}));
  ExpectVerdict(*Make({{prod_.Config(), plain}}), Sign(prod_, Svid(mine_)),
                AuthFailure::kUnknownKey);
  v1::Issuer ordinary = issuer_.Config();
  ordinary.set_issuer(prod_.authority.issuer());
  ExpectVerdict(*Make({{ordinary, KeysIn(prod_.Bundle())}}), prod_.authority.Token().Sign(),
                AuthFailure::kUnknownKey);
}

TEST_F(SvidTest, BundleKeysForCertificatesArePassedOver) {
  const std::string bundle = "{\"keys\":[" + other_.Jwk("x509-svid") + "," + prod_.Jwk("jwt-svid") +
                             "],\"spiffe_refresh_hint\":300}";
  const auto file = KeySet::FromJwks(bundle);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->warnings().empty());
  const auto remote = KeySet::FromRemote(bundle, {Algorithm::kEs256}, KeyUse::kJwtSvid);
  ASSERT_THAT(remote, IsOk());
  EXPECT_TRUE(remote->warnings().empty());
  ASSERT_EQ(remote->keys().size(), 1u);
  EXPECT_EQ(remote->keys()[0].id(), prod_.authority.key().id());
  EXPECT_EQ(remote->refresh_hint(), absl::Minutes(5));
  // Whose private half is there for all to see, whatever it says that it is for.
  const std::string secret = absl::StrReplaceAll(*prod_.authority.key().ExportPrivateJwk(),
                                                 {{"\"sig\"", "\"x509-svid\""}});
  const auto leaked =
      KeySet::FromRemote("{\"keys\":[" + secret + "," + prod_.Jwk("jwt-svid") + "]}",
                         {Algorithm::kEs256}, KeyUse::kJwtSvid);
  ASSERT_THAT(leaked, IsOk());
  EXPECT_EQ(leaked->keys().size(), 0u);
  EXPECT_EQ(KeySet::FromRemote(bundle, {Algorithm::kEs256})->keys().size(), 0u);
  const std::string no_kid = absl::StrReplaceAll(bundle, {{"\"kid\"", "\"id\""}});
  EXPECT_EQ(KeySet::FromRemote(no_kid, {Algorithm::kEs256}, KeyUse::kJwtSvid)->keys().size(), 0u);
}

TEST_F(SvidTest, HintsThatAreNoneAreIgnored) {
  for (const char* hint : {"\"300\"", "1.5", "null", "[300]"}) {
    const auto set =
        KeySet::FromRemote(absl::StrCat("{\"keys\":[],\"spiffe_refresh_hint\":", hint, "}"),
                           {Algorithm::kEs256}, KeyUse::kJwtSvid);
    ASSERT_THAT(set, IsOk());
    EXPECT_EQ(set->refresh_hint(), std::nullopt) << hint;
  }
  EXPECT_EQ(KeySet::FromRemote("{\"keys\":[],\"spiffe_refresh_hint\":300}", {Algorithm::kEs256})
                ->refresh_hint(),
            std::nullopt)
      << "no bundle";
}

TEST_F(SvidTest, ConfigsThatLeaveItOpenDoNotLoad) {
  const auto expect_error = [this](const std::function<void(v1::Issuer*)>& change,
                                   const std::string& says) {
    v1::Issuer config = prod_.Config();
    change(&config);
    VerifierOptions options;
    options.issuers = {{config, KeysIn(prod_.Bundle())}};
    EXPECT_THAT(Verifier::Create(std::move(options)), IsError(HasSubstr(says)));
  };
  expect_error([](v1::Issuer* c) { c->clear_trust_domain(); }, "trust_domain");
  expect_error([](v1::Issuer* c) { c->set_trust_domain("spiffe://prod.example"); }, "trust_domain");
  expect_error([](v1::Issuer* c) { c->set_trust_domain("Prod.example"); }, "trust_domain");
  expect_error([](v1::Issuer* c) { c->set_profile(v1::RFC9068); }, "issuer: required");
  expect_error(
      [](v1::Issuer* c) {
        c->set_profile(v1::RFC9068);
        c->set_issuer("https://prod.example");
      },
      "trust_domain: needs profile: JWT_SVID");
  expect_error([](v1::Issuer* c) { c->set_accept_subjectless_tokens(true); }, "sub");
  expect_error([](v1::Issuer* c) { c->add_algorithms(v1::EdDSA); }, "algorithms");
  expect_error([](v1::Issuer* c) { c->set_discovery_url("https://prod.example/x"); }, "jwks_url");
  // Another issuer of the trust domain's name would pass for it.
  v1::Issuer alias = issuer_.Config();
  alias.set_issuer("spiffe://prod.example");
  VerifierOptions both;
  both.issuers = {{prod_.Config(), KeysIn(prod_.Bundle())}, {alias, issuer_.Keys()}};
  EXPECT_THAT(Verifier::Create(std::move(both)), IsError(HasSubstr("same iss")));
  v1::Issuer twin = prod_.Config();
  twin.set_name("twin");
  VerifierOptions options;
  options.issuers = {{prod_.Config(), KeysIn(prod_.Bundle())}, {twin, KeysIn(other_.Bundle())}};
  EXPECT_THAT(Verifier::Create(std::move(options)), IsError(HasSubstr("same iss")));
  twin.set_issuer("https://twin.example");
  VerifierOptions domains;
  domains.issuers = {{prod_.Config(), KeysIn(prod_.Bundle())}, {twin, KeysIn(other_.Bundle())}};
  EXPECT_THAT(Verifier::Create(std::move(domains)), IsError(HasSubstr("same trust_domain")));
}

}  // namespace
}  // namespace lanyard
