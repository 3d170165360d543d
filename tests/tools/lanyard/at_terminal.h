// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_AT_TERMINAL_H_
#define LANYARD_TESTS_TOOLS_LANYARD_AT_TERMINAL_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/match.h"

namespace lanyard::testing {

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

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_AT_TERMINAL_H_
