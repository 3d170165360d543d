// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/heard_revocations.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard::internal {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

// Below this the clock was adjusted rather than set.
constexpr absl::Duration kClockStep = absl::Seconds(1);

}  // namespace

HeardRevocations::HeardRevocations(std::string name, const std::string& issuer,
                                   absl::Duration max_age, RevocationList::Bounds bounds,
                                   std::shared_ptr<const Clock> clock)
    : name_(std::move(name)),
      max_age_(max_age),
      clock_(std::move(clock)),
      list_(issuer, bounds, clock_),
      current_at_(kNever) {}

void HeardRevocations::Succeeded(absl::Duration as_of) {
  current_at_.store(absl::ToInt64Nanoseconds(as_of), std::memory_order_release);
  std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.successes;
  booted_ = clock_->Now() - clock_->SinceBoot();
  if (counts_.last_error.empty()) return;
  counts_.last_error.clear();
  LogLine(absl::StrCat(name_, ": all revocations have been heard again"));
}

void HeardRevocations::StillCurrent(absl::Duration as_of) {
  current_at_.store(absl::ToInt64Nanoseconds(as_of), std::memory_order_release);
}

void HeardRevocations::Failed(const std::string& kind, const absl::Status& failure) {
  const bool is_first = current_at_.load(std::memory_order_acquire) == kNever;
  std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.failures[kind];
  std::string error(failure.message());
  if (error != counts_.last_error) {
    LogLine(absl::StrCat(
        name_, ": revocations not heard, ",
        is_first ? "and its tokens are refused until they are: " : "those that are known stay: ",
        error));
  }
  counts_.last_error = std::move(error);
}

bool HeardRevocations::ClockWasSetBack() const {
  const absl::Time booted = clock_->Now() - clock_->SinceBoot();
  std::lock_guard<std::mutex> lock(mutex_);
  return booted < booted_ - kClockStep;
}

void HeardRevocations::Tend() {
  list_.DropExpired();
  const absl::Status health = Health();
  std::lock_guard<std::mutex> lock(mutex_);
  if (health.ok() == was_able_) return;
  was_able_ = health.ok();
  LogLine(was_able_ ? absl::StrCat(name_, ": its tokens can be judged again")
                    : absl::StrCat(name_, ": ALARM: its tokens are refused: ", health.message()));
}

bool HeardRevocations::IsStale() const {
  const int64_t current_at = current_at_.load(std::memory_order_acquire);
  return current_at == kNever || clock_->SinceBoot() - absl::Nanoseconds(current_at) > max_age_;
}

RevocationVerdict HeardRevocations::Check(const TokenFacts& token) const {
  const RevocationVerdict verdict = list_.Check(token);
  return verdict == RevocationVerdict::kGood && IsStale() ? RevocationVerdict::kUnknown : verdict;
}

uint64_t HeardRevocations::generation() const { return 2 * list_.generation() + IsStale(); }

absl::Status HeardRevocations::Health() const {
  if (absl::Status full = list_.Health(); !full.ok()) return full;
  if (!IsStale()) return absl::OkStatus();
  const bool is_first = current_at_.load(std::memory_order_acquire) == kNever;
  std::lock_guard<std::mutex> lock(mutex_);
  return absl::UnavailableError(absl::StrCat(
      is_first ? "its revocations have not been heard yet"
               : absl::StrCat("nothing was heard of its revocations for max_revocation_age, ",
                              absl::FormatDuration(max_age_)),
      counts_.last_error.empty() ? "" : ": ", counts_.last_error));
}

RevocationSourceStatus HeardRevocations::Status() const {
  const int64_t current_at = current_at_.load(std::memory_order_acquire);
  std::lock_guard<std::mutex> lock(mutex_);
  RevocationSourceStatus status = counts_;
  status.entries = list_.entries();
  status.bytes = list_.bytes();
  status.ignored = list_.ignored();
  if (current_at != kNever) status.age = clock_->SinceBoot() - absl::Nanoseconds(current_at);
  return status;
}

}  // namespace lanyard::internal
