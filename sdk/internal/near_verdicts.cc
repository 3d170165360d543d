// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/near_verdicts.h"

#include <algorithm>
#include <utility>

#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

// A set for so many bytes, more than a usual verdict has: so there are more places than verdicts,
// and few sets are full.
constexpr size_t kBytesOfASet = 2048;

size_t SetsFor(size_t bytes) {
  if (bytes < NearVerdicts::kLeastBytes) return 0;
  size_t sets = 1;
  while (sets * 2 * kBytesOfASet <= bytes) sets *= 2;
  return sets;
}

}  // namespace

NearVerdicts::NearVerdicts(size_t max_bytes)
    : max_bytes_(max_bytes), sets_(SetsFor(max_bytes)), bytes_(sets_.size() * sizeof(Set)) {}

NearVerdicts::~NearVerdicts() {
  for (Set& set : sets_) {
    for (CachedVerdict* verdict : set.verdicts) {
      if (verdict != nullptr) CachedVerdict::Delete(verdict);
    }
  }
}

size_t NearVerdicts::WayOf(const Set& set, const TokenKey& key) {
  const uint32_t tag = TagOf(key);
  for (size_t way = 0; way < kWays; ++way) {
    if (set.tags[way] == tag && set.verdicts[way]->key() == key) return way;
  }
  return kWays;
}

size_t NearVerdicts::VictimOf(Set& set) {
  for (size_t way = 0; way < kWays; ++way) {
    if (set.verdicts[way] == nullptr) return way;
  }
  for (size_t way = 0; way < kWays; ++way) {
    if (!set.verdicts[way]->used) return way;
    set.verdicts[way]->used = false;
  }
  return 0;
}

void NearVerdicts::Empty(Set& set, size_t way) {
  CachedVerdict* const verdict = std::exchange(set.verdicts[way], nullptr);
  if (verdict == nullptr) return;
  set.tags[way] = 0;
  bytes_ -= verdict->bytes;
  CachedVerdict::Delete(verdict);
}

void NearVerdicts::MakeRoom(size_t bytes) {
  // The second time around no mark is left.
  for (size_t i = 0; bytes_ + bytes > max_bytes_ && i < 2 * kWays * sets_.size(); ++i) {
    Set& set = sets_[hand_ / kWays];
    CachedVerdict* const verdict = set.verdicts[hand_ % kWays];
    if (verdict != nullptr && !std::exchange(verdict->used, false)) Empty(set, hand_ % kWays);
    hand_ = (hand_ + 1) % (kWays * sets_.size());
  }
}

std::optional<Verdict> NearVerdicts::Find(const TokenKey& key) {
  if (sets_.empty()) return std::nullopt;
  std::lock_guard<std::mutex> lock(mutex_);
  const Set& set = SetOf(key);
  const size_t way = WayOf(set, key);
  if (way == kWays) return std::nullopt;
  CachedVerdict& found = *set.verdicts[way];
  if (!found.used) found.used = true;  // Written seldom: its neighbours may be another CPU's.
  return found.verdict;
}

void NearVerdicts::Offer(const TokenKey& key, const Verdict& verdict) {
  if (sets_.empty()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  Set& set = SetOf(key);
  size_t way = WayOf(set, key);
  if (way == kWays) {
    const bool is_full = std::find(set.tags, set.tags + kWays, 0u) == set.tags + kWays;
    const bool takes_a_place = is_full || bytes_ + kBytesOfASet > max_bytes_;
    if (takes_a_place && ++turned_away_ % kTurn != 0) return;
    way = VictimOf(set);
  }
  const size_t bytes = CachedVerdict::BytesOf(key, verdict);
  if (bytes > max_bytes_ - sets_.size() * sizeof(Set)) return;
  Empty(set, way);
  MakeRoom(bytes);
  set.verdicts[way] = CachedVerdict::Make(
      key, {IdentityAccess::Copy(verdict.identity), verdict.source, verdict.revocations});
  set.tags[way] = TagOf(key);
  bytes_ += bytes;
}

size_t NearVerdicts::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

}  // namespace lanyard::internal
