// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/call_failures.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxAudiences = 1000;

}  // namespace

absl::string_view CallFailureName(CallFailure failure) {
  switch (failure) {
    case CallFailure::kNoToken:
      return "no_token";
    case CallFailure::kTimeout:
      return "timeout";
    case CallFailure::kCancelled:
      return "cancelled";
    case CallFailure::kConflict:
      return "conflict";
    case CallFailure::kRefusedLocally:
      return "refused_locally";
  }
  return "";
}

void CallFailures::Count(const std::string& audience, CallFailure failure) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto it = counts_.find(audience);
  if (it == counts_.end()) {
    it = counts_.try_emplace(counts_.size() < kMaxAudiences ? audience : "(other)").first;
  }
  ++it->second[static_cast<size_t>(failure)];
}

std::map<std::string, CallFailures::Counts> CallFailures::All() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

}  // namespace lanyard::internal
