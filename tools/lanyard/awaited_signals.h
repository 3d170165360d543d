// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_AWAITED_SIGNALS_H_
#define LANYARD_TOOLS_LANYARD_AWAITED_SIGNALS_H_

#include <csignal>

namespace lanyard::tools {

// Holds SIGTERM and SIGINT back, in this thread and those that it starts from then on, so that the
// process ends when it is ready to. Once this is gone they do what they always did: the second
// Ctrl-C is not held back.
class AwaitedSignals {
 public:
  AwaitedSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~AwaitedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AwaitedSignals(const AwaitedSignals&) = delete;
  AwaitedSignals& operator=(const AwaitedSignals&) = delete;

  // Waits for one of them.
  void Await() const {
    int signal = 0;
    while (sigwait(&signals_, &signal) != 0) {
    }
  }

 private:
  sigset_t signals_, before_;
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_AWAITED_SIGNALS_H_
