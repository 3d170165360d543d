// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/terminal_password.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard::tools {
namespace {

constexpr std::array<int, 4> kEndingSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile std::sig_atomic_t got_signal = 0;
volatile std::sig_atomic_t wakes = -1;  // An eventfd.

void Note(int signal) {
  const int error = errno;
  got_signal = signal;
  eventfd_write(wakes, 1);
  errno = error;
}

// Holds back the signals that end or stop the process while it lives; then the one that came does
// what it would have done. One that is ignored, as under nohup, stays so.
class HeldSignals {
 public:
  HeldSignals() {
    got_signal = 0;
    wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (size_t i = 0; i < kEndingSignals.size(); ++i) {
      sigaction(kEndingSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) std::signal(kEndingSignals[i], Note);
    }
    stop_before_ = std::signal(SIGTSTP, SIG_IGN);
  }
  ~HeldSignals() {
    for (size_t i = 0; i < kEndingSignals.size(); ++i) {
      sigaction(kEndingSignals[i], &before_[i], nullptr);
    }
    std::signal(SIGTSTP, stop_before_);
    close(wakes);
    if (got_signal != 0) raise(got_signal);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  std::array<struct sigaction, kEndingSignals.size()> before_;
  void (*stop_before_)(int);
};

// Until the terminal can be read or written, or a signal came, before this call or within it: then
// false.
bool Await(int terminal, short events) {
  std::array<pollfd, 2> awaited = {{{terminal, events, 0}, {wakes, POLLIN, 0}}};
  while (poll(awaited.data(), awaited.size(), -1) < 0 && errno == EINTR) {
  }
  return awaited[1].revents == 0;
}

// The terminal, which echoes nothing while this lives. Await() is all that waits.
class QuietTerminal {
 public:
  QuietTerminal() : file_(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_ < 0 || wakes < 0 || tcgetattr(file_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    quiet.c_lflag |= ICANON;
    quiet.c_iflag |= ICRNL;
    is_quiet_ = Set(quiet);
  }
  ~QuietTerminal() {
    if (is_quiet_) Set(before_);
    if (file_ >= 0) close(file_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  bool is_quiet() const { return is_quiet_; }

  void Say(const std::string& text) const {
    Await(file_, POLLOUT);
    // What cannot be shown can still be answered.
    (void)!write(file_, text.data(), text.size());
  }

  absl::StatusOr<internal::Secret> ReadLine(size_t max_bytes) const {
    std::string line(max_bytes, '\0');
    const internal::ScopedCleanse cleanse(&line);
    size_t size = 0;
    for (;;) {
      char c = '\0';
      if (!Await(file_, POLLIN)) return absl::CancelledError("a signal came");
      const ssize_t got = read(file_, &c, 1);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return absl::CancelledError("the terminal was not read to the end of a line");
      if (got == 0) return absl::InvalidArgumentError("the terminal's input ended");
      if (c == '\n') return internal::Secret(absl::string_view(line.data(), size));
      if (size == max_bytes) {
        return absl::InvalidArgumentError(absl::StrCat("more than ", max_bytes, " bytes"));
      }
      line[size++] = c;
    }
  }

 private:
  // Waits for no output, as TCSAFLUSH does: it may be stopped.
  bool Set(const termios& attributes) const {
    return tcflush(file_, TCIFLUSH) == 0 && tcsetattr(file_, TCSANOW, &attributes) == 0;
  }

  const int file_;
  termios before_ = {};
  bool is_quiet_ = false;
};

}  // namespace

absl::StatusOr<std::vector<internal::Secret>> AskAtTerminal(const std::vector<std::string>& prompts,
                                                            size_t max_bytes) {
  const HeldSignals signals;  // First: the terminal must be well again when it goes.
  const QuietTerminal terminal;
  if (!terminal.is_quiet()) return absl::FailedPreconditionError("there is no terminal to ask at");
  std::vector<internal::Secret> lines;
  for (const std::string& prompt : prompts) {
    terminal.Say(prompt);
    auto line = terminal.ReadLine(max_bytes);
    terminal.Say("\n");
    if (!line.ok()) return line.status();
    lines.push_back(*std::move(line));
  }
  return lines;
}

}  // namespace lanyard::tools
