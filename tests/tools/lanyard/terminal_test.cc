// SPDX-License-Identifier: Apache-2.0

// What the program shows at a terminal, and nowhere else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/sdk/temp_folder.h"
#include "tests/tools/lanyard/at_terminal.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::AtTerminal;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kProgress[] = "checking; an issuer may take a few seconds ...";

class TerminalTest : public ::testing::Test {
 protected:
  TerminalTest() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }
  // What a terminal shows of this in a shell, where "$0" is the doctor with a config that is bad.
  std::string Shows(const std::string& script) const {
    AtTerminal shell({"/bin/bash", "-c", script + "; echo over", std::getenv("LANYARD_BINARY"),
                      "doctor", folder_.Path("none.textproto")});
    shell.Await("over\r\n");
    EXPECT_EQ(shell.Wait(), 0);
    return shell.shown();
  }

  const testing::TempFolder folder_;
};

TEST_F(TerminalTest, ColoursAndProgressAreShownThere) {
  EXPECT_THAT(Shows(R"("$0" "$@")"), AllOf(HasSubstr("\x1b[31mFAIL\x1b[0m config: "),
                                           HasSubstr(std::string(kProgress) + "\r\x1b[K")));
}

TEST_F(TerminalTest, WhatIsPipedHasNoColours) {
  const std::string shown = Shows(R"("$0" "$@" | cat)");
  EXPECT_THAT(shown, AllOf(HasSubstr("FAIL config: "), Not(HasSubstr("\x1b[3"))));
  EXPECT_THAT(shown, HasSubstr(kProgress)) << "stderr is a terminal still";
  EXPECT_THAT(Shows(R"("$0" "$@" 2>&1 | cat)"),
              AllOf(HasSubstr("FAIL config: "), Not(HasSubstr("\x1b"))));
}

TEST_F(TerminalTest, NoColorIsHeard) {
  EXPECT_THAT(Shows(R"(NO_COLOR=1 "$0" "$@")"),
              AllOf(HasSubstr("FAIL config: "), Not(HasSubstr("\x1b[3"))));
  EXPECT_THAT(Shows(R"(NO_COLOR= "$0" "$@")"), HasSubstr("\x1b[31mFAIL"));
}

TEST_F(TerminalTest, ADumbTerminalGetsTextAlone) {
  EXPECT_THAT(Shows(R"(TERM=dumb "$0" "$@")"),
              AllOf(HasSubstr("FAIL config: "), Not(HasSubstr("\x1b")), Not(HasSubstr(kProgress))));
}

}  // namespace
}  // namespace lanyard::tools
