// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CONFIG_WATCHER_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CONFIG_WATCHER_H_

#include <chrono>
#include <memory>
#include <string>

#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/sdk/internal/periodic_thread.h"

namespace lanyard::internal {

// Has the config read again when its files have changed and then have been still for two seconds:
// Kubernetes replaces them one by one.
class ConfigWatcher {
 public:
  // What the files hold, or that they cannot be read.
  static std::string ContentsOf(const SnapshotSources& sources);

  // `loaded` are the contents that the state was made of, or older ones.
  ConfigWatcher(std::shared_ptr<ServerState> state, std::string loaded);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Poll();

  const std::shared_ptr<ServerState> state_;
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
