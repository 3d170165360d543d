// SPDX-License-Identifier: Apache-2.0
//
// What an issuer is believed about: B must not mint what is A's.
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/config.h"
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
using ::testing::AllOf;
using ::testing::HasSubstr;

// A ("test") may assert anything; B is believed about a team, some scopes and some roles.
class MayAssertTest : public VerifierFixture {
 protected:
  v1::Issuer BoundedConfig() const {
    v1::Issuer config = b_.Config();
    config.add_roles()->add_path("roles");
    v1::MayAssert* may = config.mutable_may_assert();
    may->set_anything(false);
    for (const char* subject : {"team-b:*", "svc:b"}) may->add_subjects(subject);
    for (const char* scope : {"b.*", "openid"}) may->add_scopes(scope);
    for (const char* role : {"b:*", "guest"}) may->add_roles(role);
    return config;
  }
  std::unique_ptr<Verifier> Both(const v1::Issuer& b) const {
    v1::Issuer a = issuer_.Config();
    a.add_roles()->add_path("roles");
    return Make({{a, issuer_.Keys()}, {b, b_.Keys()}});
  }
  ClaimsText OfB(const std::string& subject) const {
    return Claims().Set("iss", "\"" + b_.issuer() + "\"").Set("sub", "\"" + subject + "\"");
  }
  std::string ByB(const ClaimsText& claims) const {
    return b_.Token().RawClaims(claims.str()).Sign();
  }
  void ExpectRefused(const ClaimsText& claims, const std::string& says) const {
    const std::string token = ByB(claims);
    for (int i = 0; i < 2; ++i) {  // Whether or not it was seen before.
      EXPECT_THAT(both_->Verify(token),
                  AllOf(FailsWith(AuthFailure::kDeniedByPolicy),
                        IsError(AllOf(HasSubstr("issuer b may not assert the " + says),
                                      HasSubstr("(may_assert)")))));
    }
  }

  TestIssuer b_{Algorithm::kEs256, "b", clock_};
  const std::unique_ptr<Verifier> both_ = Both(BoundedConfig());
};

TEST_F(MayAssertTest, IssuerIsBelievedWithinItsBounds) {
  for (const char* subject : {"team-b:x", "team-b:x:y", "svc:b"}) {
    const auto caller = both_->Verify(ByB(OfB(subject)
                                              .Add("scope", "\"b.read openid b.x.y\"")
                                              .Add("roles", R"(["b:admin","guest"])")
                                              .Add("act", R"({"sub":"team-b:y"})")));
    ASSERT_THAT(caller, IsOk()) << subject;
    EXPECT_TRUE(caller->Is("b", subject));
    EXPECT_TRUE(caller->HasScope("b.read"));
    EXPECT_TRUE(caller->HasRole("b:admin"));
  }
}

TEST_F(MayAssertTest, RefusesSubjectsOfAnother) {
  for (const char* subject : {"svc:test", "svc:bb", "team-b", "team-b:", "team-bx:y", "Team-b:x",
                              "x:team-b:y", "team-b/x"}) {
    ExpectRefused(OfB(subject), absl::StrCat("subject \"", subject, "\""));
  }
}

TEST_F(MayAssertTest, RefusesScopesOfAnother) {
  const auto with = [this](const std::string& scope) {
    return OfB("svc:b").Add("scope", "\"" + scope + "\"");
  };
  ExpectRefused(with("orders.read"), "scope \"orders.read\"");
  ExpectRefused(with("b.read orders.read"), "scope \"orders.read\"");
  ExpectRefused(with("b"), "scope \"b\"");
  ExpectRefused(with("b."), "scope \"b.\"");
  ExpectRefused(with("bb.read"), "scope \"bb.read\"");
  ExpectRefused(OfB("svc:b").Add("scp", R"(["orders.read"])"), "scope \"orders.read\"");
}

TEST_F(MayAssertTest, RefusesRolesOfAnother) {
  const auto with = [this](const std::string& json) { return OfB("svc:b").Add("roles", json); };
  ExpectRefused(with(R"(["admin"])"), "role \"admin\"");
  ExpectRefused(with(R"(["guest","admin"])"), "role \"admin\"");
  ExpectRefused(with(R"("admin")"), "role \"admin\"");
  ExpectRefused(with(R"(["b"])"), "role \"b\"");
  // What stands where no role stands is none.
  EXPECT_THAT(both_->Verify(ByB(OfB("svc:b").Add("role", R"("admin")"))), IsOk());
}

TEST_F(MayAssertTest, RefusesActorsOfAnother) {
  const auto with = [this](const std::string& json) { return OfB("svc:b").Add("act", json); };
  ExpectRefused(with(R"({"sub":"svc:test"})"), "actor \"svc:test\"");
  ExpectRefused(with(R"({"sub":"svc:b","iss":")" + issuer_.issuer() + "\"}"),
                "actor of another issuer, \"svc:b\"");
  ExpectRefused(with(R"({"sub":"svc:b","iss":"https://unknown.test"})"),
                "actor of another issuer, \"svc:b\"");
  EXPECT_THAT(both_->Verify(ByB(with(R"({"sub":"svc:b","iss":")" + b_.issuer() + "\"}"))), IsOk());
  // Prior actors are for information only.
  EXPECT_THAT(both_->Verify(ByB(with(R"({"sub":"svc:b","act":{"sub":"svc:test"}})"))), IsOk());
}

TEST_F(MayAssertTest, ReasonIsFitForATerminal) {
  const auto refused = both_->Verify(ByB(OfB("svc:b").Add("roles", R"(["\u001b[2J\n"])")));
  ASSERT_THAT(refused, FailsWith(AuthFailure::kDeniedByPolicy));
  EXPECT_EQ(refused.status().message().find_first_of("\x1b\n"), absl::string_view::npos);
}

TEST_F(MayAssertTest, IsAskedOnlyOfGoodTokens) {
  // The signature, the time and the audience come first.
  EXPECT_THAT(both_->Verify(b_.Token().Subject("svc:a").KeyId(issuer_.key().id()).Sign()),
              FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both_->Verify(b_.Token().Subject("svc:a").ExpiresIn(-absl::Hours(1)).Sign()),
              FailsWith(AuthFailure::kExpired));
  EXPECT_THAT(both_->Verify(b_.Token().Subject("svc:a").Audience("other").Sign()),
              FailsWith(AuthFailure::kWrongAudience));
}

TEST_F(MayAssertTest, BoundsOfOneAreNotTheOthers) {
  const auto caller = both_->Verify(issuer_.Token().Scopes("orders.read").Sign());
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("test", "svc:test"));
}

TEST_F(MayAssertTest, AnythingIsAnything) {
  const auto both = Both(b_.Config());
  const auto caller =
      both->Verify(ByB(OfB("svc:test")
                           .Add("scope", "\"orders.read\"")
                           .Add("act", R"({"sub":"x","iss":")" + issuer_.issuer() + "\"}")));
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("b", "svc:test"));
  EXPECT_FALSE(caller->Is("test", "svc:test"));
  EXPECT_EQ(caller->actor_issuer(), issuer_.issuer());
}

TEST_F(MayAssertTest, WithoutScopesAndRolesThereAreNone) {
  v1::Issuer config = BoundedConfig();
  config.mutable_may_assert()->clear_scopes();
  config.mutable_may_assert()->clear_roles();
  const auto both = Both(config);
  EXPECT_THAT(both->Verify(ByB(OfB("svc:b"))), IsOk());
  EXPECT_THAT(both->Verify(ByB(OfB("svc:b").Add("scope", "\"b.read\""))),
              FailsWith(AuthFailure::kDeniedByPolicy));
  EXPECT_THAT(both->Verify(ByB(OfB("svc:b").Add("roles", "\"guest\""))),
              FailsWith(AuthFailure::kDeniedByPolicy));
}

TEST_F(MayAssertTest, LoneIssuerMayBeBoundedToo) {
  const auto lone = Make({{BoundedConfig(), b_.Keys()}});
  EXPECT_THAT(lone->Verify(ByB(OfB("svc:b"))), IsOk());
  EXPECT_THAT(lone->Verify(ByB(OfB("svc:test"))), FailsWith(AuthFailure::kDeniedByPolicy));
}

TEST_F(MayAssertTest, TokenWithoutSubjectAssertsNone) {
  v1::Issuer config = BoundedConfig();
  config.set_accept_subjectless_tokens(true);
  config.set_profile(v1::CUSTOM);
  config.add_custom_types("at+jwt");
  const auto both = Both(config);
  EXPECT_THAT(both->Verify(ByB(OfB("svc:b").Remove("sub"))), IsOk());
  EXPECT_THAT(both->Verify(ByB(OfB("svc:b").Remove("sub").Add("scope", "\"orders.read\""))),
              FailsWith(AuthFailure::kDeniedByPolicy));
}

// "Required where there are several issuers" holds however they are given.
TEST_F(MayAssertTest, VerifierOfSeveralNeedsItToo) {
  VerifierOptions options;
  options.issuers = {{issuer_.Config(), issuer_.Keys()}, {b_.Config(), b_.Keys()}};
  for (auto& issuer : options.issuers) issuer.config.clear_may_assert();
  EXPECT_THAT(Verifier::Create(std::move(options)), IsError(HasSubstr("may_assert: required")));
}

// A trust domain that a config names beside another issuer.
class SvidMayAssertTest : public VerifierFixture {
 protected:
  std::unique_ptr<Verifier> Load(const std::string& more) const {
    const auto loaded =
        LoadConfig({}, absl::StrCat(R"(issuers { name: "td" trust_domain: "td" profile: JWT_SVID
                                      audiences: "test" algorithms: ES256 jwks_file: "td.jwks" )",
                                    more, "}\n", issuer_.ConfigText("a.jwks")));
    EXPECT_THAT(loaded, IsOk());
    const auto set = KeySet::FromJwks(absl::StrReplaceAll(
        authority_.PublicJwks(), {{"\"use\":\"sig\"", "\"use\":\"jwt-svid\""}}));
    EXPECT_THAT(set, IsOk());
    const auto bound = set->BindTo({Algorithm::kEs256}, KeyUse::kJwtSvid);
    EXPECT_THAT(bound, IsOk());
    return Make({{loaded->config.issuers(0), std::make_shared<StaticKeySource>(*bound)},
                 {loaded->config.issuers(1), issuer_.Keys()}});
  }
  std::string Sign(const ClaimsText& more) const {
    ClaimsText claims = more;
    claims.Add("sub", "\"spiffe://td/web\"")
        .Add("aud", "\"test\"")
        .Add("exp", absl::StrCat(kNow + 300));
    return authority_.Token().Type("JWT").RawClaims(claims.str()).Sign();
  }

  TestIssuer authority_{Algorithm::kEs256, "authority", clock_};
};

TEST_F(SvidMayAssertTest, TrustDomainIsBoundedByItself) {
  const auto both = Load("");
  const auto caller = both->Verify(Sign({}));
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("td", "spiffe://td/web"));
  EXPECT_THAT(both->Verify(Sign(ClaimsText().Add("scope", "\"orders.read\""))),
              AllOf(FailsWith(AuthFailure::kDeniedByPolicy), IsError(HasSubstr("may_assert"))));
  EXPECT_THAT(both->Verify(Sign(ClaimsText().Add("act", R"({"sub":"svc:test"})"))),
              AllOf(FailsWith(AuthFailure::kDeniedByPolicy), IsError(HasSubstr("may_assert"))));
  EXPECT_THAT(both->Verify(Sign(ClaimsText().Add("act", R"({"sub":"spiffe://td/x"})"))), IsOk());
}

TEST_F(SvidMayAssertTest, UnlessItSaysOtherwise) {
  const auto narrow = Load("may_assert { subjects: \"spiffe://td/ns/*\" }");
  EXPECT_THAT(narrow->Verify(Sign({})), FailsWith(AuthFailure::kDeniedByPolicy));
  const auto wide = Load("may_assert { anything: true }");
  EXPECT_THAT(wide->Verify(Sign(ClaimsText().Add("scope", "\"orders.read\""))), IsOk());
}

}  // namespace
}  // namespace lanyard
