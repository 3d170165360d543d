// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_CURRENT_MARK_H_
#define LANYARD_SDK_KEYS_CURRENT_MARK_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::internal {

// Which key set counts, and until when, for threads that ask on every call: they wait for no lock
// and share no count. Who sets it holds a lock of its own; asking is thread-safe.
class CurrentMark {
 public:
  // Null: none does. `until` is by Clock::SinceBoot(); at it the set still counts.
  void Set(const std::shared_ptr<const KeySet>& keys,
           absl::Duration until = absl::InfiniteDuration()) {
    ++version_;
    keys_ = keys.get();
    until_ = absl::ToInt64Nanoseconds(until);
    ++version_;
  }

  // False also while another is being set. `keys` lives, so no other has its address.
  bool Is(const std::shared_ptr<const KeySet>& keys, absl::Duration now) const {
    const uint64_t version = version_;
    const bool is =
        keys != nullptr && keys_ == keys.get() && absl::ToInt64Nanoseconds(now) <= until_;
    // Nobody may see one set with another's end.
    return is && version % 2 == 0 && version_ == version;
  }

 private:
  std::atomic<uint64_t> version_{0};  // Odd while it is being set.
  std::atomic<const KeySet*> keys_{nullptr};
  std::atomic<int64_t> until_{0};
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_KEYS_CURRENT_MARK_H_
