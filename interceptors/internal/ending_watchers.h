// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_ENDING_WATCHERS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_ENDING_WATCHERS_H_

namespace lanyard::internal {

// gRPC's FileWatcherCertificateProvider has a thread, which lives on when its channel is gone,
// until the last connection is taken down. Debian's gRPC uses a shared OpenSSL, and at exit that
// takes itself down, under the feet of such a thread that reads a certificate just then. So exit()
// waits for them.
//
// One stands for the provider of a channel or server that is in use: for its watcher nobody waits.
class WatcherInUse {
 public:
  WatcherInUse();
  // From here on the watcher is to end. exit() waits for that, two seconds at most.
  ~WatcherInUse();
  WatcherInUse(const WatcherInUse&) = delete;
  WatcherInUse& operator=(const WatcherInUse&) = delete;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_ENDING_WATCHERS_H_
