// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/testing/matchers.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IsError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Syntax Example() {
  Syntax syntax;
  syntax.operand = "FILE|-";
  syntax.options = {{"--issuer", "ISS", "the exact iss"},
                    {"--audience", "AUD", "the audience", false, true},
                    {"--strict", "", "be strict"}};
  return syntax;
}

TEST(ArgumentsTest, ReadsValuesFlagsAndTheOperandInAnyOrder) {
  const auto arguments = Arguments::Parse(
      Example(), {"file", "--issuer", "a", "--strict", "--audience=b", "--audience", "-c"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Value("--issuer"), "a");
  EXPECT_TRUE(arguments->Has("--strict"));
  EXPECT_FALSE(arguments->json());
  EXPECT_THAT(arguments->Values("--audience"), ElementsAre("b", "-c"));
  EXPECT_EQ(arguments->operand(), "file");
}

TEST(ArgumentsTest, KeepsTheRestOfAValueWithSeveralEqualsSigns) {
  const auto arguments = Arguments::Parse(Example(), {"--issuer=a=b"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->Value("--issuer"), "a=b");
}

TEST(ArgumentsTest, TakesAnOperandThatLooksLikeAnOptionAfterTwoDashes) {
  const auto arguments = Arguments::Parse(Example(), {"--", "--issuer"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_FALSE(arguments->Has("--issuer"));
  EXPECT_EQ(arguments->operand(), "--issuer");
}

TEST(ArgumentsTest, TakesASingleDashAsOperand) {
  const auto arguments = Arguments::Parse(Example(), {"-"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->operand(), "-");
}

TEST(ArgumentsTest, SuggestsTheOptionThatWasMeant) {
  EXPECT_THAT(Arguments::Parse(Example(), {"--isuer", "a"}),
              IsError(AllOf(HasSubstr("--isuer"), HasSubstr("did you mean --issuer?"))));
  EXPECT_THAT(Arguments::Parse(Example(), {"--aud", "a"}), IsError(HasSubstr("--audience?")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--zzz"}), IsError(Not(HasSubstr("did you mean"))));
}

TEST(ArgumentsTest, RefusesAnOptionGivenTwice) {
  EXPECT_THAT(Arguments::Parse(Example(), {"--issuer", "a", "--issuer", "b"}),
              IsError(HasSubstr("--issuer is given twice")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--strict", "--strict"}),
              IsError(HasSubstr("--strict is given twice")));
}

TEST(ArgumentsTest, RefusesAMissingOrEmptyValueAndSaysWhatBelongsThere) {
  EXPECT_THAT(Arguments::Parse(Example(), {"--issuer"}),
              IsError(HasSubstr("no value after --issuer ISS: the exact iss")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--issuer", "--strict"}),
              IsError(HasSubstr("no value after --issuer")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--issuer", ""}),
              IsError(HasSubstr("an empty value for --issuer")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--issuer="}),
              IsError(HasSubstr("an empty value for --issuer")));
  EXPECT_THAT(Arguments::Parse(Example(), {"--strict=yes"}),
              IsError(HasSubstr("--strict takes no value")));
}

TEST(ArgumentsTest, RequiresWhatIsRequired) {
  Syntax syntax = Example();
  syntax.options[0].required = true;
  EXPECT_THAT(Arguments::Parse(syntax, {"file"}),
              IsError(HasSubstr("missing --issuer ISS: the exact iss")));
  syntax.operand_required = true;
  EXPECT_THAT(Arguments::Parse(syntax, {"--issuer", "a"}), IsError(HasSubstr("missing FILE|-")));
}

TEST(ArgumentsTest, NeverRepeatsAValueOrAnOperand) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"s3cret", "s3cret"}, {"--nope=s3cret"}, {"--strict=s3cret"}}) {
    const auto arguments = Arguments::Parse(Example(), words);
    EXPECT_THAT(arguments, IsError(Not(HasSubstr("s3cret"))));
    EXPECT_TRUE(IsUsageError(arguments.status()));
  }
}

}  // namespace
}  // namespace lanyard::tools
