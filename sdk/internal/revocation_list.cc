// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/revocation_list.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/timestamp.h"

namespace lanyard::internal {
namespace {

// What a map takes for an entry beside its text.
constexpr size_t kEntryBytes = 192;

// How often it is looked for room at the bounds, since each look is at all entries.
constexpr absl::Duration kSweepPause = absl::Seconds(1);

absl::Status FieldError(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

bool IsTime(const google::protobuf::Timestamp& time) {
  return time.seconds() >= 0 && time.seconds() <= 253402300799 && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

}  // namespace

RevocationList::RevocationList(std::string issuer, Bounds bounds,
                               std::shared_ptr<const Clock> clock)
    : issuer_(std::move(issuer)),
      bounds_(bounds),
      clock_(std::move(clock)),
      shards_(kShards),
      slots_(kSlots),
      swept_at_(-absl::InfiniteDuration()) {}

absl::Status RevocationList::Validate(const v1::Revocation& revocation) {
  if (revocation.issuer().empty()) return FieldError("issuer", "required");
  bool has_value = false;
  switch (revocation.what_case()) {
    case v1::Revocation::kTokenId:
      has_value = !revocation.token_id().empty();
      break;
    case v1::Revocation::kSubject:
      has_value = !revocation.subject().empty();
      if (!revocation.has_not_before()) {
        return FieldError("not_before", "required beside subject");
      }
      break;
    case v1::Revocation::kSessionId:
      has_value = !revocation.session_id().empty();
      break;
    case v1::Revocation::kKeyId:
      has_value = !revocation.key_id().empty();
      break;
    case v1::Revocation::WHAT_NOT_SET:
      break;
  }
  if (!has_value) {
    return FieldError("token_id, subject, session_id, key_id", "one of them is required");
  }
  if (revocation.has_not_before() && !IsTime(revocation.not_before())) {
    return FieldError("not_before", "not a time from 1970 to 9999");
  }
  if (!revocation.has_expires_at()) {
    return FieldError("expires_at",
                      "required: from when on no token that it concerns can be valid");
  }
  if (!IsTime(revocation.expires_at())) {
    return FieldError("expires_at", "not a time from 1970 to 9999");
  }
  return absl::OkStatus();
}

size_t RevocationList::HashOf(Kind kind, absl::string_view value) {
  return absl::HashOf(static_cast<int>(kind), value);
}

size_t RevocationList::BytesOf(absl::string_view value) { return kEntryBytes + value.size(); }

void RevocationList::Add(const v1::Revocation& revocation) {
  if (revocation.issuer() != issuer_) {
    ignored_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const absl::Time now = clock_->Now();
  Entry entry;
  entry.not_before =
      revocation.has_not_before() ? TimeOf(revocation.not_before()) : absl::InfiniteFuture();
  entry.end.wall = TimeOf(revocation.expires_at());
  if (entry.end.wall <= now) return;
  entry.end.since_boot = clock_->SinceBoot() + (entry.end.wall - now);
  switch (revocation.what_case()) {
    case v1::Revocation::kTokenId:
      return Insert(kTokenId, revocation.token_id(), entry);
    case v1::Revocation::kSubject:
      return Insert(kSubject, revocation.subject(), entry);
    case v1::Revocation::kSessionId:
      return Insert(kSessionId, revocation.session_id(), entry);
    case v1::Revocation::kKeyId:
      return Insert(kKeyId, revocation.key_id(), entry);
    case v1::Revocation::WHAT_NOT_SET:
      return;
  }
}

void RevocationList::Insert(Kind kind, absl::string_view value, const Entry& entry) {
  const size_t hash = HashOf(kind, value);
  Shard& shard = shards_[hash % kShards];
  bool is_news = false;
  const auto widen = [&] {
    const auto found = shard.entries[kind].find(value);
    if (found == shard.entries[kind].end()) return false;
    is_news = entry.not_before > found->second.not_before;
    found->second.not_before = std::max(found->second.not_before, entry.not_before);
    found->second.end.Extend(entry.end);
    return true;
  };
  bool widened;
  {
    std::unique_lock<std::shared_mutex> lock(shard.mutex);
    widened = widen();
  }
  if (!widened) {
    if (!MakeRoom(BytesOf(value))) return Lose(entry.end);
    std::unique_lock<std::shared_mutex> lock(shard.mutex);
    if (widen()) {  // By another thread in between.
      entries_.fetch_sub(1, std::memory_order_relaxed);
      bytes_.fetch_sub(BytesOf(value), std::memory_order_relaxed);
    } else {
      shard.entries[kind].emplace(std::string(value), entry);
      shard.first_end = std::min(shard.first_end, entry.end.wall);
      slots_[(hash / kShards) % kSlots].fetch_add(1, std::memory_order_release);
      is_news = true;
    }
  }
  if (is_news) generation_.fetch_add(1, std::memory_order_release);
}

// Takes room for one more. False if there is none.
bool RevocationList::MakeRoom(size_t bytes) {
  for (int round = 0;; ++round) {
    const size_t entries = entries_.fetch_add(1, std::memory_order_relaxed) + 1;
    const size_t all = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (entries <= bounds_.entries && all <= bounds_.bytes) return true;
    entries_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (round > 0) return false;
    {
      std::lock_guard<std::shared_mutex> lock(lost_mutex_);
      const absl::Duration now = clock_->SinceBoot();
      if (now - swept_at_ < kSweepPause) return false;
      swept_at_ = now;
    }
    DropExpired();
  }
}

void RevocationList::Lose(const EndTime& until) {
  std::lock_guard<std::shared_mutex> lock(lost_mutex_);
  const bool was_full = !lost_until_.IsOver(clock_->Now(), clock_->SinceBoot());
  lost_until_.Extend(until);
  has_lost_.store(true, std::memory_order_release);
  if (!was_full) generation_.fetch_add(1, std::memory_order_release);
}

void RevocationList::DropExpired() {
  const absl::Time now = clock_->Now();
  const absl::Duration since_boot = clock_->SinceBoot();
  for (Shard& shard : shards_) {
    std::unique_lock<std::shared_mutex> lock(shard.mutex);
    if (now < shard.first_end) continue;
    shard.first_end = absl::InfiniteFuture();
    for (size_t kind = 0; kind < kKinds; ++kind) {
      auto& entries = shard.entries[kind];
      for (auto it = entries.begin(); it != entries.end();) {
        const auto here = it++;
        if (!here->second.end.IsOver(now, since_boot)) {
          shard.first_end = std::min(shard.first_end, here->second.end.wall);
          continue;
        }
        const size_t hash = HashOf(static_cast<Kind>(kind), here->first);
        slots_[(hash / kShards) % kSlots].fetch_sub(1, std::memory_order_relaxed);
        entries_.fetch_sub(1, std::memory_order_relaxed);
        bytes_.fetch_sub(BytesOf(here->first), std::memory_order_relaxed);
        entries.erase(here);
      }
    }
  }
}

bool RevocationList::IsFull() const {
  if (!has_lost_.load(std::memory_order_acquire)) return false;
  std::shared_lock<std::shared_mutex> lock(lost_mutex_);
  return !lost_until_.IsOver(clock_->Now(), clock_->SinceBoot());
}

absl::Status RevocationList::Health() const {
  if (!IsFull()) return absl::OkStatus();
  std::shared_lock<std::shared_mutex> lock(lost_mutex_);
  return absl::ResourceExhaustedError(
      absl::StrCat("there are more revocations than can be remembered (", bounds_.entries, ", or ",
                   bounds_.bytes, " bytes): no token can be judged until ",
                   absl::FormatTime(absl::RFC3339_sec, lost_until_.wall, absl::UTCTimeZone())));
}

bool RevocationList::Has(Kind kind, absl::string_view value, const TokenFacts& token) const {
  if (value.empty()) return false;
  const size_t hash = HashOf(kind, value);
  if (slots_[(hash / kShards) % kSlots].load(std::memory_order_acquire) == 0) return false;
  const Shard& shard = shards_[hash % kShards];
  std::shared_lock<std::shared_mutex> lock(shard.mutex);
  const auto found = shard.entries[kind].find(value);
  if (found == shard.entries[kind].end()) return false;
  if (!token.issued_at.has_value()) return true;
  // Tokens of one second cannot be told apart: most issuers write no fractions.
  return absl::FromUnixSeconds(absl::ToUnixSeconds(*token.issued_at)) <= found->second.not_before;
}

RevocationVerdict RevocationList::Check(const TokenFacts& token) const {
  if (token.issuer != issuer_) return RevocationVerdict::kUnknown;
  if (Has(kTokenId, token.token_id, token) || Has(kSubject, token.subject, token) ||
      Has(kSubject, token.actor, token) || Has(kSessionId, token.session_id, token) ||
      Has(kKeyId, token.key_id, token)) {
    return RevocationVerdict::kRevoked;
  }
  return IsFull() ? RevocationVerdict::kUnknown : RevocationVerdict::kGood;
}

}  // namespace lanyard::internal
