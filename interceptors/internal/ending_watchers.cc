// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/ending_watchers.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

namespace lanyard::internal {
namespace {

// "FileWatcherCertificateProvider_refreshing_thread", as far as Linux keeps it.
constexpr char kThreadName[] = "FileWatcherCert";
constexpr std::chrono::seconds kLongestWait(2);

std::atomic<int> in_use{0};
std::atomic<bool> waits{false};

int Watchers() {
  int count = 0;
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/self/task", error);
  for (; !error && threads != std::filesystem::directory_iterator(); threads.increment(error)) {
    std::string name;
    std::getline(std::ifstream(threads->path() / "comm"), name);
    if (name == kThreadName) ++count;
  }
  return count;
}

void AwaitEndingWatchers() {
  waits = false;
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  while (Watchers() > in_use && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

WatcherInUse::WatcherInUse() { ++in_use; }

WatcherInUse::~WatcherInUse() {
  --in_use;
  // Registered here and not earlier: what comes last is called first, and OpenSSL has been used by
  // now. During exit() it is called for a channel that is destroyed with the statics.
  if (!waits.exchange(true)) std::atexit(AwaitEndingWatchers);
}

}  // namespace lanyard::internal
