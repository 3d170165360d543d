// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/signature_budget.h"

#include <algorithm>

namespace lanyard::internal {

using std::chrono::seconds;

SignatureBudget::SignatureBudget(int per_second)
    : price_(std::chrono::nanoseconds(seconds(1)) / per_second) {}

bool SignatureBudget::Take(uint64_t connection, TimePoint now) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (now - swept_ > seconds(1)) Sweep(now);
  TimePoint& paid_back = paid_back_[connection];
  const TimePoint then = std::max(paid_back, now) + price_;
  if (then - now > seconds(1)) return false;
  paid_back = then;
  return true;
}

void SignatureBudget::GiveBack(uint64_t connection, TimePoint now) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto it = paid_back_.find(connection);
  if (it == paid_back_.end()) return;
  it->second -= price_;
  if (it->second <= now) paid_back_.erase(it);
}

size_t SignatureBudget::connections() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return paid_back_.size();
}

void SignatureBudget::Sweep(TimePoint now) {
  for (auto it = paid_back_.begin(); it != paid_back_.end();) {
    it = it->second <= now ? paid_back_.erase(it) : std::next(it);
  }
  swept_ = now;
}

}  // namespace lanyard::internal
