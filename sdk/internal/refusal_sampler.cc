// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/refusal_sampler.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxPairs = 1000;

}  // namespace

bool RefusalSampler::Admit(AuthFailure reason, absl::string_view peer, TimePoint now) {
  Second& second = seconds_[reason];
  if (now - second.begin >= std::chrono::seconds(1)) second = {now, 0};
  if (second.admitted < per_second_) {
    ++second.admitted;
    return true;
  }
  std::pair<AuthFailure, std::string> pair(reason, peer);
  if (counts_.size() >= kMaxPairs && counts_.count(pair) == 0) pair.second = "other";
  ++counts_[std::move(pair)];
  return false;
}

}  // namespace lanyard::internal
