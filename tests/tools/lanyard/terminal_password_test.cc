// SPDX-License-Identifier: Apache-2.0

// The program at a terminal of its own: what is typed as a password is not shown.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "tests/interceptors/eventually.h"
#include "tests/tools/lanyard/issuer_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::test::Eventually;
using ::lanyard::testing::IssuerConfigFile;
using ::lanyard::testing::kIssuer;
using ::lanyard::testing::kPassword;
using ::lanyard::testing::OpenStore;
using ::lanyard::testing::RunWith;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A program in a session of its own, on a terminal that this holds the other end of.
class AtTerminal {
 public:
  enum Screen { kReads, kIsFull };  // Full: it takes no byte more until Await() reads.

  explicit AtTerminal(const std::vector<std::string>& command, Screen screen = kReads) {
    EXPECT_EQ(openpty(&terminal_, &program_side_, nullptr, nullptr, nullptr), 0);
    if (screen == kIsFull) Fill();
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ != 0) return;
    close(terminal_);
    login_tty(dup(program_side_));
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~AtTerminal() {
    if (child_ > 0) kill(child_, SIGKILL);
    close(terminal_);
    close(program_side_);
  }

  // Reads what the terminal shows until these words are there.
  void Await(const std::string& words) {
    while (!absl::StrContains(shown_.substr(seen_), words)) {
      char bytes[256];
      const ssize_t got = read(terminal_, bytes, sizeof(bytes));
      ASSERT_GT(got, 0) << "the terminal shows: " << shown_;
      shown_.append(bytes, static_cast<size_t>(got));
    }
    seen_ = shown_.find(words, seen_) + words.size();
  }

  void Type(const std::string& text) {
    ASSERT_EQ(write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Waits for the program's end; gives its status.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    child_ = -1;
    return status;
  }

  void Signal(int signal) const { EXPECT_EQ(kill(child_, signal), 0); }

  bool Echoes() const {
    termios now = {};
    EXPECT_EQ(tcgetattr(program_side_, &now), 0);
    return (now.c_lflag & ECHO) != 0;
  }

  const std::string& shown() const { return shown_; }

 private:
  void Fill() const {
    const int flags = fcntl(program_side_, F_GETFL);
    fcntl(program_side_, F_SETFL, flags | O_NONBLOCK);
    while (write(program_side_, ".", 1) == 1) {
    }
    EXPECT_EQ(errno, EAGAIN);
    fcntl(program_side_, F_SETFL, flags);
  }

  int terminal_ = -1, program_side_ = -1;
  pid_t child_ = -1;
  std::string shown_;
  size_t seen_ = 0;
};

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
