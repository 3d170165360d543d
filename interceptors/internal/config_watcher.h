// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CONFIG_WATCHER_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CONFIG_WATCHER_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/periodic_thread.h"

namespace lanyard::internal {

// What is done about a config, all of it on the watcher's thread.
struct WatchedConfig {
  std::string name;  // For log lines: "the config".
  std::vector<std::string> files;
  std::function<void()> each_look;           // May be empty.
  std::function<void()> at_once;             // When a file has changed; may be empty.
  std::function<absl::Status()> when_still;  // Reads it again.
};

// Has a config read again when its files have changed and then have been still for two seconds:
// Kubernetes replaces them one by one.
class ConfigWatcher {
 public:
  // What the files hold, or that they cannot be read.
  static std::string ContentsOf(const std::vector<std::string>& files);

  // `loaded` are the contents that rule now, or older ones.
  ConfigWatcher(WatchedConfig config, std::string loaded);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Poll();

  const WatchedConfig config_;
  std::string seen_;      // The newest contents.
  bool waiting_ = false;  // They are to be read once they have been still.
  SteadyTime seen_at_{};
  SteadyTime waits_since_{};
  bool failed_ = false;  // The last reading, which is tried again: what it lacked may come.
  SteadyTime tried_at_{};
  std::string error_;      // What has been said of it.
  PeriodicThread thread_;  // Last: it uses the rest.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CONFIG_WATCHER_H_
