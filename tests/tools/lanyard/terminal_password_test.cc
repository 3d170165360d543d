// SPDX-License-Identifier: Apache-2.0

// The program at a terminal of its own: what is typed as a password is not shown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "tests/interceptors/eventually.h"
#include "tests/tools/lanyard/at_terminal.h"
#include "tests/tools/lanyard/issuer_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::test::Eventually;
using ::lanyard::testing::AtTerminal;
using ::lanyard::testing::IssuerConfigFile;
using ::lanyard::testing::kIssuer;
using ::lanyard::testing::kPassword;
using ::lanyard::testing::OpenStore;
using ::lanyard::testing::RunWith;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> AddAda(const std::string& config) {
  return {std::getenv("LANYARD_BINARY"), "user", "add", "ada", "--config", config};
}

// At the first prompt, up to the program's good end.
void TypeTwice(AtTerminal* program) {
  program->Type(absl::StrCat(kPassword, "\n"));
  program->Await("The same again: ");
  program->Type(absl::StrCat(kPassword, "\n"));
  program->Await("user ada is there");
  const int status = program->Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(TerminalPasswordTest, IsAskedForTwiceAndNeverShown) {
  const std::string config = IssuerConfigFile();
  AtTerminal program(AddAda(config));
  program.Await("New password: ");
  EXPECT_FALSE(program.Echoes());
  TypeTwice(&program);
  EXPECT_TRUE(program.Echoes());
  EXPECT_THAT(program.shown(), AllOf(Not(HasSubstr("horse")), Not(HasSubstr("*"))));
  const auto user = Accounts(kIssuer, OpenStore(config)).FindUser("ada");
  ASSERT_TRUE(user.ok());
  const auto verdict = (*internal::PasswordHashes::Create({}))
                           ->Check(user->password_hash(), *internal::PasswordText(kPassword));
  EXPECT_TRUE(verdict.ok() && verdict->matches);
}

TEST(TerminalPasswordTest, TwoThatDifferChangeNothing) {
  const std::string config = IssuerConfigFile();
  AtTerminal program(AddAda(config));
  program.Await("New password: ");
  program.Type(absl::StrCat(kPassword, "\n"));
  program.Await("The same again: ");
  program.Type(absl::StrCat(kPassword, "!\n"));
  program.Await("the two passwords differ");
  const int status = program.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  EXPECT_THAT(program.shown(), Not(HasSubstr("horse")));
  EXPECT_THAT(RunWith(config, {"user", "list"}).out, IsEmpty());
}

TEST(TerminalPasswordTest, CtrlCEndsTheProgramAndTheTerminalEchoesAgain) {
  const std::string config = IssuerConfigFile();
  AtTerminal program(AddAda(config));
  program.Await("New password: ");
  EXPECT_FALSE(program.Echoes());
  program.Type("half a pass\x03");
  const int status = program.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  EXPECT_TRUE(program.Echoes());
  EXPECT_THAT(program.shown(), Not(HasSubstr("half")));
  EXPECT_THAT(RunWith(config, {"user", "list"}).out, IsEmpty());
}

// Where it does not read yet, a signal has to end it as well.
TEST(TerminalPasswordTest, ASignalEndsTheProgramBeforeThePromptIsShown) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    AtTerminal program(AddAda(IssuerConfigFile()), AtTerminal::kIsFull);
    ASSERT_TRUE(Eventually([&] { return !program.Echoes(); }));
    program.Signal(signal);
    const int status = program.Wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_TRUE(program.Echoes());
  }
}

// There it stops, as soon as it wants to change the terminal.
TEST(TerminalPasswordTest, ASignalEndsTheProgramInTheBackground) {
  std::vector<std::string> command = {"/bin/bash", "-m", "-c", R"(
    "$0" "$@" &
    until read -r -a stat < /proc/$!/stat && [[ ${stat[2]} == T ]]; do sleep 0.05; done
    kill -TERM $!
    kill -CONT $!
    while kill -0 $! 2> /dev/null; do sleep 0.05; done
    wait $!
    echo "ended with $?")"};
  for (const std::string& word : AddAda(IssuerConfigFile())) command.push_back(word);
  AtTerminal shell(command);
  shell.Await("ended with 143");
  EXPECT_EQ(shell.Wait(), 0);
  EXPECT_TRUE(shell.Echoes());
}

TEST(TerminalPasswordTest, ASignalThatTheCallerIgnoresIsIgnored) {
  std::signal(SIGHUP, SIG_IGN);  // As nohup does.
  AtTerminal program(AddAda(IssuerConfigFile()));
  std::signal(SIGHUP, SIG_DFL);
  program.Await("New password: ");
  program.Signal(SIGHUP);
  TypeTwice(&program);
}

TEST(TerminalPasswordTest, TheEndOfTheInputIsAnError) {
  AtTerminal program(AddAda(IssuerConfigFile()));
  program.Await("New password: ");
  program.Type("\x04");
  program.Await("the terminal's input ended");
  const int status = program.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
}

}  // namespace
}  // namespace lanyard::tools
