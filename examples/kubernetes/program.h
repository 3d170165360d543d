// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_EXAMPLES_KUBERNETES_PROGRAM_H_
#define LANYARD_EXAMPLES_KUBERNETES_PROGRAM_H_

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

// What a program needs to live in a container: options, and a signal that ends it.

// The value of "--name=value"; the program ends if there is none.
inline std::string Option(int argc, char** argv, const std::string& name) {
  const std::string start = absl::StrCat("--", name, "=");
  for (int i = 1; i < argc; ++i) {
    if (absl::StartsWith(argv[i], start)) return argv[i] + start.size();
  }
  std::fprintf(stderr, "%s: %s is missing\n", argv[0], start.c_str());
  std::exit(2);
}

// SIGTERM, by which Kubernetes ends a container, and SIGINT. Make it before any thread, so that
// none of them is ended by it.
class EndSignal {
 public:
  EndSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  void Wait() const {
    int which = 0;
    sigwait(&signals_, &which);
  }
  // Whether it comes within that time.
  bool Within(absl::Duration time) const {
    const timespec limit = absl::ToTimespec(time);
    return sigtimedwait(&signals_, nullptr, &limit) > 0;
  }

 private:
  sigset_t signals_;
};

#endif  // LANYARD_EXAMPLES_KUBERNETES_PROGRAM_H_
