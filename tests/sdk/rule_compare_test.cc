// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/rule_compare.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lanyard/sdk/internal/caller_condition.h"
#include "tests/sdk/random_rules.h"
#include "tests/sdk/simple_evaluator.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::simple::Facts;
using ::lanyard::testing::simple::MakeAllow;
using ::lanyard::testing::simple::MakeFacts;
using ::lanyard::testing::simple::Matches;
using ::lanyard::testing::simple::Random;
using ::testing::ElementsAre;

template <typename T>
T Read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct Pair {
  const char* name;
  const char* wide;
  const char* narrow;
  bool covers = true;      // Whether the first covers the second,
  bool the_other = false;  // and the second the first.
};

class CoversTest : public ::testing::TestWithParam<Pair> {};

TEST_P(CoversTest, Holds) {
  const auto wide = Read<v1::Allow>(GetParam().wide), narrow = Read<v1::Allow>(GetParam().narrow);
  EXPECT_EQ(Covers(wide, narrow), GetParam().covers);
  EXPECT_EQ(Covers(narrow, wide), GetParam().the_other);
  EXPECT_TRUE(Covers(wide, wide));
  EXPECT_TRUE(Covers(narrow, narrow));
}

#define ANY "any_authenticated: true "

INSTANTIATE_TEST_SUITE_P(
    , CoversTest,
    ::testing::Values(
        Pair{"Anyone", "anyone: true", ANY},
        Pair{"AnyoneAndPeers", "anyone: true", "peers: \"a.test\" without_token: true"},
        Pair{"BadToken", "anyone: true bad_token: TREAT_AS_ANONYMOUS", "anyone: true", true, false},
        Pair{"Authenticated", ANY, "subjects: \"a\""},
        Pair{"Issuers", ANY "issuers: \"a\" issuers: \"b\"", ANY "issuers: \"a\""},
        Pair{"NoIssuers", ANY, ANY "issuers: \"a\""},
        Pair{"OtherIssuers", ANY "issuers: \"a\"", ANY "issuers: \"b\"", false},
        Pair{"Subjects", "subjects: \"a\" subjects: \"b\"", "subjects: \"b\""},
        Pair{"SubjectPrefix", "subjects: \"t:*\"", "subjects: \"t:x\" subjects: \"t:x:*\""},
        Pair{"SubjectThatIsTheStem", "subjects: \"t:*\"", "subjects: \"t:\"", false},
        Pair{"SpiffeIsCutAtSlashes", "subjects: \"spiffe://d/*\"", "subjects: \"spiffe://d/n/*\""},
        Pair{"AllScopes", "all_scopes: \"r\"", "all_scopes: \"r\" all_scopes: \"w\""},
        Pair{"AnyScopes", "any_scopes: \"r\" any_scopes: \"w\"", "any_scopes: \"r\""},
        Pair{"OneScopeIsAllOrAny", "all_scopes: \"r\"", "any_scopes: \"r\"", true, true},
        Pair{"AnyOfTwoIsNotAll", "any_scopes: \"r\" any_scopes: \"w\"",
             "all_scopes: \"r\" all_scopes: \"w\""},
        Pair{"AnyScopesByOneOfAll", "any_scopes: \"r\"", "all_scopes: \"r\" all_scopes: \"w\""},
        Pair{"AllRoles", "all_roles: \"p\"", "all_roles: \"p\" all_roles: \"q\""},
        Pair{"AnyRoles", "any_roles: \"p\" any_roles: \"q\"", "any_roles: \"q\""},
        Pair{"RolesAreNoScopes", "any_roles: \"p\"", "any_scopes: \"p\"", false},
        Pair{"Clients", "clients: \"w\" clients: \"x\"", "clients: \"w\""},
        Pair{"ClaimThere", "claims { path: \"c\" exists: true }",
             "claims { path: \"c\" any_of: \"x\" }"},
        Pair{"ClaimThereOrABoolean", "claims { path: \"c\" exists: true }",
             "claims { path: \"c\" boolean: false }"},
        Pair{"ClaimOneOf", "claims { path: \"c\" any_of: \"x\" any_of: \"y\" }",
             "claims { path: \"c\" any_of: \"y\" }"},
        Pair{"ClaimAllOf", "claims { path: \"c\" all_of: \"x\" }",
             "claims { path: \"c\" all_of: \"x\" all_of: \"y\" }"},
        Pair{"ClaimIntegers", "claims { path: \"c\" any_of_integers: [1, 2] }",
             "claims { path: \"c\" any_of_integers: 1 }"},
        Pair{"ClaimTypesCount", "claims { path: \"c\" any_of: \"1\" }",
             "claims { path: \"c\" any_of_integers: 1 }", false},
        Pair{"ClaimBooleans", "claims { path: \"c\" boolean: true }",
             "claims { path: \"c\" boolean: false }", false},
        Pair{"ClaimPaths", "claims { path: \"a\" exists: true }",
             "claims { path: \"a\" path: \"b\" exists: true }", false},
        Pair{"OneClaimMore", "claims { path: \"a\" exists: true }",
             "claims { path: \"a\" exists: true } claims { path: \"b\" exists: true }"},
        Pair{"TokenTypes", ANY "token_types: [\"a\", \"b\"]", ANY "token_types: \"a\""},
        Pair{"OneTime", ANY, ANY "one_time: true"},
        Pair{"CertificateBound", ANY, ANY "certificate_bound: true"},
        Pair{"Peers", ANY "peers: \"spiffe://d/*\"", ANY "peers: \"spiffe://d/x\""},
        Pair{"DnsPeers", ANY "peers: [\"a.test\", \"b.test\"]", ANY "peers: \"a.test\""},
        Pair{"NoPeers", ANY, ANY "peers: \"a.test\""},
        Pair{"WithoutToken", "peers: \"a.test\" without_token: true", ANY "peers: \"a.test\""},
        Pair{"WithoutTokenOfOthers", "peers: \"a.test\" without_token: true",
             ANY "peers: \"b.test\"", false},
        Pair{"AnyActor", ANY "any_actor: true", ANY},
        Pair{"AnyActorOrThese", ANY "any_actor: true",
             ANY "actors { issuer: \"a\" subjects: \"x\" }"},
        Pair{"ActorsAndNone", ANY, ANY "actors { issuer: \"a\" subjects: \"x\" }", false},
        Pair{"Actors", "actors { issuer: \"a\" subjects: \"t:*\" }",
             "actors { issuer: \"a\" subjects: \"t:x\" }"},
        Pair{"ActorsOfOthers", "actors { issuer: \"a\" subjects: \"x\" }",
             "actors { issuer: \"b\" subjects: \"x\" }", false},
        Pair{"TokenAge", ANY "max_token_age { seconds: 60 }", ANY "max_token_age { seconds: 59 }"},
        Pair{"NoTokenAge", ANY, ANY "max_token_age { seconds: 60 }"},
        Pair{"SignInAge", ANY "max_authentication_age { seconds: 60 }",
             ANY "max_authentication_age { seconds: 1 }"},
        Pair{"Acr", ANY "any_acr: [\"1\", \"2\"]", ANY "any_acr: \"2\""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RuleCompareTest, SaysHowARuleChanges) {
  const auto change = [](const std::string& before, const std::string& after) {
    return Compare(Read<v1::Rule>(before), Read<v1::Rule>(after));
  };
  const std::string a = "allow { subjects: \"a\" } ", b = "allow { subjects: \"b\" } ";
  EXPECT_EQ(change(a, a), RuleChange::kSame);
  EXPECT_EQ(change(a + b, b + a), RuleChange::kSame);
  EXPECT_EQ(change(a, a + b), RuleChange::kWider);
  EXPECT_EQ(change(a + b, b), RuleChange::kNarrower);
  EXPECT_EQ(change(a, b), RuleChange::kOther);
  EXPECT_EQ(change(a, "nobody: true"), RuleChange::kNarrower);
  EXPECT_EQ(change("", a), RuleChange::kWider);
  const auto rest = NotCovered(Read<v1::Rule>(a + b), Read<v1::Rule>(a));
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_THAT(rest[0].subjects(), ElementsAre("b"));
}

TEST(RuleCompareTest, WritesAnAlternativeOnOneLine) {
  EXPECT_EQ(AllowText(Read<v1::Allow>("issuers: \"sso\" subjects: \"a\\n\\\"b\"")),
            "issuers: \"sso\" subjects: \"a\\n\\\"b\"");
}

// Another Allow with some of its conditions taken from a third.
v1::Allow Changed(Random* random, const v1::Allow& allow) {
  v1::Allow changed = allow;
  const v1::Allow other = MakeAllow(random, /*may_be_anyone=*/true);
  const auto* reflection = v1::Allow::GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(random->Chance(50) ? other : allow, &fields);
  for (const auto* field : fields) {
    if (random->Chance(50)) continue;
    v1::Allow one = other;
    std::vector<const google::protobuf::FieldDescriptor*> others;
    reflection->ListFields(other, &others);
    for (const auto* of_other : others) {
      if (of_other != field) reflection->ClearField(&one, of_other);
    }
    if (random->Chance(70)) reflection->ClearField(&changed, field);
    changed.MergeFrom(one);
  }
  return changed;
}

TEST(RuleCompareTest, NoCallerProvesACoveringWrong) {
  constexpr int kPairs = 200000, kCallersOfAPair = 20;
  Random random;
  std::vector<Facts> callers;
  for (int i = 0; i < 4000; ++i) callers.push_back(MakeFacts(&random));
  int covered = 0, matched = 0;
  for (int pairs = 0; pairs < kPairs;) {
    const v1::Allow narrow = MakeAllow(&random, /*may_be_anyone=*/true);
    const v1::Allow wide = Changed(&random, narrow);
    if (!ValidateAllow(wide).ok()) continue;
    ++pairs;
    if (!Covers(wide, narrow)) continue;
    ++covered;
    for (int i = 0; i < kCallersOfAPair; ++i) {
      const Facts& caller = callers[random.Below(callers.size())];
      if (!Matches(narrow, caller)) continue;
      ++matched;
      ASSERT_TRUE(Matches(wide, caller)) << AllowText(wide) << "\nis said to cover\n"
                                         << AllowText(narrow);
    }
  }
  // What never covers anything would pass as well.
  EXPECT_GT(covered, kPairs / 10);
  EXPECT_GT(matched, kPairs / 10);
}

}  // namespace
}  // namespace lanyard::internal
