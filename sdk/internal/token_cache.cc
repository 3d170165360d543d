// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_cache.h"

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

TokenCache::TokenCache(size_t max_bytes)
    : shard_bytes_(max_bytes / kShards), seed_(RandomSeed()), shards_(kShards) {}

uint64_t TokenCache::HashOf(absl::string_view token) const {
  // Mixed once more, so that the top bits choose the shard evenly.
  uint64_t hash = absl::Hash<std::pair<uint64_t, absl::string_view>>{}({seed_, token});
  hash ^= hash >> 32;
  return hash * 0x9e3779b97f4a7c15u;
}

std::list<TokenCache::Entry>::iterator TokenCache::Shard::Find(uint64_t hash,
                                                               absl::string_view token) {
  const auto range = index.equal_range(hash);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second->token.view() == token) return it->second;
  }
  return entries.end();
}

void TokenCache::Shard::Erase(std::list<Entry>::iterator entry) {
  const auto range = index.equal_range(entry->hash);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second == entry) {
      index.erase(it);
      break;
    }
  }
  bytes -= entry->bytes;
  entries.erase(entry);
}

std::optional<Verdict> TokenCache::Find(absl::string_view token) {
  const uint64_t hash = HashOf(token);
  Shard& shard = ShardOf(hash);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto entry = shard.Find(hash, token);
  if (entry == shard.entries.end()) return std::nullopt;
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  return entry->verdict;
}

void TokenCache::Insert(absl::string_view token, Verdict verdict) {
  const size_t bytes = CostOf(token);
  if (bytes > shard_bytes_) return;
  const uint64_t hash = HashOf(token);
  Shard& shard = ShardOf(hash);
  std::lock_guard<std::mutex> lock(shard.mutex);
  if (const auto old = shard.Find(hash, token); old != shard.entries.end()) shard.Erase(old);
  while (shard.bytes + bytes > shard_bytes_) shard.Erase(std::prev(shard.entries.end()));
  shard.entries.push_front(Entry{Secret(token), std::move(verdict), hash, bytes});
  shard.index.emplace(hash, shard.entries.begin());
  shard.bytes += bytes;
}

size_t TokenCache::bytes() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    sum += shard.bytes;
  }
  return sum;
}

}  // namespace lanyard::internal
