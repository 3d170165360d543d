// SPDX-License-Identifier: Apache-2.0
//
// Each condition of an Allow, met and not met. caller_condition_peers_test.cc has the peers,
// caller_condition_errors_test.cc what does not load, policy_test.cc subjects, scopes, roles and
// clients.
#include "lanyard/sdk/internal/caller_condition.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_caller.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsOk;
using ::lanyard::testing::MadeCaller;
using ::lanyard::testing::PeerConnection;

constexpr int64_t kNow = 1900000000;

v1::Allow Read(const std::string& text) {
  v1::Allow allow;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &allow)) << text;
  EXPECT_THAT(ValidateAllow(allow), IsOk()) << text;
  return allow;
}

// Why the caller does not match; empty if it does. With and without asking why is the same.
std::string Why(const std::string& allow, const Identity& caller, const PeerNames& peers = {},
                absl::Time now = absl::FromUnixSeconds(kNow)) {
  const std::map<std::string, std::string> issuers = {{"a", "https://a.test"},
                                                      {"b", "https://b.test"}};
  const CallerCondition condition(Read(allow), issuers);
  PeerConnection connection(peers);
  std::string why;
  const bool matches = condition.Matches(caller, connection, now, &why);
  EXPECT_EQ(condition.Matches(caller, connection, now, nullptr), matches);
  EXPECT_EQ(why.empty(), matches) << why;
  return why;
}

// A caller of issuer "a" with these members beside iss and sub.
Identity With(const std::string& members, const std::string& token_type = "at+jwt") {
  return MadeCaller("a",
                    absl::StrCat(R"({"iss":"https://a.test","sub":"svc:a")",
                                 members.empty() ? "" : ",", members, "}"),
                    token_type);
}

struct Row {
  const char* name;
  const char* allow;
  Identity caller;
  const char* why;  // Empty: it matches.
};

class CallerConditionTest : public ::testing::TestWithParam<Row> {};

TEST_P(CallerConditionTest, MatchesOrSaysWhyNot) {
  EXPECT_EQ(Why(GetParam().allow, GetParam().caller), GetParam().why);
}

std::string NameOf(const ::testing::TestParamInfo<Row>& info) { return info.param.name; }

constexpr char kNoToken[] = "it needs a token";

#define A_IS(value) "claims { path: \"a\" " value " }"
constexpr char kNoA[] = "the claim a is absent, or not what the rule asks for";
constexpr char kNamespace[] =
    "claims { path: \"kubernetes.io\" path: \"namespace\" any_of: \"shop\" }";
constexpr char kNoNamespace[] =
    "the claim \"kubernetes.io\".namespace is absent, or not what the rule asks for";
constexpr char kRolesByUrl[] = "claims { path: \"https://x/roles\" any_of: \"r\" }";
constexpr char kNoRolesByUrl[] =
    "the claim https://x/roles is absent, or not what the rule asks for";

INSTANTIATE_TEST_SUITE_P(
    Claims, CallerConditionTest,
    ::testing::Values(
        Row{"Text", A_IS("any_of: \"x\""), With(R"("a":"x")"), ""},
        Row{"OtherText", A_IS("any_of: \"x\""), With(R"("a":"y")"), kNoA},
        Row{"Absent", A_IS("any_of: \"x\""), With(""), kNoA},
        Row{"Anonymous", A_IS("any_of: \"x\""), Identity(), kNoToken},
        Row{"TextIsNoBoolean", A_IS("boolean: true"), With(R"("a":"true")"), kNoA},
        Row{"Boolean", A_IS("boolean: true"), With(R"("a":true)"), ""},
        Row{"BooleanIsNoText", A_IS("any_of: \"true\""), With(R"("a":true)"), kNoA},
        Row{"OtherBoolean", A_IS("boolean: false"), With(R"("a":true)"), kNoA},
        Row{"AbsentIsNotFalse", A_IS("boolean: false"), With(""), kNoA},
        Row{"NullIsNotFalse", A_IS("boolean: false"), With(R"("a":null)"), kNoA},
        Row{"Integer", A_IS("any_of_integers: 1"), With(R"("a":1)"), ""},
        Row{"IntegerWithAFraction", A_IS("any_of_integers: 1"), With(R"("a":1.0)"), kNoA},
        Row{"IntegerWithAnExponent", A_IS("any_of_integers: 10"), With(R"("a":1e1)"), kNoA},
        Row{"IntegerAsText", A_IS("any_of_integers: 1"), With(R"("a":"1")"), kNoA},
        Row{"IntegerIsNoText", A_IS("any_of: \"1\""), With(R"("a":1)"), kNoA},
        Row{"TrueIsNotOne", A_IS("any_of_integers: 1"), With(R"("a":true)"), kNoA},
        Row{"OneIsNotTrue", A_IS("boolean: true"), With(R"("a":1)"), kNoA},
        Row{"Array", A_IS("any_of: \"x\""), With(R"("a":[1,"x"])"), ""},
        Row{"ArrayWithoutIt", A_IS("any_of: \"x\""), With(R"("a":["y"])"), kNoA},
        Row{"EmptyArray", A_IS("any_of: \"x\""), With(R"("a":[])"), kNoA},
        Row{"ArrayOfArrays", A_IS("any_of: \"x\""), With(R"("a":[["x"]])"), kNoA},
        Row{"ArrayOfIntegers", A_IS("any_of_integers: 1"), With(R"("a":[0,1])"), ""},
        Row{"AllOf", A_IS("all_of: \"x\" all_of: \"y\""), With(R"("a":["y","z","x"])"), ""},
        Row{"AllOfOneMissing", A_IS("all_of: \"x\" all_of: \"y\""), With(R"("a":["x"])"), kNoA},
        Row{"AllOfOneText", A_IS("all_of: \"x\""), With(R"("a":"x")"), ""},
        Row{"SpacesDoNotSplit", A_IS("any_of: \"x\""), With(R"("a":"x y")"), kNoA},
        Row{"Exists", A_IS("exists: true"), With(R"("a":false)"), ""},
        Row{"ExistsAsNull", A_IS("exists: true"), With(R"("a":null)"), kNoA},
        Row{"NameWithDot", kNamespace, With(R"("kubernetes.io":{"namespace":"shop"})"), ""},
        Row{"DotIsNoPath", kNamespace, With(R"("kubernetes":{"io":{"namespace":"shop"}})"),
            kNoNamespace},
        Row{"WholePathAsAName", kNamespace, With(R"("kubernetes.io.namespace":"shop")"),
            kNoNamespace},
        Row{"NameWithSlashes", kRolesByUrl, With(R"("https://x/roles":["r"])"), ""},
        Row{"SlashIsNoPath", kRolesByUrl, With(R"("https://x":{"roles":["r"]})"), kNoRolesByUrl},
        Row{"TwoConditions", A_IS("any_of: \"x\"") A_IS("exists: true"), With(R"("a":"x")"), ""},
        Row{"TwoConditionsOneFails", "claims { path: \"b\" exists: true }" A_IS("any_of: \"x\""),
            With(R"("b":1,"a":"y")"), kNoA}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    TokenTypes, CallerConditionTest,
    ::testing::Values(
        Row{"Same", "subjects: \"svc:a\" token_types: \"at+jwt\"", With("", "at+jwt"), ""},
        Row{"OtherCase", "subjects: \"svc:a\" token_types: \"AT+JWT\"", With("", "at+jwt"), ""},
        Row{"WithApplication", "subjects: \"svc:a\" token_types: \"application/at+JWT\"",
            With("", "at+jwt"), ""},
        Row{"Second", "subjects: \"svc:a\" token_types: \"x\" token_types: \"jwt\"",
            With("", "jwt"), ""},
        Row{"Other", "subjects: \"svc:a\" token_types: \"at+jwt\"", With("", "jwt"),
            "typ is not \"at+jwt\""},
        Row{"TwoOthers", "subjects: \"svc:a\" token_types: \"x\" token_types: \"y\"",
            With("", "jwt"), "typ is not \"x\" or \"y\""},
        Row{"Absent", "subjects: \"svc:a\" token_types: \"jwt\"", With("", ""),
            "typ is not \"jwt\""},
        Row{"Anonymous", "any_authenticated: true token_types: \"jwt\"", Identity(), kNoToken}),
    NameOf);

#define BOUND(thumbprint) R"("cnf":{"x5t#S256":")" thumbprint R"("})"
constexpr char kThumbprint[] = BOUND("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
constexpr char kBound[] = "any_authenticated: true certificate_bound: true";

INSTANTIATE_TEST_SUITE_P(
    CertificateBound, CallerConditionTest,
    ::testing::Values(Row{"Bound", kBound, With(kThumbprint), ""},
                      Row{"NotBound", kBound, With(""),
                          "the token is not bound to a client certificate (cnf)"},
                      Row{"BoundWhereNobodyAsks", "any_authenticated: true", With(kThumbprint), ""},
                      Row{"Anonymous", kBound, Identity(), kNoToken}),
    NameOf);

constexpr char kOneTime[] = "any_authenticated: true one_time: true";
constexpr char kNotOneTime[] =
    "the token has no jti, or lives longer than 5 min, and the rule is for tokens that are used "
    "once";

INSTANTIATE_TEST_SUITE_P(
    OneTime, CallerConditionTest,
    ::testing::Values(Row{"JustShortEnough", kOneTime,
                          With(R"("jti":"1","iat":1900000000,"exp":1900000300)"), ""},
                      Row{"OneSecondLonger", kOneTime,
                          With(R"("jti":"1","iat":1900000000,"exp":1900000301)"), kNotOneTime},
                      Row{"LongWithLittleLeft", kOneTime,
                          With(R"("jti":"1","iat":1899996400,"exp":1900000001)"), kNotOneTime},
                      Row{"WithoutIat", kOneTime, With(R"("jti":"1","exp":1900000300)"), ""},
                      Row{"WithoutIatOneSecondLonger", kOneTime,
                          With(R"("jti":"1","exp":1900000301)"), kNotOneTime},
                      Row{"WithoutJti", kOneTime, With(R"("iat":1900000000,"exp":1900000300)"),
                          kNotOneTime},
                      Row{"EmptyJti", kOneTime,
                          With(R"("jti":"","iat":1900000000,"exp":1900000300)"), kNotOneTime},
                      Row{"Anonymous", kOneTime, Identity(), kNoToken}),
    NameOf);

constexpr char kActor[] = "actors { issuer: \"a\" subjects: \"svc:x\" }";
constexpr char kActorOfB[] = "actors { issuer: \"b\" subjects: \"svc:x\" }";
constexpr char kNoActors[] =
    "somebody uses the token for its subject (act), and the rule has no actors";
constexpr char kOtherActor[] = "the one who uses the token (act) is none of actors";

INSTANTIATE_TEST_SUITE_P(
    Actors, CallerConditionTest,
    ::testing::Values(
        Row{"Same", kActor, With(R"("act":{"sub":"svc:x"})"), ""},
        Row{"OwnIssuerNamed", kActor, With(R"("act":{"sub":"svc:x","iss":"https://a.test"})"), ""},
        Row{"OwnIssuerIsNotTheOther", kActorOfB, With(R"("act":{"sub":"svc:x"})"), kOtherActor},
        Row{"OtherIssuer", kActorOfB, With(R"("act":{"sub":"svc:x","iss":"https://b.test"})"), ""},
        Row{"OtherIssuerIsNotOwn", kActor, With(R"("act":{"sub":"svc:x","iss":"https://b.test"})"),
            kOtherActor},
        Row{"UnknownIssuer", kActor, With(R"("act":{"sub":"svc:x","iss":"https://c.test"})"),
            kOtherActor},
        Row{"EmptyIssuer", kActor, With(R"("act":{"sub":"svc:x","iss":""})"), kOtherActor},
        Row{"IssuerByItsShortName", kActor, With(R"("act":{"sub":"svc:x","iss":"a"})"),
            kOtherActor},
        Row{"OtherSubject", kActor, With(R"("act":{"sub":"svc:y"})"), kOtherActor},
        Row{"Prefix", "actors { issuer: \"a\" subjects: \"svc:*\" }",
            With(R"("act":{"sub":"svc:y"})"), ""},
        Row{"PrefixAlone", "actors { issuer: \"a\" subjects: \"svc:*\" }",
            With(R"("act":{"sub":"svc:"})"), kOtherActor},
        Row{"SecondOfTwo",
            "actors { issuer: \"b\" subjects: \"svc:y\" } actors { issuer: \"a\" "
            "subjects: [\"svc:z\", \"svc:x\"] }",
            With(R"("act":{"sub":"svc:x"})"), ""},
        Row{"IssuerOfOneSubjectOfAnother",
            "actors { issuer: \"b\" subjects: \"svc:x\" } actors { issuer: \"a\" subjects: "
            "\"svc:y\" }",
            With(R"("act":{"sub":"svc:x"})"), kOtherActor},
        Row{"NestedActorOpensNothing", kActor,
            With(R"("act":{"sub":"svc:evil","act":{"sub":"svc:x"}})"), kOtherActor},
        Row{"NestedActorTakesNothing", kActor,
            With(R"("act":{"sub":"svc:x","act":{"sub":"svc:evil"}})"), ""},
        Row{"NoAct", kActor, With(""), "the token has no act, and the rule asks for an actor"},
        Row{"NoActButTheSubjectIsTheActor", "actors { issuer: \"a\" subjects: \"svc:a\" }",
            With(""), "the token has no act, and the rule asks for an actor"},
        Row{"Anonymous", kActor, Identity(), kNoToken},
        Row{"SubjectAlone", "subjects: \"svc:a\"", With(R"("act":{"sub":"svc:x"})"), kNoActors},
        Row{"ActingForItself", "subjects: \"svc:a\"", With(R"("act":{"sub":"svc:a"})"), kNoActors},
        Row{"SubjectIsTheActorsName", "subjects: \"svc:x\"", With(R"("act":{"sub":"svc:x"})"),
            kNoActors},
        Row{"AnyAuthenticated", "any_authenticated: true", With(R"("act":{"sub":"svc:x"})"),
            kNoActors},
        Row{"SubjectAndActor", "subjects: \"svc:a\" actors { issuer: \"a\" subjects: \"svc:x\" }",
            With(R"("act":{"sub":"svc:x"})"), ""},
        Row{"ActorForAnotherSubject",
            "subjects: \"svc:b\" actors { issuer: \"a\" subjects: \"svc:x\" }",
            With(R"("act":{"sub":"svc:x"})"), "the subject is not \"svc:b\""},
        Row{"AuthenticatedActor",
            "any_authenticated: true actors { issuer: \"a\" subjects: \"svc:x\" }",
            With(R"("act":{"sub":"svc:x"})"), ""},
        Row{"AuthenticatedActorAbsent",
            "any_authenticated: true actors { issuer: \"a\" subjects: \"svc:x\" }", With(""),
            "the token has no act, and the rule asks for an actor"},
        Row{"AnyActor", "subjects: \"svc:a\" any_actor: true",
            With(R"("act":{"sub":"svc:y","iss":"https://c.test"})"), ""},
        Row{"AnyActorOrNobody", "subjects: \"svc:a\" any_actor: true", With(""), ""},
        Row{"AnyActorForAnotherSubject", "subjects: \"svc:b\" any_actor: true",
            With(R"("act":{"sub":"svc:y"})"), "the subject is not \"svc:b\""}),
    NameOf);

constexpr char kTokenAge[] = "any_authenticated: true max_token_age { seconds: 60 }";
constexpr char kSignInAge[] = "any_authenticated: true max_authentication_age { seconds: 60 }";
constexpr char kTokenTooOld[] = "the token has no iat, or is older than max_token_age";
constexpr char kSignInTooOld[] =
    "the token has no auth_time, or the user's sign-in is older than max_authentication_age";

INSTANTIATE_TEST_SUITE_P(
    Ages, CallerConditionTest,
    ::testing::Values(
        Row{"TokenOneSecondYounger", kTokenAge, With(R"("iat":1899999941)"), ""},
        Row{"TokenJustOldEnough", kTokenAge, With(R"("iat":1899999940)"), ""},
        Row{"TokenOneSecondOlder", kTokenAge, With(R"("iat":1899999939)"), kTokenTooOld},
        Row{"TokenWithoutIat", kTokenAge, With(""), kTokenTooOld},
        Row{"SignInIsNoIat", kTokenAge, With(R"("auth_time":1900000000)"), kTokenTooOld},
        Row{"TokenAgeAnonymous", kTokenAge, Identity(), kNoToken},
        Row{"SignInOneSecondYounger", kSignInAge, With(R"("auth_time":1899999941)"), ""},
        Row{"SignInJustOldEnough", kSignInAge, With(R"("auth_time":1899999940)"), ""},
        Row{"SignInOneSecondOlder", kSignInAge, With(R"("auth_time":1899999939)"), kSignInTooOld},
        Row{"SignInAbsent", kSignInAge, With(R"("iat":1900000000)"), kSignInTooOld},
        Row{"SignInAnonymous", kSignInAge, Identity(), kNoToken},
        Row{"Acr", "any_authenticated: true any_acr: \"mfa\"", With(R"("acr":"mfa")"), ""},
        Row{"SecondAcr", "any_authenticated: true any_acr: \"mfa\" any_acr: \"hw\"",
            With(R"("acr":"hw")"), ""},
        Row{"OtherAcr", "any_authenticated: true any_acr: \"mfa\"", With(R"("acr":"pwd")"),
            "acr is not \"mfa\""},
        Row{"AcrOtherCase", "any_authenticated: true any_acr: \"mfa\"", With(R"("acr":"MFA")"),
            "acr is not \"mfa\""},
        Row{"AcrEmpty", "any_authenticated: true any_acr: \"mfa\"", With(R"("acr":"")"),
            "acr is not \"mfa\""},
        Row{"AcrAbsent", "any_authenticated: true any_acr: \"mfa\"", With(""),
            "acr is not \"mfa\""},
        Row{"AcrAnonymous", "any_authenticated: true any_acr: \"mfa\"", Identity(), kNoToken}),
    NameOf);

// Whose token it is comes before what else is asked: the first condition that fails is named.
INSTANTIATE_TEST_SUITE_P(
    FirstReason, CallerConditionTest,
    ::testing::Values(Row{"ActorBeforeIssuer", "issuers: \"b\" subjects: \"svc:b\"",
                          With(R"("act":{"sub":"x"})"), kNoActors},
                      Row{"IssuerBeforeSubject", "issuers: \"b\" subjects: \"svc:b\"", With(""),
                          "the issuer is not \"b\""},
                      Row{"EitherIssuer", "issuers: \"b\" issuers: \"c\" any_authenticated: true",
                          With(""), "the issuer is not \"b\" or \"c\""},
                      Row{"SubjectBeforeClient", "subjects: \"svc:b\" clients: \"web\"", With(""),
                          "the subject is not \"svc:b\""},
                      Row{"ClientBeforeScope", "clients: \"web\" all_scopes: \"r\"", With(""),
                          "the client is not \"web\""},
                      Row{"AllScopesBeforeAnyScopes", "all_scopes: \"r\" any_scopes: \"w\"",
                          With(""), "the token lacks the scope \"r\""},
                      Row{"AnyScopesBeforeRoles",
                          "any_scopes: \"w\" any_scopes: \"x\" all_roles: \"q\"", With(""),
                          "the token lacks the scope \"w\" or \"x\""},
                      Row{"AllRolesBeforeAnyRoles", "all_roles: \"q\" any_roles: \"p\"", With(""),
                          "the caller lacks the role \"q\""},
                      Row{"AnyRolesBeforeType", "any_roles: \"p\" token_types: \"jwt\"", With(""),
                          "the caller lacks the role \"p\""},
                      Row{"TypeBeforeBinding",
                          "any_authenticated: true token_types: \"jwt\" certificate_bound: true",
                          With(""), "typ is not \"jwt\""},
                      Row{"AgeBeforePeers",
                          "any_authenticated: true max_token_age { seconds: 60 } peers: \"a.test\"",
                          With(""), kTokenTooOld},
                      Row{"PeersBeforeClaims", "peers: \"a.test\" " A_IS("exists: true"), With(""),
                          "the client's certificate has none of the names in peers"}),
    NameOf);

TEST(CallerConditionTest, ReasonIsFitForATerminal) {
  EXPECT_EQ(Why("all_scopes: \"a\\033[2J\"", With("")).find('\033'), std::string::npos);
}

TEST(CallerConditionTest, TokenFromTheFutureIsWithinTheAge) {
  // As far as clocks may differ; one from further ahead the verifier refuses.
  EXPECT_EQ(Why(kTokenAge, With(R"("iat":1900000010)")), "");
}

// The verifier does not look at auth_time, so nobody else refuses one from next year.
TEST(CallerConditionTest, SignInOfNextYearIsNoSignIn) {
  EXPECT_EQ(Why(kSignInAge, With(R"("auth_time":1931536000)")), kSignInTooOld);
}

TEST(CallerConditionTest, AgesAreExactToTheFraction) {
  const absl::Time end = absl::FromUnixSeconds(kNow + 60);
  const Identity caller = With(R"("iat":1900000000,"auth_time":1900000000)");
  for (const char* allow : {kTokenAge, kSignInAge}) {
    EXPECT_EQ(Why(allow, caller, {}, end), "");
    EXPECT_NE(Why(allow, caller, {}, end + absl::Nanoseconds(1)), "");
    EXPECT_NE(Why(allow, caller, {}, absl::InfiniteFuture()), "");
  }
}

TEST(CallerConditionTest, AnyoneIsAnyone) {
  for (const Identity& caller : {Identity(), With(""), With(R"("act":{"sub":"svc:x"})")}) {
    EXPECT_EQ(Why("anyone: true", caller), "");
    EXPECT_EQ(Why("anyone: true bad_token: TREAT_AS_ANONYMOUS", caller), "");
  }
}

// A typ that is not there is none, however the rule spells it.
TEST(CallerConditionTest, ApplicationAloneIsNoTokenType) {
  v1::Allow allow;
  allow.set_any_authenticated(true);
  allow.add_token_types("application/");
  EXPECT_FALSE(ValidateAllow(allow).ok());
  PeerConnection connection;
  std::string why;
  EXPECT_FALSE(CallerCondition(allow, {}).Matches(With("", ""), connection,
                                                  absl::FromUnixSeconds(kNow), &why));
}

}  // namespace
}  // namespace lanyard::internal
