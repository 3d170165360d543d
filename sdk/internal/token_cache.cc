// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/this_cpu.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShards = 16;

uint64_t RandomSeed() {
  const std::string bytes = RandomBytes(sizeof(uint64_t));
  uint64_t seed;
  std::memcpy(&seed, bytes.data(), sizeof(seed));
  return seed;
}

// For the copies: of all bytes, and of one CPU, which has no use for more than its caches hold:
// they count as about twice what they take.
constexpr size_t kNearShare = 4;
constexpr size_t kMostNearBytes = 4 << 20;
constexpr size_t kMostNear = 256;

// Of one CPU.
size_t NearBytes(size_t max_bytes, size_t cpus) {
  const size_t bytes = std::min(max_bytes / kNearShare / cpus, kMostNearBytes);
  return bytes < NearVerdicts::kLeastBytes ? 0 : bytes;
}

// One hit in so many marks the shared entry too, so that it is not taken for unused. A prime: what
// comes in turns is marked in turns.
constexpr int64_t kHitsOfAMark = 251;

bool IsCurrent(const Verdict& verdict) {
  return verdict.source->IsCurrent(IdentityAccess::StateOf(verdict.identity).keys());
}

}  // namespace

TokenCache::TokenCache(size_t max_bytes, size_t issuers)
    : near_(std::min(CpuNumbers(), kMostNear)),
      shard_bytes_((max_bytes - near_.size() * NearBytes(max_bytes, near_.size())) / kShards),
      issuer_bytes_(issuers > 1 ? shard_bytes_ / 2 : shard_bytes_),
      seed_(RandomSeed()),
      shards_(kShards) {
  for (auto& near : near_) near = std::make_unique<Near>(NearBytes(max_bytes, near_.size()));
}

TokenCache::~TokenCache() {
  for (Shard& shard : shards_) {
    for (CachedVerdict* entry : shard.entries) CachedVerdict::Delete(entry);
  }
}

TokenKey TokenCache::KeyOf(absl::string_view token) const {
  // Mixed once more, so that the top bits choose the shard evenly.
  uint64_t hash = absl::Hash<std::pair<uint64_t, absl::string_view>>{}({seed_, token});
  hash ^= hash >> 32;
  return {token, hash * 0x9e3779b97f4a7c15u};
}

void TokenCache::Issuer::Append(CachedVerdict* entry) {
  entry->newer = nullptr;
  (newest == nullptr ? oldest : newest->newer) = entry;
  newest = entry;
}

CachedVerdict* TokenCache::Issuer::TakeOldest() {
  CachedVerdict* const entry = oldest;
  oldest = entry->newer;
  if (oldest == nullptr) newest = nullptr;
  return entry;
}

void TokenCache::Shard::EvictFrom(Issuer& issuer) {
  // Ends: each pass takes a mark away.
  CachedVerdict* entry = issuer.TakeOldest();
  while (entry->used) {
    entry->used = false;
    issuer.Append(entry);
    entry = issuer.TakeOldest();
  }
  entries.erase(entry);
  issuer.bytes -= entry->bytes;
  bytes -= entry->bytes;
  CachedVerdict::Delete(entry);
}

TokenCache::Issuer& TokenCache::Shard::Largest() {
  return std::max_element(
             issuers.begin(), issuers.end(),
             [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; })
      ->second;
}

bool TokenCache::IsSecondSight(Issuer& issuer, uint64_t hash) const {
  // A few times as many as there is room for verdicts, in under a hundredth of their bytes.
  if (issuer.seen_once.empty()) issuer.seen_once.resize(std::max<size_t>(shard_bytes_ / 512, 64));
  uint32_t& seen = issuer.seen_once[hash % issuer.seen_once.size()];
  const auto mark = static_cast<uint32_t>(hash >> 28);
  return std::exchange(seen, mark) == mark;
}

TokenCache::Near& TokenCache::NearOfThisCpu() const { return *near_[ThisCpu() % near_.size()]; }

std::optional<Verdict> TokenCache::FindInShard(const TokenKey& key) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto entry = shard.entries.find(key);
  if (entry == shard.entries.end()) return std::nullopt;
  (*entry)->used = true;
  return (*entry)->verdict;
}

void TokenCache::Mark(const TokenKey& key) {
  Shard& shard = ShardOf(key);
  std::unique_lock<std::mutex> lock(shard.mutex, std::try_to_lock);
  if (!lock.owns_lock()) return;  // Another hit will.
  if (const auto entry = shard.entries.find(key); entry != shard.entries.end()) {
    (*entry)->used = true;
  }
}

std::optional<Verdict> TokenCache::Find(const TokenKey& key) {
  Near& near = NearOfThisCpu();
  std::optional<Verdict> verdict = near.verdicts.Find(key);
  if (verdict.has_value() && IsCurrent(*verdict)) {
    if (near.hits.fetch_add(1, std::memory_order_relaxed) % kHitsOfAMark == 0) Mark(key);
    return verdict;
  }
  verdict = FindInShard(key);
  if (!verdict.has_value() || !IsCurrent(*verdict)) {
    near.misses.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  near.hits.fetch_add(1, std::memory_order_relaxed);
  near.verdicts.Offer(key, *verdict);
  return verdict;
}

void TokenCache::Insert(const TokenKey& key, Verdict verdict) {
  const size_t bytes = CachedVerdict::BytesOf(key, verdict);
  if (bytes > issuer_bytes_) return;
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  if (const auto old = shard.entries.find(key); old != shard.entries.end()) {
    (*old)->verdict = std::move(verdict);
    return;
  }
  Issuer& issuer = shard.issuers[IdentityAccess::StateOf(verdict.identity).rules().get()];
  const bool short_of_room =
      issuer.bytes + bytes > issuer_bytes_ || shard.bytes + bytes > shard_bytes_;
  if (short_of_room && !IsSecondSight(issuer, key.hash)) return;
  while (issuer.bytes + bytes > issuer_bytes_) shard.EvictFrom(issuer);
  while (shard.bytes + bytes > shard_bytes_) shard.EvictFrom(shard.Largest());
  CachedVerdict* const entry = CachedVerdict::Make(key, std::move(verdict));
  issuer.Append(entry);
  shard.entries.insert(entry);
  issuer.bytes += bytes;
  shard.bytes += bytes;
}

TokenCache::Usage TokenCache::usage() const {
  Usage usage;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    usage.bytes += shard.bytes;
  }
  for (const auto& near : near_) {
    usage.bytes += near->verdicts.bytes();
    usage.hits += near->hits.load(std::memory_order_relaxed);
    usage.misses += near->misses.load(std::memory_order_relaxed);
  }
  return usage;
}

}  // namespace lanyard::internal
