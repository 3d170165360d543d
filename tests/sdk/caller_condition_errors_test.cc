// SPDX-License-Identifier: Apache-2.0
//
// What an Allow may not say.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "lanyard/sdk/internal/caller_condition.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Allow Read(const std::string& text) {
  v1::Allow allow;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &allow)) << text;
  return allow;
}

struct BadRow {
  const char* name;
  const char* allow;
  const char* error;
};

class BadAllowTest : public ::testing::TestWithParam<BadRow> {};

TEST_P(BadAllowTest, IsRefused) {
  EXPECT_THAT(ValidateAllow(Read(GetParam().allow)),
              IsError(AllOf(StartsWith("allow: "), HasSubstr(GetParam().error))));
}

std::string NameOf(const ::testing::TestParamInfo<BadRow>& info) { return info.param.name; }

constexpr char kBesideAnyone[] = "\"anyone\" stands beside other conditions";
constexpr char kBadToken[] = "bad_token: is only for anyone: true";
constexpr char kWithoutToken[] = "without_token: needs peers, and nothing else";
constexpr char kAuthenticated[] =
    "only what narrows down whose token it is may stand beside \"any_authenticated\"";
constexpr char kNoCaller[] = "it names no caller; write subjects";

INSTANTIATE_TEST_SUITE_P(
    Anyone, BadAllowTest,
    ::testing::Values(
        BadRow{"AndAuthenticated", "anyone: true any_authenticated: true", kBesideAnyone},
        BadRow{"AndIssuers", "anyone: true issuers: \"a\"", kBesideAnyone},
        BadRow{"AndSubjects", "anyone: true subjects: \"a\"", kBesideAnyone},
        BadRow{"AndAllScopes", "anyone: true all_scopes: \"a\"", kBesideAnyone},
        BadRow{"AndAnyScopes", "anyone: true any_scopes: \"a\"", kBesideAnyone},
        BadRow{"AndAnyRoles", "anyone: true any_roles: \"a\"", kBesideAnyone},
        BadRow{"AndAllRoles", "anyone: true all_roles: \"a\"", kBesideAnyone},
        BadRow{"AndClients", "anyone: true clients: \"a\"", kBesideAnyone},
        BadRow{"AndClaims", "anyone: true claims { path: \"a\" exists: true }", kBesideAnyone},
        BadRow{"AndTokenTypes", "anyone: true token_types: \"jwt\"", kBesideAnyone},
        BadRow{"AndBinding", "anyone: true certificate_bound: true", kBesideAnyone},
        BadRow{"AndOneTime", "anyone: true one_time: true", kBesideAnyone},
        BadRow{"AndPeers", "anyone: true peers: \"a.test\"", kBesideAnyone},
        BadRow{"AndWithoutToken", "anyone: true peers: \"a.test\" without_token: true",
               kBesideAnyone},
        BadRow{"AndWithoutTokenAlone", "anyone: true without_token: true", kWithoutToken},
        BadRow{"AndActors", "anyone: true actors { issuer: \"a\" subjects: \"b\" }", kBesideAnyone},
        BadRow{"AndAnyActor", "anyone: true any_actor: true", kBesideAnyone},
        BadRow{"AndTokenAge", "anyone: true max_token_age { seconds: 1 }", kBesideAnyone},
        BadRow{"AndSignInAge", "anyone: true max_authentication_age { seconds: 1 }", kBesideAnyone},
        BadRow{"AndAcr", "anyone: true any_acr: \"a\"", kBesideAnyone},
        BadRow{"AndUnspecifiedBadToken", "anyone: true bad_token: BAD_TOKEN_UNSPECIFIED",
               kBadToken},
        BadRow{"BadTokenWithoutIt", "subjects: \"a\" bad_token: TREAT_AS_ANONYMOUS", kBadToken},
        BadRow{"BadTokenOfTheAuthenticated",
               "any_authenticated: true bad_token: TREAT_AS_ANONYMOUS", kBadToken},
        BadRow{"BadTokenAlone", "bad_token: TREAT_AS_ANONYMOUS", kBadToken}),
    NameOf);

#define PEER "peers: \"a.test\" without_token: true "

INSTANTIATE_TEST_SUITE_P(
    WithoutToken, BadAllowTest,
    ::testing::Values(
        BadRow{"Alone", "without_token: true", kWithoutToken},
        BadRow{"AndSubjects", PEER "subjects: \"a\"", kWithoutToken},
        BadRow{"AndIssuers", PEER "issuers: \"a\"", kWithoutToken},
        BadRow{"AndScopes", PEER "any_scopes: \"a\"", kWithoutToken},
        BadRow{"AndRoles", PEER "all_roles: \"a\"", kWithoutToken},
        BadRow{"AndClients", PEER "clients: \"a\"", kWithoutToken},
        BadRow{"AndClaims", PEER "claims { path: \"a\" exists: true }", kWithoutToken},
        BadRow{"AndAuthenticated", PEER "any_authenticated: true", kWithoutToken},
        BadRow{"AndTokenTypes", PEER "token_types: \"jwt\"", kWithoutToken},
        BadRow{"AndBinding", PEER "certificate_bound: true", kWithoutToken},
        BadRow{"AndOneTime", PEER "one_time: true", kWithoutToken},
        BadRow{"AndActors", PEER "actors { issuer: \"a\" subjects: \"b\" }", kWithoutToken},
        BadRow{"AndAnyActor", PEER "any_actor: true", kWithoutToken},
        BadRow{"AndTokenAge", PEER "max_token_age { seconds: 1 }", kWithoutToken},
        BadRow{"AndSignInAge", PEER "max_authentication_age { seconds: 1 }", kWithoutToken},
        BadRow{"AndAcr", PEER "any_acr: \"a\"", kWithoutToken},
        BadRow{"AndBadToken", PEER "bad_token: TREAT_AS_ANONYMOUS", kBadToken}),
    NameOf);

#define AUTHENTICATED "any_authenticated: true "

INSTANTIATE_TEST_SUITE_P(
    Authenticated, BadAllowTest,
    ::testing::Values(BadRow{"AndSubjects", AUTHENTICATED "subjects: \"a\"", kAuthenticated},
                      BadRow{"AndAllScopes", AUTHENTICATED "all_scopes: \"a\"", kAuthenticated},
                      BadRow{"AndAnyScopes", AUTHENTICATED "any_scopes: \"a\"", kAuthenticated},
                      BadRow{"AndAnyRoles", AUTHENTICATED "any_roles: \"a\"", kAuthenticated},
                      BadRow{"AndAllRoles", AUTHENTICATED "all_roles: \"a\"", kAuthenticated},
                      BadRow{"AndClients", AUTHENTICATED "clients: \"a\"", kAuthenticated},
                      BadRow{"AndClaims", AUTHENTICATED "claims { path: \"a\" exists: true }",
                             kAuthenticated}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    NoCaller, BadAllowTest,
    ::testing::Values(BadRow{"Empty", "", kNoCaller},
                      BadRow{"FalseAnyone", "anyone: false", kNoCaller},
                      BadRow{"FalseAuthenticated", "any_authenticated: false", kNoCaller},
                      BadRow{"FalseWithoutToken", "without_token: false", kNoCaller},
                      BadRow{"Issuers", "issuers: \"a\"", kNoCaller},
                      BadRow{"TokenTypes", "token_types: \"jwt\"", kNoCaller},
                      BadRow{"Binding", "certificate_bound: true", kNoCaller},
                      BadRow{"OneTime", "one_time: true", kNoCaller},
                      BadRow{"AnyActor", "any_actor: true", kNoCaller},
                      BadRow{"TokenAge", "max_token_age { seconds: 1 }", kNoCaller},
                      BadRow{"SignInAge", "max_authentication_age { seconds: 1 }", kNoCaller},
                      BadRow{"Acr", "any_acr: \"a\"", kNoCaller},
                      BadRow{"Peers", "peers: \"a.test\"",
                             "peers: with a token, also say whose: subjects"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    EmptyText, BadAllowTest,
    ::testing::Values(
        BadRow{"Issuers", "subjects: \"a\" issuers: \"\"", "issuers: an empty string"},
        BadRow{"Subjects", "subjects: \"\"", "subjects: an empty string"},
        BadRow{"AllScopes", "all_scopes: \"\"", "all_scopes: an empty string"},
        BadRow{"AnyScopes", "any_scopes: [\"a\", \"\"]", "any_scopes: an empty string"},
        BadRow{"AnyRoles", "any_roles: \"\"", "any_roles: an empty string"},
        BadRow{"AllRoles", "all_roles: [\"\", \"a\"]", "all_roles: an empty string"},
        BadRow{"Clients", "clients: \"\"", "clients: an empty string"},
        BadRow{"TokenTypes", AUTHENTICATED "token_types: \"\"", "token_types: an empty string"},
        BadRow{"Acr", AUTHENTICATED "any_acr: \"\"", "any_acr: an empty string"},
        BadRow{"Peers", AUTHENTICATED "peers: \"\"", "peers: an empty string"},
        BadRow{"ActorSubjects", "actors { issuer: \"a\" subjects: \"\" }",
               "actors: subjects: an empty string"},
        BadRow{"Claims", "claims { path: \"a\" any_of: \"\" }", "claims: claim a: an empty"}),
    NameOf);

constexpr char kActorNeeds[] = "actors: issuer and subjects are required";

INSTANTIATE_TEST_SUITE_P(
    Values, BadAllowTest,
    ::testing::Values(
        BadRow{"AnyActorAndActors",
               "subjects: \"a\" any_actor: true actors { issuer: \"a\" subjects: \"b\" }",
               "\"any_actor\" stands beside actors"},
        BadRow{"ActorWithoutIssuer", "actors { subjects: \"b\" }", kActorNeeds},
        BadRow{"ActorWithoutSubjects", "actors { issuer: \"a\" }", kActorNeeds},
        BadRow{"ActorEmpty", "actors {}", kActorNeeds},
        BadRow{"SecondActorEmpty", "actors { issuer: \"a\" subjects: \"b\" } actors {}",
               kActorNeeds},
        BadRow{"ActorSubjectStar", "actors { issuer: \"a\" subjects: \"*\" }",
               "actors: subjects: \"*\": a * stands only at the end"},
        BadRow{"SubjectStar", "subjects: \"a*\"", "subjects: \"a*\": a * stands only at the end"},
        BadRow{"DnsWildcard", AUTHENTICATED "peers: \"*.test\"", "only URIs have prefixes"},
        BadRow{"DnsPrefix", AUTHENTICATED "peers: \"a.test/*\"", "only URIs have prefixes"},
        BadRow{"PeerStar", AUTHENTICATED "peers: \"*\"", "only URIs have prefixes"},
        BadRow{"EveryPeer", AUTHENTICATED "peers: \"spiffe://*\"", "a * stands only at the end"},
        BadRow{"PeerPartOfASegment", AUTHENTICATED "peers: \"spiffe://td/a*\"",
               "a * stands only at the end"},
        BadRow{"PeerStarInside", AUTHENTICATED "peers: \"spiffe://td/*/a\"",
               "a * stands only at the end"},
        BadRow{"ClaimWithoutPath", "claims { exists: true }", "claims: path: required"},
        BadRow{"ClaimWithoutValue", "claims { path: \"a\" }", "claims: claim a: give one of"},
        BadRow{"ClaimWithTwo", "claims { path: \"a\" exists: true boolean: true }",
               "claims: claim a: give one of"},
        BadRow{"RegisteredClaim", "claims { path: \"sub\" any_of: \"a\" }",
               "claims: path: \"sub\" has a check of its own"},
        BadRow{"ActorAsAClaim", "claims { path: \"act\" path: \"sub\" any_of: \"a\" }",
               "claims: path: \"act\" has a check of its own"},
        BadRow{"TokenAgeZero", AUTHENTICATED "max_token_age {}", "max_token_age: must be above 0"},
        BadRow{"TokenAgeNegative", AUTHENTICATED "max_token_age { seconds: -1 }",
               "max_token_age: must be above 0"},
        BadRow{"SignInAgeZero", AUTHENTICATED "max_authentication_age {}",
               "max_authentication_age: must be above 0"},
        BadRow{"SignInAgeNegative", AUTHENTICATED "max_authentication_age { seconds: -1 }",
               "max_authentication_age: must be above 0"}),
    NameOf);

TEST(ValidateAllowTest, AcceptsWhatMakesSense) {
  for (const char* allow :
       {"anyone: true", "anyone: true bad_token: TREAT_AS_ANONYMOUS", "any_authenticated: true",
        AUTHENTICATED "issuers: \"a\" token_types: \"jwt\" certificate_bound: true "
                      "max_token_age { nanos: 1 } max_authentication_age { seconds: 1 } "
                      "any_acr: \"mfa\" any_actor: true peers: \"a.test\"",
        AUTHENTICATED "actors { issuer: \"a\" subjects: \"b\" }", PEER,
        "actors { issuer: \"a\" subjects: [\"b\", \"c:*\"] }", "subjects: \"a\" any_actor: true",
        "subjects: \"a\" peers: \"spiffe://td/*\" peers: \"a.test\"",
        "claims { path: \"kubernetes.io\" path: \"namespace\" any_of: \"shop\" }",
        "claims { path: \"a\" boolean: false }", "clients: \"web\" any_roles: \"r\""}) {
    EXPECT_THAT(ValidateAllow(Read(allow)), IsOk()) << allow;
  }
}

TEST(ValidateAllowTest, TellsWhatOnlyATokenOfOneIssuerCanMean) {
  for (const char* allow :
       {"subjects: \"a\"", "all_scopes: \"a\"", "any_scopes: \"a\"", "any_roles: \"a\"",
        "all_roles: \"a\"", "clients: \"a\"", "claims { path: \"a\" exists: true }",
        "actors { issuer: \"a\" subjects: \"b\" }", AUTHENTICATED "any_acr: \"a\""}) {
    EXPECT_TRUE(NamesWhatATokenSays(Read(allow))) << allow;
  }
  for (const char* allow : {"anyone: true", "any_authenticated: true", PEER,
                            AUTHENTICATED "token_types: \"jwt\" certificate_bound: true"}) {
    EXPECT_FALSE(NamesWhatATokenSays(Read(allow))) << allow;
  }
}

}  // namespace
}  // namespace lanyard::internal
