// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/issuer/revocation_feed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard {
namespace {

// How much of the past is kept for those who follow it; who is further behind asks for all.
constexpr size_t kMaxRecent = 10'000;

}  // namespace

RevocationFeed::RevocationFeed(RevocationFeedOptions options)
    : options_(std::move(options)),
      list_(options_.issuer, internal::RevocationList::Bounds(), options_.clock),
      thread_(std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.interval)), [this] {
        // A good poll is news to those who must say that they are up to date.
        if (Poll().ok()) Notify();
      }) {
  (void)Poll();
}

RevocationFeed::~RevocationFeed() = default;

RevocationVerdict RevocationFeed::Check(const TokenFacts& token) const {
  const RevocationVerdict verdict = list_.Check(token);
  // What is revoked stays so, however old the news is.
  if (verdict != RevocationVerdict::kGood || Health().ok()) return verdict;
  return RevocationVerdict::kUnknown;
}

absl::Status RevocationFeed::Health() const {
  if (absl::Status status = list_.Health(); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!good_at_.has_value()) {
    return absl::UnavailableError(
        absl::StrCat("the store has not said yet what is revoked: ", last_error_));
  }
  if (options_.clock->SinceBoot() - *good_at_ > options_.max_age) {
    return absl::UnavailableError(absl::StrCat("the store has not said for ",
                                               absl::FormatDuration(options_.max_age),
                                               " what is revoked: ", last_error_));
  }
  return absl::OkStatus();
}

RevocationSourceStatus RevocationFeed::Status() const {
  RevocationSourceStatus status;
  status.entries = list_.entries();
  status.bytes = list_.bytes();
  status.ignored = list_.ignored();
  std::lock_guard<std::mutex> lock(mutex_);
  if (good_at_.has_value()) status.age = options_.clock->SinceBoot() - *good_at_;
  status.successes = successes_;
  if (failures_ > 0) status.failures["unreachable"] = failures_;
  status.last_error = last_error_;
  return status;
}

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
  std::string news;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (polled.ok()) {
      ++successes_;
      if (!last_error_.empty()) news = "the store answers again";
      last_error_.clear();
    } else {
      ++failures_;
      if (last_error_.empty()) news = std::string(polled.message());
      last_error_ = std::string(polled.message());
    }
  }
  if (!news.empty()) internal::LogLine(absl::StrCat("revocations: ", news));
  return polled;
}

absl::Status RevocationFeed::PollLocked() {
  list_.DropExpired();
  bool has_news = false;
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
    for (const v1::Revocation& revocation : log->revocations) list_.Add(revocation);
    is_new = log->sequence > from;
    std::lock_guard<std::mutex> lock(mutex_);
    if (!is_new) {
      good_at_ = asked_at;
      continue;
    }
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
