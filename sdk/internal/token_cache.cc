// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShards = 16;

uint64_t RandomSeed() {
  const std::string bytes = RandomBytes(sizeof(uint64_t));
  uint64_t seed;
  std::memcpy(&seed, bytes.data(), sizeof(seed));
  return seed;
}

// About what an entry takes: the token twice (as text and decoded claims) and its fields.
size_t CostOf(absl::string_view token) { return 3 * token.size() + 1024; }

}  // namespace

TokenCache::TokenCache(size_t max_bytes, size_t issuers)
    : shard_bytes_(max_bytes / kShards),
      issuer_bytes_(issuers > 1 ? shard_bytes_ / 2 : shard_bytes_),
      seed_(RandomSeed()),
      shards_(kShards) {}

uint64_t TokenCache::HashOf(absl::string_view token) const {
  // Mixed once more, so that the top bits choose the shard evenly.
  uint64_t hash = absl::Hash<std::pair<uint64_t, absl::string_view>>{}({seed_, token});
  hash ^= hash >> 32;
  return hash * 0x9e3779b97f4a7c15u;
}

std::optional<TokenCache::Entries::iterator> TokenCache::Shard::Find(uint64_t hash,
                                                                     absl::string_view token) {
  const auto range = index.equal_range(hash);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second->token.view() == token) return it->second;
  }
  return std::nullopt;
}

void TokenCache::Shard::Erase(Entries::iterator entry) {
  const auto range = index.equal_range(entry->hash);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second == entry) {
      index.erase(it);
      break;
    }
  }
  bytes -= entry->bytes;
  entry->issuer->bytes -= entry->bytes;
  entry->issuer->entries.erase(entry);
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

std::optional<Verdict> TokenCache::Find(absl::string_view token) {
  const uint64_t hash = HashOf(token);
  Shard& shard = ShardOf(hash);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto entry = shard.Find(hash, token);
  ++(entry.has_value() ? shard.hits : shard.misses);
  if (!entry.has_value()) return std::nullopt;
  Entries& entries = (*entry)->issuer->entries;
  entries.splice(entries.begin(), entries, *entry);
  return (*entry)->verdict;
}

void TokenCache::Insert(absl::string_view token, Verdict verdict) {
  const size_t bytes = CostOf(token);
  if (bytes > issuer_bytes_) return;
  const uint64_t hash = HashOf(token);
  Shard& shard = ShardOf(hash);
  std::lock_guard<std::mutex> lock(shard.mutex);
  if (const auto old = shard.Find(hash, token); old.has_value()) {
    (*old)->verdict = std::move(verdict);
    return;
  }
  Issuer& issuer = shard.issuers[verdict.issuer.rules];
  const bool short_of_room =
      issuer.bytes + bytes > issuer_bytes_ || shard.bytes + bytes > shard_bytes_;
  if (short_of_room && !IsSecondSight(issuer, hash)) return;
  while (issuer.bytes + bytes > issuer_bytes_) shard.Erase(std::prev(issuer.entries.end()));
  while (shard.bytes + bytes > shard_bytes_) shard.Erase(std::prev(shard.Largest().entries.end()));
  issuer.entries.push_front(Entry{Secret(token), std::move(verdict), hash, bytes, &issuer});
  shard.index.emplace(hash, issuer.entries.begin());
  issuer.bytes += bytes;
  shard.bytes += bytes;
}

TokenCache::Usage TokenCache::usage() const {
  Usage usage;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    usage.bytes += shard.bytes;
    usage.hits += shard.hits;
    usage.misses += shard.misses;
  }
  return usage;
}

}  // namespace lanyard::internal
