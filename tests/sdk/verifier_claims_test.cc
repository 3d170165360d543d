// SPDX-License-Identifier: Apache-2.0
//
// What the claims must say: for whom, by whom, and which of them must be there.

#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kGood = std::nullopt;
using Verdict = std::optional<AuthFailure>;
constexpr auto kWrong = AuthFailure::kWrongAudience;
constexpr auto kMalformed = AuthFailure::kMalformedToken;
constexpr auto kMissing = AuthFailure::kMissingClaim;

std::string Text(const std::string& value) { return absl::StrCat("\"", value, "\""); }

struct AudRow {
  const char* name;
  // JSON; empty leaves it out.
  const char* aud;
  Verdict verdict, single;
};

class VerifierAudienceTest : public VerifierFixture,
                             public ::testing::WithParamInterface<AudRow> {};

TEST_P(VerifierAudienceTest, NamesUsOrNot) {
  auto claims = Claims().Remove("aud");
  if (*GetParam().aud != '\0') claims.Add("aud", GetParam().aud);
  const std::string token = SignClaims(claims.str());
  ExpectVerdict(*verifier_, token, GetParam().verdict);
  v1::Issuer config = issuer_.Config();
  config.set_single_audience_only(true);
  ExpectVerdict(*MakeFor(config), token, GetParam().single);
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierAudienceTest,
    ::testing::Values(
        AudRow{"Text", "\"test\"", kGood, kGood}, AudRow{"Array", "[\"test\"]", kGood, kGood},
        AudRow{"EscapedText", "\"t\\u0065st\"", kGood, kGood},
        AudRow{"FirstOfTwo", "[\"test\",\"other\"]", kGood, kWrong},
        AudRow{"SecondOfTwo", "[\"other\",\"test\"]", kGood, kWrong},
        AudRow{"Other", "\"other\"", kWrong, kWrong},
        AudRow{"Others", "[\"a\",\"b\"]", kWrong, kWrong},
        AudRow{"OtherCase", "\"Test\"", kWrong, kWrong},
        AudRow{"Prefix", "\"tes\"", kWrong, kWrong}, AudRow{"Longer", "\"test2\"", kWrong, kWrong},
        AudRow{"SpaceAfter", "\"test \"", kWrong, kWrong},
        AudRow{"NulAfter", "\"test\\u0000\"", kWrong, kWrong},
        AudRow{"List", "\"test other\"", kWrong, kWrong},
        AudRow{"Wildcard", "\"*\"", kWrong, kWrong}, AudRow{"EmptyArray", "[]", kWrong, kWrong},
        AudRow{"Absent", "", kWrong, kWrong}, AudRow{"EmptyText", "\"\"", kMalformed, kMalformed},
        AudRow{"EmptyTextBesideOurs", "[\"test\",\"\"]", kMalformed, kMalformed},
        AudRow{"NumberBesideOurs", "[\"test\",1]", kMalformed, kMalformed},
        AudRow{"NullBesideOurs", "[null,\"test\"]", kMalformed, kMalformed},
        AudRow{"ArrayInArray", "[[\"test\"]]", kMalformed, kMalformed},
        AudRow{"Number", "1", kMalformed, kMalformed},
        AudRow{"Null", "null", kMalformed, kMalformed},
        AudRow{"True", "true", kMalformed, kMalformed},
        AudRow{"Object", "{\"test\":true}", kMalformed, kMalformed}),
    [](const auto& info) { return info.param.name; });

class VerifierAudiencesTest : public VerifierFixture {};

TEST_F(VerifierAudiencesTest, AnyOfTheIssuersAudiencesWillDo) {
  v1::Issuer config = issuer_.Config();
  config.add_audiences("second");
  const auto verifier = MakeFor(config);
  EXPECT_THAT(verifier->Verify(issuer_.Token().Audience("test").Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().Audience("second").Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().Audience("third").Sign()), FailsWith(kWrong));
}

TEST_F(VerifierAudiencesTest, AudienceOfAnotherIssuerDoesNotCount) {
  const TestIssuer other(Algorithm::kEs256, "other", clock_);
  v1::Issuer other_config = other.Config();
  other_config.set_audiences(0, "others");
  const auto verifier = Make({{issuer_.Config(), issuer_.Keys()}, {other_config, other.Keys()}});
  EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(other.Token().Audience("others").Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().Audience("others").Sign()), FailsWith(kWrong));
  EXPECT_THAT(verifier->Verify(other.Token().Audience("test").Sign()), FailsWith(kWrong));
}

struct SubRow {
  const char* name;
  // JSON; empty leaves it out.
  std::string sub;
  Verdict verdict, subjectless;
};

class VerifierSubjectTest : public VerifierFixture, public ::testing::WithParamInterface<SubRow> {};

TEST_P(VerifierSubjectTest, IsAGoodNameOrNot) {
  auto claims = Claims().Remove("sub");
  if (!GetParam().sub.empty()) claims.Add("sub", GetParam().sub);
  const std::string token = SignClaims(claims.str());
  ExpectVerdict(*verifier_, token, GetParam().verdict);
  v1::Issuer config = issuer_.Config();
  config.set_accept_subjectless_tokens(true);
  ExpectVerdict(*MakeFor(config), token, GetParam().subjectless);
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierSubjectTest,
    ::testing::Values(
        SubRow{"Usual", "\"svc:a\"", kGood, kGood}, SubRow{"Absent", "", kMissing, kGood},
        SubRow{"OneByte", "\"a\"", kGood, kGood}, SubRow{"Space", "\" \"", kGood, kGood},
        SubRow{"Utf8", "\"J\xc3\xb6rg\"", kGood, kGood},
        SubRow{"Empty", "\"\"", kMalformed, kMalformed},
        SubRow{"Bytes255", Text(std::string(255, 's')), kGood, kGood},
        SubRow{"Bytes256", Text(std::string(256, 's')), kMalformed, kMalformed},
        SubRow{"Nul", "\"\\u0000\"", kMalformed, kMalformed},
        SubRow{"NulAfter", "\"svc:a\\u0000\"", kMalformed, kMalformed},
        SubRow{"NameOfTheAnonymousCaller", "\"\\u0000anonymous\"", kMalformed, kMalformed},
        SubRow{"Newline", "\"svc:a\\n\"", kMalformed, kMalformed},
        SubRow{"LastControlCharacter", "\"\\u001f\"", kMalformed, kMalformed},
        SubRow{"Delete", "\"\\u007f\"", kMalformed, kMalformed},
        SubRow{"Number", "1", kMalformed, kMalformed},
        SubRow{"Null", "null", kMalformed, kMalformed},
        SubRow{"Array", "[\"svc:a\"]", kMalformed, kMalformed},
        SubRow{"Object", "{}", kMalformed, kMalformed}),
    [](const auto& info) { return info.param.name; });

TEST_F(VerifierAudiencesTest, SubjectlessCallerIsNobody) {
  v1::Issuer config = issuer_.Config();
  config.set_accept_subjectless_tokens(true);
  const auto caller = MakeFor(config)->Verify(SignClaims(Claims().Remove("sub").str()));
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->authenticated());
  EXPECT_FALSE(caller->has_subject());
  EXPECT_NE(caller->subject(), "");
  EXPECT_NE(caller->subject().find('\0'), std::string::npos) << "no token can carry it";
  EXPECT_FALSE(caller->Is("test", ""));
  EXPECT_FALSE(caller->Is("test", caller->client_id()));
}

struct PresenceRow {
  const char* name;
  const char* claim;
  Verdict rfc9068, kubernetes, custom;
};

class VerifierPresenceTest : public VerifierFixture,
                             public ::testing::WithParamInterface<PresenceRow> {};

TEST_P(VerifierPresenceTest, DependsOnTheProfile) {
  const std::string claims = Claims().Remove(GetParam().claim).str();
  ExpectVerdict(*verifier_, SignClaims(claims), GetParam().rfc9068);
  const std::string untyped = issuer_.Token().RawClaims(claims).Type("").Sign();
  ExpectVerdict(*MakeFor(Config(v1::KUBERNETES)), untyped, GetParam().kubernetes);
  ExpectVerdict(*MakeFor(Config(v1::CUSTOM, {"NO_TYP"})), untyped, GetParam().custom);
}

INSTANTIATE_TEST_SUITE_P(, VerifierPresenceTest,
                         ::testing::Values(PresenceRow{"Exp", "exp", kMissing, kMissing, kMissing},
                                           PresenceRow{"Iat", "iat", kMissing, kMissing, kGood},
                                           PresenceRow{"Jti", "jti", kMissing, kGood, kGood},
                                           PresenceRow{"ClientId", "client_id", kMissing, kGood,
                                                       kGood},
                                           PresenceRow{"Sub", "sub", kMissing, kMissing, kMissing},
                                           PresenceRow{"Aud", "aud", kWrong, kWrong, kWrong},
                                           PresenceRow{"Nothing", "", kGood, kGood, kGood}),
                         [](const auto& info) { return info.param.name; });

TEST_F(VerifierAudiencesTest, EmptyIsAsGoodAsAbsent) {
  for (const char* claim : {"jti", "client_id"}) {
    EXPECT_THAT(verifier_->Verify(SignClaims(Claims().Set(claim, "\"\"").str())),
                FailsWith(kMissing))
        << claim;
  }
}

TEST_F(VerifierAudiencesTest, NullIsNotAbsent) {
  for (const char* claim :
       {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "act"}) {
    EXPECT_THAT(verifier_->Verify(SignClaims(Claims().Set(claim, "null").str())),
                FailsWith(kMalformed))
        << claim;
  }
}

TEST_F(VerifierAudiencesTest, ClaimsAreText) {
  for (const char* claim : {"iss", "sub", "jti", "client_id", "azp", "scope"}) {
    for (const char* value : {"1", "true", "[]", "[\"svc:test\"]", "{}"}) {
      EXPECT_THAT(verifier_->Verify(SignClaims(Claims().Set(claim, value).str())),
                  FailsWith(kMalformed))
          << claim << ": " << value;
    }
  }
}

TEST_F(VerifierAudiencesTest, AuthorizedPartyStandsInForTheClient) {
  const auto verifier = MakeFor(Config(v1::CUSTOM, {"at+jwt"}));
  auto client_of = [&](const ClaimsText& claims) {
    const auto caller = verifier->Verify(SignClaims(claims.str()));
    return caller.ok() ? caller->client_id() : caller.status().ToString();
  };
  EXPECT_EQ(client_of(Claims()), "svc:test");
  EXPECT_EQ(client_of(Claims().Remove("client_id").Add("azp", "\"party\"")), "party");
  EXPECT_EQ(client_of(Claims().Add("azp", "\"svc:test\"")), "svc:test");
  EXPECT_EQ(client_of(Claims().Remove("client_id")), "");
  EXPECT_THAT(verifier->Verify(SignClaims(Claims().Add("azp", "\"party\"").str())),
              FailsWith(kMalformed));
}

TEST_F(VerifierAudiencesTest, AuthorizedPartyIsNoClientIdUnderRfc9068) {
  EXPECT_THAT(
      verifier_->Verify(SignClaims(Claims().Remove("client_id").Add("azp", "\"party\"").str())),
      FailsWith(kMissing));
}

struct KindRow {
  const char* name;
  const char* claim;
  const char* json;
};

// Tokens of another kind that an issuer signs with the same key, where typ does not tell.
class OtherKindsTest : public VerifierFixture, public ::testing::WithParamInterface<KindRow> {};

TEST_P(OtherKindsTest, AreNoAccessTokensWhereTypDoesNotTell) {
  const std::string claims = Claims().Add(GetParam().claim, GetParam().json).str();
  const std::string untyped = issuer_.Token().RawClaims(claims).Type("").Sign();
  const std::string jwt = issuer_.Token().RawClaims(claims).Type("JWT").Sign();
  EXPECT_THAT(MakeFor(Config(v1::KUBERNETES))->Verify(untyped), FailsWith(AuthFailure::kWrongType));
  EXPECT_THAT(MakeFor(Config(v1::KUBERNETES))->Verify(jwt), FailsWith(AuthFailure::kWrongType));
  EXPECT_THAT(MakeFor(Config(v1::CUSTOM, {"NO_TYP"}))->Verify(untyped),
              FailsWith(AuthFailure::kWrongType));
  EXPECT_THAT(MakeFor(Config(v1::CUSTOM, {"JWT"}))->Verify(jwt),
              FailsWith(AuthFailure::kWrongType));
  // Here typ has told.
  EXPECT_THAT(verifier_->Verify(untyped), FailsWith(AuthFailure::kWrongType));
  EXPECT_THAT(verifier_->Verify(SignClaims(claims)), IsOk());
}

INSTANTIATE_TEST_SUITE_P(
    , OtherKindsTest,
    ::testing::Values(KindRow{"IdTokenWithNonce", "nonce", "\"n\""},
                      KindRow{"IdTokenWithAtHash", "at_hash", "\"h\""},
                      KindRow{"IdTokenWithCHash", "c_hash", "\"h\""},
                      KindRow{"LogoutToken", "events",
                              "{\"http://schemas.openid.net/event/backchannel-logout\":{}}"},
                      KindRow{"NullNonce", "nonce", "null"},
                      KindRow{"EscapedName", "n\\u006fnce", "\"n\""}),
    [](const auto& info) { return info.param.name; });

struct ScopeRow {
  const char* name;
  const char* json;
  Verdict verdict;
  std::vector<std::string> scopes;
};

class VerifierScopeTest : public VerifierFixture, public ::testing::WithParamInterface<ScopeRow> {};

TEST_P(VerifierScopeTest, IsSplitAtSingleSpaces) {
  const std::string token = SignClaims(Claims().Add("scope", GetParam().json).str());
  ExpectVerdict(*verifier_, token, GetParam().verdict);
  const auto caller = verifier_->Verify(token);
  if (caller.ok()) {
    EXPECT_EQ(caller->scopes(), GetParam().scopes);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierScopeTest,
    ::testing::Values(ScopeRow{"One", "\"read\"", kGood, {"read"}},
                      ScopeRow{"Two", "\"read write\"", kGood, {"read", "write"}},
                      ScopeRow{"OrderIsKept", "\"b a\"", kGood, {"b", "a"}},
                      ScopeRow{"Empty", "\"\"", kGood, {}},
                      ScopeRow{"Punctuation", "\"a:b/c.d_e-f!~\"", kGood, {"a:b/c.d_e-f!~"}},
                      ScopeRow{"TwoSpaces", "\"read  write\"", kMalformed, {}},
                      ScopeRow{"LeadingSpace", "\" read\"", kMalformed, {}},
                      ScopeRow{"TrailingSpace", "\"read \"", kMalformed, {}},
                      ScopeRow{"OnlySpace", "\" \"", kMalformed, {}},
                      ScopeRow{"Tab", "\"read\\twrite\"", kMalformed, {}},
                      ScopeRow{"Newline", "\"read\\nwrite\"", kMalformed, {}},
                      ScopeRow{"Nul", "\"read\\u0000\"", kMalformed, {}},
                      ScopeRow{"NoBreakSpace", "\"read\\u00a0write\"", kMalformed, {}},
                      ScopeRow{"Quote", "\"re\\\"ad\"", kMalformed, {}},
                      ScopeRow{"Backslash", "\"re\\\\ad\"", kMalformed, {}},
                      ScopeRow{"Delete", "\"read\\u007f\"", kMalformed, {}},
                      ScopeRow{"Array", "[\"read\"]", kMalformed, {}}),
    [](const auto& info) { return info.param.name; });

// What Okta and Entra ID have for scope.
TEST_F(VerifierAudiencesTest, ScpIsScopeByAnotherName) {
  const auto verify = [this](const std::string& scp, const std::string& scope = "") {
    auto claims = Claims().Add("scp", scp);
    if (!scope.empty()) claims.Add("scope", scope);
    return verifier_->Verify(SignClaims(claims.str()));
  };
  EXPECT_THAT(verify(R"("read write")")->scopes(), ElementsAre("read", "write"));
  EXPECT_THAT(verify(R"(["read","write"])")->scopes(), ElementsAre("read", "write"));
  EXPECT_THAT(verify(R"([])")->scopes(), IsEmpty());
  EXPECT_THAT(verify(R"("")")->scopes(), IsEmpty());
  EXPECT_THAT(verify(R"(["read","write"])", R"("read write")")->scopes(),
              ElementsAre("read", "write"));
  for (const char* bad :
       {"1", "null", "{}", "true", R"(["read write"])", R"([""])", R"([1])", R"(["read",null])",
        R"("read  write")", R"(" ")", R"(["re\"ad"])", R"([["read"]])"}) {
    EXPECT_THAT(verify(bad), FailsWith(kMalformed)) << bad;
  }
  EXPECT_THAT(verify(R"(["read"])", R"("read write")"), FailsWith(kMalformed)) << "they differ";
  EXPECT_THAT(verify(R"(["admin"])", R"("")"), FailsWith(kMalformed));
}

struct ActRow {
  const char* name;
  const char* json;
  Verdict verdict;
};

class VerifierActorTest : public VerifierFixture, public ::testing::WithParamInterface<ActRow> {};

TEST_P(VerifierActorTest, IsWellFormedOrNot) {
  const std::string token = SignClaims(Claims().Add("act", GetParam().json).str());
  ExpectVerdict(*verifier_, token, GetParam().verdict);
  const auto caller = verifier_->Verify(token);
  if (caller.ok()) {
    EXPECT_TRUE(caller->has_actor());
  }
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierActorTest,
    ::testing::Values(
        ActRow{"One", R"({"sub":"a"})", kGood},
        ActRow{"WithIssuer", R"({"sub":"a","iss":"b"})", kGood},
        ActRow{"FourDeep", R"({"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}})",
               kGood},
        ActRow{
            "FiveDeep",
            R"({"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d","act":{"sub":"e"}}}}})",
            kMalformed},
        ActRow{"Empty", "{}", kMalformed}, ActRow{"EmptySubject", R"({"sub":""})", kMalformed},
        ActRow{"SubjectNumber", R"({"sub":1})", kMalformed}, ActRow{"Text", "\"a\"", kMalformed},
        ActRow{"Array", R"([{"sub":"a"}])", kMalformed}, ActRow{"Null", "null", kMalformed},
        ActRow{"InnerWithoutSubject", R"({"sub":"a","act":{}})", kMalformed},
        ActRow{"InnerText", R"({"sub":"a","act":"b"})", kMalformed},
        ActRow{"InnerNull", R"({"sub":"a","act":null})", kMalformed}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lanyard
