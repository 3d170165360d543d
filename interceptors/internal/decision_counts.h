// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_DECISION_COUNTS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_DECISION_COUNTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::internal {

// Counts decisions by method and reason. Only methods that are known are told apart, so that no
// caller can make the counts grow. Thread-safe; calls of different methods seldom wait for each
// other.
class DecisionCounts {
 public:
  // The methods that are counted each for itself, from now on and beside those there were.
  void AddMethods(const std::set<std::string>& paths);

  void CountAllowed(absl::string_view path);
  void CountDenied(absl::string_view path, AuthFailure reason);
  void CountWouldDeny(absl::string_view path, AuthFailure reason);

  // How many calls of a method have gone through only because it is observed.
  int64_t WouldDeny(const std::string& path) const;

  // lanyard_decisions_total, without what never happened.
  Metric Collect() const;

 private:
  static constexpr size_t kReasons = std::size(kAllAuthFailures);
  struct Counts {
    int64_t allowed = 0;
    std::array<int64_t, kReasons> denied{}, would_deny{};
  };
  struct Shard {
    mutable std::mutex mutex;
    std::map<std::string, Counts, std::less<>> methods;  // Guarded by mutex.
    Counts others;                                       // Guarded by mutex.
  };
  static size_t ShardOf(absl::string_view path);
  template <typename Change>
  void Count(absl::string_view path, Change change);

  std::array<Shard, 16> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_DECISION_COUNTS_H_
