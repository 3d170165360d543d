// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/terminal_text.h"

#include <gtest/gtest.h>

namespace lanyard::internal {
namespace {

TEST(TerminalTextTest, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(Printable("plain, \u00fcber, \u6f22\u5b57, \U0001f511"),
            "plain, \u00fcber, \u6f22\u5b57, \U0001f511");
}

TEST(TerminalTextTest, TakesTheTeethOutOfEscapeSequences) {
  EXPECT_EQ(Printable("a\x1b[31mb\r\nc\u009bd\u202ee"), "a?[31mb??c?d?e");
}

TEST(TerminalTextTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("a\xff"
                      "b\xc3"),
            "a?b?");
  EXPECT_EQ(Printable("\xc0\x80"), "??");
}

TEST(TerminalTextTest, CutsOffWhatIsTooLong) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdefg", 6), "abcdef...");
}

TEST(TerminalTextTest, NamesAFewOfMany) {
  EXPECT_EQ(PrintableNames({}), "[]");
  EXPECT_EQ(PrintableNames({"a", "b\n"}), "[\"a\", \"b?\"]");
  EXPECT_EQ(PrintableNames({"a", "b", "c", "d", "e", "f"}),
            "[\"a\", \"b\", \"c\", \"d\", \"e\", ...]");
}

}  // namespace
}  // namespace lanyard::internal
