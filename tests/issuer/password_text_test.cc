// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using ::testing::Not;

std::string Text(absl::string_view typed) {
  const auto text = PasswordText(typed);
  return text.ok() ? std::string(text->view()) : text.status().ToString();
}

std::string Times(size_t count, absl::string_view what) {
  std::string text;
  while (count-- > 0) text.append(what.data(), what.size());
  return text;
}

TEST(PasswordTextTest, LeavesAsciiAsItIs) {
  EXPECT_EQ(Text("Correct horse battery staple\t~"), "Correct horse battery staple\t~");
  EXPECT_EQ(Text(""), "");
}

TEST(PasswordTextTest, AnAccentIsTheSameHoweverItWasTyped) {
  EXPECT_EQ(Text("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(Text("cafe\u0301"), "caf\u00e9");
  EXPECT_EQ(Text("\u212b\u2126"), "\u00c5\u03a9") << "signs that are letters";
  EXPECT_EQ(Text("\u1112\u1161\u11ab\u1100\u1173\u11af"), "\ud55c\uae00") << "Hangul";
  EXPECT_EQ(Text("e\u0327\u0301"), Text("e\u0301\u0327")) << "marks in any order";
}

// Form C and not KC: what merely looks alike stays apart.
TEST(PasswordTextTest, KeepsWhatOnlyLooksAlikeApart) {
  EXPECT_EQ(Text("\ufb01\u00b2\uff21\u00a0"), "\ufb01\u00b2\uff21\u00a0");
  EXPECT_EQ(Text("\u0958"), "\u0915\u093c") << "never composed";
}

TEST(PasswordTextTest, TakesEveryCodePoint) {
  EXPECT_EQ(Text("\U0001f511\U0010ffff\ue000\u0378"), "\U0001f511\U0010ffff\ue000\u0378");
}

TEST(PasswordTextTest, RefusesWhatIsNotUtf8) {
  for (const char* bytes : {"\xff", "caf\xe9", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\x80", "good\xf0\x9f\x94"}) {
    const auto text = PasswordText(bytes);
    EXPECT_EQ(text.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(text, IsError("the password is not UTF-8"));
  }
}

TEST(PasswordTextTest, RefusesNul) {
  EXPECT_THAT(PasswordText(std::string("pass\0word", 9)), IsError(HasSubstr("NUL")));
  EXPECT_THAT(PasswordText(std::string("\0", 1)), IsError(HasSubstr("NUL")));
}

TEST(PasswordTextTest, TheLengthThatCountsIsThatOfTheOneForm) {
  EXPECT_EQ(Text(Times(128, "x")), Times(128, "x"));
  EXPECT_THAT(PasswordText(Times(129, "x")), IsError("the password is longer than 128 bytes"));
  EXPECT_EQ(Text(Times(64, "e\u0301")), Times(64, "\u00e9")) << "192 bytes typed";
  EXPECT_THAT(PasswordText(Times(65, "e\u0301")), IsError(HasSubstr("longer than 128")));
  // Gets longer, up to threefold.
  EXPECT_EQ(Text(Times(21, "\u0958")), Times(21, "\u0915\u093c"));
  EXPECT_THAT(PasswordText(Times(22, "\u0958")), IsError(HasSubstr("longer than 128")));
  EXPECT_THAT(PasswordText(Times(128, "\U0001d160")), IsError(HasSubstr("longer than 128")));
  EXPECT_THAT(PasswordText(Times(100000, "x")), IsError(HasSubstr("longer than 128")));
}

TEST(PasswordTextTest, NoErrorRepeatsThePassword) {
  for (const std::string& bytes : {std::string("hunter2\xff"), std::string("hunter2\0", 8),
                                   Times(30, "hunter2"), Times(300, "hunter2")}) {
    EXPECT_THAT(PasswordText(bytes), IsError(Not(HasSubstr("hunter"))));
  }
}

}  // namespace
}  // namespace lanyard::internal
