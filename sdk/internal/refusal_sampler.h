// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REFUSAL_SAMPLER_H_
#define LANYARD_SDK_INTERNAL_REFUSAL_SAMPLER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard::internal {

// Lets through so many refusals a second for each reason, and counts the others, by reason and
// peer. Not thread-safe.
class RefusalSampler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // What was not let through, by reason and peer. Of more than a thousand pairs the others are
  // counted together, under the peer "other".
  using Counts = std::map<std::pair<AuthFailure, std::string>, int64_t>;

  explicit RefusalSampler(int per_second) : per_second_(per_second) {}

  // Whether to write this one.
  bool Admit(AuthFailure reason, absl::string_view peer, TimePoint now);

  // The counts since the last time.
  Counts Take() { return std::exchange(counts_, {}); }

 private:
  struct Second {
    TimePoint begin{};
    int admitted = 0;
  };

  const int per_second_;
  std::map<AuthFailure, Second> seconds_;
  Counts counts_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REFUSAL_SAMPLER_H_
