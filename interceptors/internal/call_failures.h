// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CALL_FAILURES_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CALL_FAILURES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Why a call ended before it was sent.
enum class CallFailure { kNoToken, kTimeout, kCancelled, kConflict, kRefusedLocally };
inline constexpr size_t kCallFailures = 5;

// "no_token", …: for metrics.
absl::string_view CallFailureName(CallFailure failure);

// How many calls ended so, by the audience of the token that they lacked; of audiences beyond the
// first thousand, all together under "(other)". Thread-safe.
class CallFailures {
 public:
  using Counts = std::array<int64_t, kCallFailures>;

  void Count(const std::string& audience, CallFailure failure);
  std::map<std::string, Counts> All() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Counts> counts_;  // Guarded by mutex_.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CALL_FAILURES_H_
