// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_EXAMPLES_CONTAINER_H_
#define LANYARD_TESTS_EXAMPLES_CONTAINER_H_

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {

// A program that runs as in a container: what it prints goes to a log, and SIGTERM ends
// it.
class Container {
 public:
  Container(std::vector<std::string> command, std::string log_file)
      : log_file_(std::move(log_file)) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_file_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(&word[0]);
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), ::environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Container() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    Wait();
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  std::string log() const {
    std::stringstream text;
    text << std::ifstream(log_file_).rdbuf();
    return text.str();
  }
  // Whether that is in the log, or comes.
  bool Says(const std::string& text) const {
    return Eventually([&] { return absl::StrContains(log(), text); });
  }

  // Asks it to end, and gives its exit code.
  int End() {
    if (pid_ > 0) kill(pid_, SIGTERM);
    return Wait();
  }

 private:
  int Wait() {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const std::string log_file_;
  pid_t pid_ = -1;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_EXAMPLES_CONTAINER_H_
