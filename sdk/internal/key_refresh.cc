// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/key_refresh.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lanyard::internal {
namespace {

constexpr absl::Duration kCooldowns[] = {absl::Seconds(1), absl::Seconds(2), absl::Seconds(5),
                                         absl::Seconds(15), absl::Seconds(30)};
constexpr absl::Duration kShortestInterval = absl::Minutes(1);
constexpr absl::Duration kFirstBackoff = absl::Seconds(1);
constexpr absl::Duration kAbsentFor = absl::Minutes(1);
constexpr absl::Duration kGoneFor = absl::Seconds(5);
constexpr size_t kMostMissing = 1000;

}  // namespace

KeyRefresh::KeyRefresh(absl::Duration interval, absl::Duration max_stale,
                       std::function<double()> random, absl::Duration longest_pause)
    : interval_(interval),
      max_stale_(max_stale),
      longest_pause_(longest_pause),
      random_(std::move(random)) {}

// Up to a tenth less, so that many servers do not ask at once and none asks late.
absl::Duration KeyRefresh::Jittered(absl::Duration duration) const {
  return duration * (1 - random_() / 10);
}

KeyRefresh::Time KeyRefresh::NextFetch() const {
  return wanted_ ? std::min(next_regular_, cool_until_) : next_regular_;
}

void KeyRefresh::Begin(Time now) {
  began_ = now;
  fetch_is_for_missing_ = wanted_ && now >= cool_until_;
}

bool KeyRefresh::HasUnanswered() const {
  return std::any_of(missing_.begin(), missing_.end(), [](const auto& entry) {
    return entry.second.absent_until == absl::ZeroDuration();
  });
}

void KeyRefresh::Cool(Time now) {
  if (!fetch_is_for_missing_) return;
  cool_until_ = now + Jittered(kCooldowns[cooldown_]);
  cooldown_ = std::min(cooldown_ + 1, std::size(kCooldowns) - 1);
}

void KeyRefresh::Succeeded(Time now, std::optional<absl::Duration> max_age,
                           const std::function<bool(const std::string&)>& has) {
  // A machine may have been suspended in between.
  last_success_ = began_;
  failures_ = 0;
  const absl::Duration shortest = std::min(kShortestInterval, interval_);
  next_regular_ =
      now + Jittered(std::min(interval_, std::max(shortest, max_age.value_or(interval_))));
  bool found = false;
  for (auto it = missing_.begin(); it != missing_.end();) {
    Missing& missing = it->second;
    if (has(it->first)) {
      // One that was withdrawn and is back is no find.
      found = found || missing.absent_until == absl::ZeroDuration();
      it = missing_.erase(it);
      continue;
    }
    // A fetch that began before the id was seen says nothing about it.
    if (missing.absent_until == absl::ZeroDuration() && missing.first_seen <= began_) {
      missing.absent_until = now + kAbsentFor;
    }
    ++it;
  }
  wanted_ = HasUnanswered();
  if (found) {
    cooldown_ = 0;
  }
  Cool(now);
}

void KeyRefresh::Failed(Time now) {
  const int doublings = std::min(failures_, 10);
  ++failures_;
  next_regular_ = now + Jittered(std::min({kFirstBackoff * (1 << doublings), longest_pause_,
                                           std::max(interval_, kFirstBackoff)}));
  Cool(now);
}

void KeyRefresh::Withdrawn(absl::string_view key_id, Time now) {
  // Briefly, because behind one name there may be servers that are not of one mind yet.
  if (missing_.size() < kMostMissing) missing_[std::string(key_id)] = {now, now + kGoneFor};
}

bool KeyRefresh::MayArrive(absl::string_view key_id, Time now) {
  // After a quiet while the next miss is no flood.
  if (now - last_miss_ > kAbsentFor) cooldown_ = 0;
  last_miss_ = now;
  const std::string id(key_id);
  const auto it = missing_.find(id);
  if (it != missing_.end()) {
    Missing& missing = it->second;
    if (missing.absent_until == absl::ZeroDuration()) return true;
    if (now < missing.absent_until) return false;
    missing = {now, absl::ZeroDuration()};
    wanted_ = true;
    return true;
  }
  // Not for every id of a flood.
  if (missing_.size() >= kMostMissing && now - swept_ >= absl::Seconds(1)) {
    swept_ = now;
    for (auto entry = missing_.begin(); entry != missing_.end();) {
      const Time until = entry->second.absent_until;
      entry =
          until != absl::ZeroDuration() && until <= now ? missing_.erase(entry) : std::next(entry);
    }
  }
  wanted_ = true;
  if (missing_.size() < kMostMissing) missing_[id] = {now, absl::ZeroDuration()};
  return true;
}

}  // namespace lanyard::internal
