// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/near_verdicts.h"

#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

// A set for so many bytes: more sets than verdicts of a usual size fill, so that few are full.
constexpr size_t kBytesOfASet = 2048;
constexpr size_t kLeastSets = 4;

size_t SetsFor(size_t bytes) {
  size_t sets = kLeastSets;
  if (bytes < sets * kBytesOfASet) return 0;
  while (sets * 2 * kBytesOfASet <= bytes) sets *= 2;
  return sets;
}

}  // namespace

NearVerdicts::NearVerdicts(size_t max_bytes) : max_bytes_(max_bytes), sets_(SetsFor(max_bytes)) {
  bytes_ = sets_.size() * sizeof(Set);
}

NearVerdicts::~NearVerdicts() {
  for (Set& set : sets_) {
    for (CachedVerdict* verdict : set.verdicts) {
      if (verdict != nullptr) CachedVerdict::Delete(verdict);
    }
  }
}

std::optional<Verdict> NearVerdicts::Find(const TokenKey& key) {
  if (sets_.empty()) return std::nullopt;
  const uint32_t tag = TagOf(key);
  std::lock_guard<std::mutex> lock(mutex_);
  Set& set = SetOf(key);
  for (size_t way = 0; way < kWays; ++way) {
    if (set.tags[way] != tag || !(set.verdicts[way]->key() == key)) continue;
    set.offered = 0;
    if (set.victim == way) set.victim = (way + 1) % kWays;
    return set.verdicts[way]->verdict;
  }
  return std::nullopt;
}

void NearVerdicts::Offer(const TokenKey& key, const Verdict& verdict) {
  if (sets_.empty()) return;
  const uint32_t tag = TagOf(key);
  std::lock_guard<std::mutex> lock(mutex_);
  Set& set = SetOf(key);
  size_t way = 0;
  while (way < kWays && !(set.tags[way] == tag && set.verdicts[way]->key() == key)) ++way;
  if (way == kWays) {
    way = 0;
    while (way < kWays && set.verdicts[way] != nullptr) ++way;
  }
  if (way == kWays) {
    if (set.offered != tag) {
      set.offered = tag;
      return;
    }
    way = set.victim;
  }
  CachedVerdict* const old = set.verdicts[way];
  const size_t room = max_bytes_ - bytes_ + (old != nullptr ? old->bytes : 0);
  if (CachedVerdict::BytesOf(key, verdict) > room) return;
  if (old != nullptr) {
    bytes_ -= old->bytes;
    CachedVerdict::Delete(old);
  }
  set.verdicts[way] = CachedVerdict::Make(
      key, {IdentityAccess::Copy(verdict.identity), verdict.source, verdict.revocations});
  set.tags[way] = tag;
  set.offered = 0;
  bytes_ += set.verdicts[way]->bytes;
}

size_t NearVerdicts::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

}  // namespace lanyard::internal
