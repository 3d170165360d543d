// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/lanyard/binary_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace lanyard::testing {

BinaryProcess::BinaryProcess(const std::vector<std::string>& args, absl::string_view input,
                             const std::string& error_file) {
  const char* binary = std::getenv("LANYARD_BINARY");
  if (binary == nullptr) {
    ADD_FAILURE() << "LANYARD_BINARY is not set";
    return;
  }
  std::vector<char*> argv = {const_cast<char*>(binary)};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const std::string input_file = TempFile("process-input", input);
  int pipe_ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input_file.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
  if (!error_file.empty()) {
    posix_spawn_file_actions_addopen(&actions, 2, error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
  }
  EXPECT_EQ(posix_spawn(&child_, binary, &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  output_ = pipe_ends[0];
}

BinaryProcess::~BinaryProcess() {
  if (child_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  if (output_ >= 0) close(output_);
}

std::string BinaryProcess::ReadLine() {
  for (;;) {
    if (const size_t end = read_.find('\n'); end != read_.npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    char bytes[512];
    const ssize_t got = read(output_, bytes, sizeof(bytes));
    if (got <= 0) return "";
    read_.append(bytes, static_cast<size_t>(got));
  }
}

void BinaryProcess::Signal(int signal) { EXPECT_EQ(kill(child_, signal), 0); }

int BinaryProcess::Wait() {
  int status = 0;
  EXPECT_EQ(waitpid(child_, &status, 0), child_);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Outcome RunBinary(const std::vector<std::string>& args, absl::string_view input) {
  Outcome outcome;
  BinaryProcess process(args, input);
  for (std::string line = process.ReadLine(); !line.empty(); line = process.ReadLine()) {
    absl::StrAppend(&outcome.out, line, "\n");
  }
  outcome.code = process.Wait();
  return outcome;
}

}  // namespace lanyard::testing
