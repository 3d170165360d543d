// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/name_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

NamePatterns Patterns(const std::vector<std::string>& list,
                      absl::string_view separators = kSubjectSeparators) {
  Strings patterns;
  for (const std::string& pattern : list) *patterns.Add() = pattern;
  return NamePatterns(patterns, separators);
}

TEST(NamePatternsTest, NoPatternMatchesNothing) {
  EXPECT_TRUE(NamePatterns().empty());
  EXPECT_TRUE(Patterns({}).empty());
  for (const char* name : {"", "a", "*"}) {
    EXPECT_FALSE(NamePatterns().Match(name)) << name;
    EXPECT_FALSE(Patterns({}).Match(name)) << name;
  }
  EXPECT_FALSE(Patterns({"a"}).empty());
  EXPECT_FALSE(Patterns({"a:*"}).empty());
}

struct MatchRow {
  const char* name;
  const char* pattern;
  absl::string_view separators;
  absl::string_view text;
  bool matches;
};

class NamePatternsMatchTest : public ::testing::TestWithParam<MatchRow> {};

TEST_P(NamePatternsMatchTest, Matches) {
  const MatchRow& row = GetParam();
  EXPECT_EQ(Patterns({row.pattern}, row.separators).Match(row.text), row.matches);
  EXPECT_EQ(Patterns({"other", row.pattern}, row.separators).Match(row.text), row.matches);
}

constexpr absl::string_view kSubject = kSubjectSeparators, kScope = kScopeSeparators,
                            kUri = kUriSeparators;

INSTANTIATE_TEST_SUITE_P(
    , NamePatternsMatchTest,
    ::testing::Values(
        MatchRow{"Exact", "svc:a", kSubject, "svc:a", true},
        MatchRow{"ExactEmpty", "svc:a", kSubject, "", false},
        MatchRow{"ExactOtherCase", "svc:a", kSubject, "svc:A", false},
        MatchRow{"ExactLonger", "svc:a", kSubject, "svc:ab", false},
        MatchRow{"ExactShorter", "svc:ab", kSubject, "svc:a", false},
        MatchRow{"ExactWithNul", "svc:a", kSubject, absl::string_view("svc:a\0", 6), false},
        MatchRow{"ColonPrefix", "a:*", kSubject, "a:b", true},
        MatchRow{"ColonPrefixDeep", "a:*", kSubject, "a:b:c/d", true},
        MatchRow{"ColonPrefixOfOneCharacter", "a:*", kSubject, "a:*", true},
        MatchRow{"ColonPrefixAlone", "a:*", kSubject, "a:", false},
        MatchRow{"ColonPrefixWithoutSeparator", "a:*", kSubject, "a", false},
        MatchRow{"ColonPrefixOtherSeparator", "a:*", kSubject, "a/b", false},
        MatchRow{"ColonPrefixNeighbour", "a:*", kSubject, "ab:c", false},
        MatchRow{"ColonPrefixInside", "a:*", kSubject, "x:a:b", false},
        MatchRow{"ColonPrefixEmptySegment", "a:*", kSubject, "a::", true},
        MatchRow{"SlashPrefix", "spiffe://td/ns/*", kSubject, "spiffe://td/ns/a", true},
        MatchRow{"SlashPrefixAlone", "spiffe://td/ns/*", kSubject, "spiffe://td/ns/", false},
        MatchRow{"SlashPrefixWithoutSlash", "spiffe://td/ns/*", kSubject, "spiffe://td/ns", false},
        MatchRow{"SlashPrefixNeighbour", "spiffe://td/ns/*", kSubject, "spiffe://td/nsx/a", false},
        MatchRow{"OtherTrustDomain", "spiffe://td/*", kSubject, "spiffe://td.evil/a", false},
        MatchRow{"TrustDomainWithPort", "spiffe://td/*", kSubject, "spiffe://td:1/a", false},
        MatchRow{"DotIsNoSubjectSeparator", "a.*", kSubject, "a.b", false},
        MatchRow{"DotIsAScopeSeparator", "orders.*", kScope, "orders.read", true},
        MatchRow{"DotPrefixAlone", "orders.*", kScope, "orders.", false},
        MatchRow{"DotPrefixNeighbour", "orders.*", kScope, "ordersx.read", false},
        MatchRow{"ColonIsAScopeSeparator", "orders:*", kScope, "orders:read", true},
        MatchRow{"SlashIsAScopeSeparator", "orders/*", kScope, "orders/read", true},
        MatchRow{"ColonIsNoUriSeparator", "a:*", kUri, "a:b", false},
        MatchRow{"SlashIsAUriSeparator", "https://a/*", kUri, "https://a/b", true},
        MatchRow{"WithoutSeparatorsAllIsExact", "a:*", "", "a:b", false},
        MatchRow{"WithoutSeparatorsAStarIsAStar", "a:*", "", "a:*", true}),
    [](const auto& info) { return info.param.name; });

struct ValidateRow {
  const char* name;
  std::string pattern;
  absl::string_view separators;
  const char* error;  // Empty: it is good.
};

class NamePatternsValidateTest : public ::testing::TestWithParam<ValidateRow> {};

TEST_P(NamePatternsValidateTest, SaysWhatWouldBeRight) {
  const ValidateRow& row = GetParam();
  const absl::Status status = NamePatterns::Validate(row.pattern, row.separators);
  if (*row.error == '\0') {
    EXPECT_THAT(status, IsOk());
  } else {
    EXPECT_THAT(status, IsError(HasSubstr(row.error)));
  }
}

constexpr char kStar[] = "a * stands only at the end, after a separator";

INSTANTIATE_TEST_SUITE_P(
    , NamePatternsValidateTest,
    ::testing::Values(ValidateRow{"Exact", "svc:a", kSubject, ""},
                      ValidateRow{"Colon", "a:*", kSubject, ""},
                      ValidateRow{"Slash", "a/*", kSubject, ""},
                      ValidateRow{"ServiceAccounts", "system:serviceaccount:ops:*", kSubject, ""},
                      ValidateRow{"TrustDomain", "spiffe://td/*", kSubject, ""},
                      ValidateRow{"PathOfATrustDomain", "spiffe://td/ns/prod/*", kUri, ""},
                      ValidateRow{"Dot", "orders.*", kScope, ""},
                      ValidateRow{"Empty", "", kSubject, "an empty string matches nothing"},
                      ValidateRow{"StarAlone", "*", kSubject, kStar},
                      ValidateRow{"ColonStar", ":*", kSubject, kStar},
                      ValidateRow{"SlashStar", "/*", kSubject, kStar},
                      ValidateRow{"DotStar", ".*", kScope, kStar},
                      ValidateRow{"TwoStars", "a:**", kSubject, kStar},
                      ValidateRow{"TwoPrefixes", "a:*:*", kSubject, kStar},
                      ValidateRow{"StarInside", "a:*:b", kSubject, kStar},
                      ValidateRow{"StarInFront", "*:b", kSubject, kStar},
                      ValidateRow{"NoSeparator", "team*", kSubject, kStar},
                      ValidateRow{"DotInASubject", "a.*", kSubject, kStar},
                      ValidateRow{"ColonInAUri", "https://a:*", kUri, kStar},
                      ValidateRow{"EverySpiffeId", "spiffe:*", kSubject, kStar},
                      ValidateRow{"EveryTrustDomain", "spiffe://*", kSubject, kStar},
                      ValidateRow{"EmptyTrustDomain", "spiffe:///*", kSubject, kStar},
                      ValidateRow{"EveryHost", "https://*", kUri, kStar},
                      ValidateRow{"SpiffeIdCutAtAColon", "spiffe://td:*", kSubject, kStar},
                      ValidateRow{"SpiffePathCutAtAColon", "spiffe://td/a:*", kSubject, kStar}),
    [](const auto& info) { return info.param.name; });

TEST(NamePatternsTest, ErrorGivesAnExampleThatWouldBeRight) {
  EXPECT_THAT(NamePatterns::Validate("team*", kSubject),
              IsError(AllOf(HasSubstr("\"team*\""), HasSubstr("\"team:*\""))));
  EXPECT_THAT(NamePatterns::Validate("team*", kScope), IsError(HasSubstr("\"team.*\"")));
  EXPECT_THAT(NamePatterns::Validate("https://a*", kUri),
              IsError(HasSubstr("\"spiffe://domain/*\"")));
}

// "spiffe:/*" is cut at a slash, and is every trust domain all the same.
TEST(NamePatternsTest, RefusesEveryTrustDomainByOneSlash) {
  EXPECT_THAT(NamePatterns::Validate("spiffe:/*", kSubject), IsError(HasSubstr(kStar)));
  EXPECT_FALSE(Patterns({"spiffe:/*"}).Match("spiffe://evil/a"));
}

struct CoversRow {
  const char* name;
  const char* wide;
  const char* narrow;
  absl::string_view separators;
  bool covers;
};

class NamePatternsCoversTest : public ::testing::TestWithParam<CoversRow> {};

TEST_P(NamePatternsCoversTest, Covers) {
  const CoversRow& row = GetParam();
  EXPECT_EQ(NamePatterns::Covers(row.wide, row.narrow, row.separators), row.covers);
}

INSTANTIATE_TEST_SUITE_P(
    , NamePatternsCoversTest,
    ::testing::Values(
        CoversRow{"ExactItself", "a:b", "a:b", kSubject, true},
        CoversRow{"ExactOther", "a:b", "a:c", kSubject, false},
        CoversRow{"ExactNoPrefix", "a:b", "a:b:*", kSubject, false},
        CoversRow{"PrefixItself", "a:*", "a:*", kSubject, true},
        CoversRow{"PrefixExact", "a:*", "a:b", kSubject, true},
        CoversRow{"PrefixDeeper", "a:*", "a:b:*", kSubject, true},
        CoversRow{"PrefixWider", "a:b:*", "a:*", kSubject, false},
        CoversRow{"PrefixNeighbour", "a:*", "ab:*", kSubject, false},
        CoversRow{"PrefixNotItsOwnStem", "a:*", "a:", kSubject, false},
        CoversRow{"PrefixOtherSeparator", "a:*", "a/b", kSubject, false},
        CoversRow{"SpiffePath", "spiffe://td/*", "spiffe://td/ns/*", kSubject, true},
        CoversRow{"SpiffeNeighbour", "spiffe://td/*", "spiffe://td.evil/*", kSubject, false},
        CoversRow{"ColonOfSpiffeIsNoPrefix", "spiffe:*", "spiffe://td/a", kSubject, false},
        CoversRow{"DotOfAScope", "a.*", "a.b", kScope, true},
        CoversRow{"DotOfASubject", "a.*", "a.b", kSubject, false}),
    [](const auto& info) { return info.param.name; });

// What Covers() says is true of Match().
TEST(NamePatternsTest, CoversAgreesWithMatch) {
  const std::vector<std::string> names = {"a",   "a:",    "a:b",   "a:b:c", "a:c", "ab:c",
                                          "a/b", "a/b:c", "a:b/c", "b",     "a/"};
  const std::vector<std::string> patterns = {"a", "a:b", "a:*", "a:b:*", "a/*", "ab:*", "b", "a/b"};
  for (const std::string& wide : patterns) {
    for (const std::string& narrow : patterns) {
      if (!NamePatterns::Covers(wide, narrow, kSubject)) continue;
      for (const std::string& name : names) {
        if (!Patterns({narrow}).Match(name)) continue;
        EXPECT_TRUE(Patterns({wide}).Match(name)) << wide << " " << narrow << " " << name;
      }
    }
  }
}

}  // namespace
}  // namespace lanyard::internal
