// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/revocation_feed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

// How much of the past is kept for those who follow it; who is further behind asks for all.
constexpr size_t kMaxRecent = 10'000;

}  // namespace

RevocationFeed::RevocationFeed(RevocationFeedOptions options)
    : options_(std::move(options)),
      heard_(absl::StrCat("issuer ", internal::Printable(options_.issuer)), options_.issuer,
             options_.max_age, internal::RevocationList::Bounds(), options_.clock),
      thread_(std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.interval)), [this] {
        // A good poll is news to those who must say that they are up to date.
        if (Poll().ok()) Notify();
      }) {
  (void)Poll();
}

RevocationFeed::~RevocationFeed() = default;

std::string RevocationFeed::epoch() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return epoch_;
}

absl::Status RevocationFeed::Poll() {
  const uint64_t begun = polls_begun_;
  std::lock_guard<std::mutex> poll(poll_mutex_);
  // One that began after this call has ended meanwhile.
  if (polls_begun_ > begun) return last_poll_;
  ++polls_begun_;
  const absl::Status polled = last_poll_ = PollLocked();
  if (!polled.ok()) heard_.Failed("unreachable", polled);
  heard_.Tend();
  return polled;
}

absl::Status RevocationFeed::PollLocked() {
  bool has_news = false;
  if (heard_.ClockWasSetBack()) {
    if (absl::Status status = ReadAllAgain(); !status.ok()) return status;
  }
  for (bool is_new = true; is_new;) {
    uint64_t from;
    std::string epoch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      from = sequence_;
      epoch = epoch_;
    }
    const absl::Duration asked_at = options_.clock->SinceBoot();
    auto log = options_.store->RevocationsAfter(from);
    if (!log.ok()) return log.status();
    if (log->epoch != epoch || log->sequence < from) {
      // The store has lost something, or is another one: all that it has is read anew. What was
      // known stays.
      std::lock_guard<std::mutex> lock(mutex_);
      has_news = true;
      epoch_ = log->epoch;
      sequence_ = 0;
      recent_.clear();
      recent_revocations_ = 0;
      if (from > 0) continue;
    }
    for (const v1::Revocation& revocation : log->revocations) heard_.list().Add(revocation);
    is_new = log->sequence > from;
    if (!is_new) {
      heard_.Succeeded(asked_at);
      continue;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    has_news = true;
    sequence_ = log->sequence;
    recent_revocations_ += log->revocations.size();
    recent_.push_back({epoch_, from, log->sequence, std::move(log->revocations)});
    // A batch may be empty: what it brought had ended before.
    while ((recent_revocations_ > kMaxRecent || recent_.size() > kMaxRecent) &&
           recent_.size() > 1) {
      recent_revocations_ -= recent_.front().revocations.size();
      recent_.pop_front();
    }
  }
  if (has_news) Notify();
  return absl::OkStatus();
}

// What had expired by a clock that was set back was passed over, and is not expired any more.
absl::Status RevocationFeed::ReadAllAgain() {
  for (uint64_t from = 0;;) {
    const auto log = options_.store->RevocationsAfter(from);
    if (!log.ok()) return log.status();
    for (const v1::Revocation& revocation : log->revocations) heard_.list().Add(revocation);
    if (log->sequence <= from) return absl::OkStatus();
    from = log->sequence;
  }
}

void RevocationFeed::Notify() {
  std::lock_guard<std::mutex> lock(listeners_mutex_);
  for (const auto& listener : listeners_) listener.second();
}

std::optional<RevocationFeed::Batch> RevocationFeed::After(const std::string& epoch,
                                                           uint64_t sequence) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (epoch != epoch_ || sequence > sequence_) return std::nullopt;
  if (sequence == sequence_) return Batch{epoch_, sequence, sequence, {}};
  for (const Batch& batch : recent_) {
    if (batch.sequence <= sequence) continue;
    if (batch.previous_sequence > sequence) return std::nullopt;
    Batch next = batch;
    next.previous_sequence = sequence;  // It may begin in the middle; the rest is said twice.
    return next;
  }
  return std::nullopt;
}

RevocationFeed::ListenerId RevocationFeed::Subscribe(std::function<void()> listener) {
  std::lock_guard<std::mutex> lock(listeners_mutex_);
  listeners_.emplace(++last_listener_, std::move(listener));
  return last_listener_;
}

void RevocationFeed::Unsubscribe(ListenerId id) {
  std::lock_guard<std::mutex> lock(listeners_mutex_);
  listeners_.erase(id);
}

}  // namespace lanyard
