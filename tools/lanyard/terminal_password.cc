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
#include "absl/strings/string_view.h"

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
    struct sigaction action = {};
    action.sa_handler = Note;  // Without SA_RESTART: what waits is over.
    for (size_t i = 0; i < kEndingSignals.size(); ++i) {
      sigaction(kEndingSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kEndingSignals[i], &action, nullptr);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGTSTP, &action, &stop_before_);
  }
  ~HeldSignals() {
    for (size_t i = 0; i < kEndingSignals.size(); ++i) {
      sigaction(kEndingSignals[i], &before_[i], nullptr);
    }
    sigaction(SIGTSTP, &stop_before_, nullptr);
    close(wakes);
    if (got_signal != 0) raise(got_signal);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  std::array<struct sigaction, kEndingSignals.size()> before_;
  struct sigaction stop_before_;
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
    if (is_quiet_) Restore();
    if (file_ >= 0) close(file_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  bool is_quiet() const { return is_quiet_; }

  // What cannot be shown can still be answered.
  void Say(absl::string_view text) const {
    while (!text.empty()) {
      const bool goes_on = Await(file_, POLLOUT);
      const ssize_t wrote = write(file_, text.data(), text.size());
      if (wrote > 0) text.remove_prefix(static_cast<size_t>(wrote));
      if (!goes_on || (wrote < 0 && errno != EINTR && errno != EAGAIN)) return;
    }
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
  // Drops what was typed before. Waits for no output, as TCSAFLUSH does: it may be stopped.
  bool Set(const termios& attributes) const {
    // In the background each of the two stops the process: after a signal there is no second one.
    if (tcsetattr(file_, TCSANOW, &attributes) != 0) return false;
    tcflush(file_, TCIFLUSH);
    return true;
  }

  // From the background as well, where SIGTTOU would stop the process first.
  void Restore() const {
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    Set(before_);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
