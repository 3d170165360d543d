// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_WATCH_LIMIT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_WATCH_LIMIT_H_

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace lanyard::internal {

// How many streams that watch health without a token each connection has. A client needs one for
// each service that it checks. Thread-safe.
class WatchLimit {
 public:
  static constexpr int kMost = 32;

  // One more; false if there are as many as there may be. Each is removed, those too that are one
  // too many.
  bool Add(uint64_t connection) {
    std::lock_guard<std::mutex> lock(mutex_);
    return ++streams_[connection] <= kMost;
  }
  void Remove(uint64_t connection) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = streams_.find(connection);
    if (found != streams_.end() && --found->second == 0) streams_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<uint64_t, int> streams_;  // Guarded by mutex_.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_WATCH_LIMIT_H_
