// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::internal {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

class PasswordRulesTest : public ::testing::Test {
 protected:
  absl::StatusOr<PasswordRules> With(const std::string& list) const {
    return PasswordRules::WithBlocklist(folder_.Write("blocked", list));
  }

  const testing::TempFolder folder_;
};

absl::Status Check(const PasswordRules& rules, absl::string_view typed) {
  const auto password = PasswordText(typed);
  return password.ok() ? rules.Check(*password) : password.status();
}

TEST_F(PasswordRulesTest, AsksFor15Bytes) {
  const PasswordRules rules;
  EXPECT_EQ(rules.min_bytes(), 15u);
  EXPECT_THAT(Check(rules, std::string(14, 'x')),
              IsError("the password must have 15 to 128 bytes"));
  EXPECT_THAT(Check(rules, std::string(15, 'x')), IsOk());
  EXPECT_THAT(Check(rules, std::string(128, 'x')), IsOk());
  EXPECT_THAT(rules.Check(Secret(std::string(129, 'x'))), IsError(HasSubstr("15 to 128")));
  EXPECT_THAT(Check(rules, ""), IsError(HasSubstr("15 to 128")));
  EXPECT_THAT(Check(rules, "fifteen cafe\u0301"), IsError(HasSubstr("15 to 128")))
      << "counted as it is hashed";
}

TEST_F(PasswordRulesTest, AsksFor8BytesWithABlocklist) {
  const auto rules = With("password\n");
  ASSERT_THAT(rules, IsOk());
  EXPECT_THAT(Check(*rules, "1234567"), IsError("the password must have 8 to 128 bytes"));
  EXPECT_THAT(Check(*rules, "12345678"), IsOk());
}

TEST_F(PasswordRulesTest, RefusesWhatTheBlocklistHas) {
  const auto rules = With("password\r\n\n\ncafe\u0301 au lait\nLetMeIn123");
  ASSERT_THAT(rules, IsOk());
  for (const char* typed : {"password", "PassWord", "caf\u00e9 au lait", "cafe\u0301 AU lait",
                            "letmein123", "LETMEIN123"}) {
    EXPECT_THAT(Check(*rules, typed), IsError(HasSubstr("guesses first"))) << typed;
  }
  for (const char* typed : {"password1", "passwor\u0111", "cafe au lait", "CAF\u00c9 AU LAIT"}) {
    EXPECT_THAT(Check(*rules, typed), IsOk()) << typed;
  }
}

TEST_F(PasswordRulesTest, TakesALongList) {
  std::string list = "\xef\xbb\xbf";
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&list, "guess-", i, "\n");
  const auto rules = With(list + list.substr(3));
  ASSERT_THAT(rules, IsOk());
  for (int i = 0; i < 100000; i += 99) {
    ASSERT_FALSE(Check(*rules, absl::StrCat("Guess-", i)).ok());
    ASSERT_THAT(Check(*rules, absl::StrCat("no-guess-", i)), IsOk());
  }
}

TEST_F(PasswordRulesTest, AnErrorInTheListNamesFileAndLine) {
  EXPECT_THAT(
      With("password\n\nlet me in\xff\n"),
      IsError(AllOf(HasSubstr("blocked:3: the password is not UTF-8"), Not(HasSubstr("let me")))));
  EXPECT_THAT(With("a\n" + std::string(4096, 'x')), IsError(HasSubstr("blocked:2: ")));
}

// Else the shorter passwords would be allowed for nothing.
TEST_F(PasswordRulesTest, AnEmptyListIsAnError) {
  EXPECT_THAT(With(""), IsError(EndsWith("blocked: holds no password")));
  EXPECT_THAT(With("\r\n\n"), IsError(EndsWith("blocked: holds no password")));
  EXPECT_THAT(With("\xef\xbb\xbf\n"), IsError(EndsWith("blocked: holds no password")));
  EXPECT_EQ(PasswordRules::WithBlocklist(folder_.Path("none")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(PasswordRulesTest, AListHasABound) {
  EXPECT_THAT(With(std::string((64 << 20) + 1, '\n')),
              IsError(HasSubstr("longer than the limit of 67108864 bytes")));
}

}  // namespace
}  // namespace lanyard::internal
