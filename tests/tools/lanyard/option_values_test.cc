// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/option_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/testing/matchers.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IsError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Arguments With(const std::string& value) {
  Syntax syntax;
  syntax.options = {{"--x", "X", ""}};
  return *Arguments::Parse(syntax, {"--x=" + value});
}

TEST(TimeOptionTest, TakesSecondsWithAndWithoutDecimals) {
  const absl::Time whole = absl::FromUnixSeconds(1900000000);
  EXPECT_EQ(*TimeOption(With("1900000000"), "--x"), whole);
  EXPECT_EQ(*TimeOption(With("1900000000.5"), "--x"), whole + absl::Milliseconds(500));
  EXPECT_EQ(*TimeOption(With("1900000000.0000000019"), "--x"), whole + absl::Nanoseconds(1));
  EXPECT_EQ(*TimeOption(With("0"), "--x"), absl::UnixEpoch());
}

TEST(TimeOptionTest, RefusesEverythingElse) {
  for (const char* value : {"-1", "1e9", "inf", "nan", ".5", "5.", "1.2.3", "253402300800", "now",
                            "99999999999999999999", " 1"}) {
    EXPECT_THAT(TimeOption(With(value), "--x"), IsError(HasSubstr("--x"))) << value;
  }
}

absl::StatusOr<absl::Duration> Duration(const std::string& value) {
  return DurationOption(With(value), "--x", absl::Seconds(7), absl::ZeroDuration(),
                        absl::Minutes(5));
}

TEST(DurationOptionTest, TakesUnitsAndZeroUpToTheBoundary) {
  EXPECT_EQ(*Duration("30s"), absl::Seconds(30));
  EXPECT_EQ(*Duration("1m30s"), absl::Seconds(90));
  EXPECT_EQ(*Duration("0"), absl::ZeroDuration());
  EXPECT_EQ(*Duration("0s"), absl::ZeroDuration());
  EXPECT_EQ(*Duration("5m"), absl::Minutes(5));
  EXPECT_EQ(*DurationOption(With("1s"), "--y", absl::Seconds(7), {}, {}), absl::Seconds(7));
}

TEST(DurationOptionTest, RefusesWhatIsNoDurationOrOutOfBounds) {
  EXPECT_THAT(Duration("30"), IsError(HasSubstr("units")));
  EXPECT_THAT(Duration("soon"), IsError(HasSubstr("units")));
  EXPECT_THAT(Duration("-1s"), IsError(HasSubstr("--x must be 0 to 5m")));
  EXPECT_THAT(Duration("5m1ns"), IsError(HasSubstr("--x must be 0 to 5m")));
  EXPECT_THAT(DurationOption(With("inf"), "--x", {}, {}, absl::InfiniteDuration()),
              IsError(HasSubstr("--x")));
}

TEST(AlgorithmsOptionTest, TakesAListOfOneKind) {
  EXPECT_THAT(*AlgorithmsOption(With("ES256,RS256"), "--x"),
              ElementsAre(Algorithm::kEs256, Algorithm::kRs256));
}

TEST(AlgorithmsOptionTest, RefusesUnknownRepeatedAndMixedOnes) {
  EXPECT_THAT(AlgorithmsOption(With("none"), "--x"), IsError(HasSubstr("\"none\"")));
  EXPECT_THAT(AlgorithmsOption(With("es256"), "--x"), IsError(HasSubstr("--x")));
  EXPECT_THAT(AlgorithmsOption(With("ES265"), "--x"), IsError(HasSubstr("did you mean ES256?")));
  EXPECT_THAT(AlgorithmsOption(With("ES256,"), "--x"), IsError(HasSubstr("\"\"")));
  EXPECT_THAT(AlgorithmsOption(With("ES256,ES256"), "--x"), IsError(HasSubstr("twice")));
  EXPECT_THAT(AlgorithmsOption(With("HS256,RS256"), "--x"), IsError(HasSubstr("key confusion")));
}

TEST(NumberOptionTest, HoldsTheBoundaries) {
  EXPECT_EQ(*NumberOption(With("2048"), "--x", 1, 2048, 8192), 2048);
  EXPECT_EQ(*NumberOption(With("8192"), "--x", 1, 2048, 8192), 8192);
  EXPECT_EQ(*NumberOption(With("1"), "--y", 5, 2048, 8192), 5);
  for (const char* value : {"2047", "8193", "-2048", "2048.0", "0x800", "99999999999"}) {
    EXPECT_THAT(NumberOption(With(value), "--x", 1, 2048, 8192), IsError(HasSubstr("2048 to 8192")))
        << value;
  }
}

TEST(ChoiceOptionTest, NamesTheChoices) {
  EXPECT_EQ(*ChoiceOption(With("pem"), "--x", {"jwk", "pem"}), "pem");
  EXPECT_EQ(*ChoiceOption(With("pem"), "--y", {"jwk", "pem"}), "jwk");
  EXPECT_THAT(ChoiceOption(With("der"), "--x", {"jwk", "pem"}),
              IsError(AllOf(HasSubstr("--x"), HasSubstr("jwk, pem"))));
}

}  // namespace
}  // namespace lanyard::tools
