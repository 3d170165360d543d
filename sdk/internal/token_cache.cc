// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_cache.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/hash/hash.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShards = 16;

uint64_t RandomSeed() {
  const std::string bytes = RandomBytes(sizeof(uint64_t));
  uint64_t seed;
  std::memcpy(&seed, bytes.data(), sizeof(seed));
  return seed;
}

// What the allocator and the table take for an entry, beside what is in it.
constexpr size_t kOverhead = 64;

}  // namespace

struct TokenCache::Entry {
  static Entry* Make(const Key& key, Verdict verdict) {
    void* block = ::operator new(sizeof(Entry) + key.token.size());
    auto* entry = new (block) Entry(key, std::move(verdict));
    std::copy(key.token.begin(), key.token.end(), reinterpret_cast<char*>(entry + 1));
    return entry;
  }
  static void Delete(Entry* entry) {
    Cleanse(entry + 1, entry->size);
    entry->~Entry();
    ::operator delete(entry);
  }
  static size_t BytesOf(const Key& key, const Verdict& verdict) {
    return sizeof(Entry) + key.token.size() + IdentityAccess::StateOf(verdict.identity).bytes() +
           kOverhead;
  }

  absl::string_view token() const { return {reinterpret_cast<const char*>(this + 1), size}; }

  const uint64_t hash;
  const uint32_t size;  // Of the token.
  uint32_t bytes = 0;   // What it counts for.
  bool used = false;    // Since it was last in danger.
  Entry* newer = nullptr;
  Verdict verdict;

 private:
  Entry(const Key& key, Verdict the_verdict)
      : hash(key.hash),
        size(static_cast<uint32_t>(key.token.size())),
        verdict(std::move(the_verdict)) {}
};

size_t TokenCache::EntryHash::operator()(const Entry* entry) const { return entry->hash; }
bool TokenCache::EntryEqual::operator()(const Entry* a, const Entry* b) const {
  return a->hash == b->hash && a->token() == b->token();
}
bool TokenCache::EntryEqual::operator()(const Entry* entry, const Key& key) const {
  return entry->hash == key.hash && entry->token() == key.token;
}

TokenCache::TokenCache(size_t max_bytes, size_t issuers)
    : shard_bytes_(max_bytes / kShards),
      issuer_bytes_(issuers > 1 ? shard_bytes_ / 2 : shard_bytes_),
      seed_(RandomSeed()),
      shards_(kShards) {}

TokenCache::~TokenCache() {
  for (Shard& shard : shards_) {
    for (Entry* entry : shard.entries) Entry::Delete(entry);
  }
}

TokenCache::Key TokenCache::KeyOf(absl::string_view token) const {
  // Mixed once more, so that the top bits choose the shard evenly.
  uint64_t hash = absl::Hash<std::pair<uint64_t, absl::string_view>>{}({seed_, token});
  hash ^= hash >> 32;
  return {token, hash * 0x9e3779b97f4a7c15u};
}

void TokenCache::Issuer::Append(Entry* entry) {
  entry->newer = nullptr;
  (newest == nullptr ? oldest : newest->newer) = entry;
  newest = entry;
}

TokenCache::Entry* TokenCache::Issuer::TakeOldest() {
  Entry* const entry = oldest;
  oldest = entry->newer;
  if (oldest == nullptr) newest = nullptr;
  return entry;
}

void TokenCache::Shard::EvictFrom(Issuer& issuer) {
  // Ends: each pass takes a mark away.
  Entry* entry = issuer.TakeOldest();
  while (entry->used) {
    entry->used = false;
    issuer.Append(entry);
    entry = issuer.TakeOldest();
  }
  entries.erase(entry);
  issuer.bytes -= entry->bytes;
  bytes -= entry->bytes;
  Entry::Delete(entry);
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

std::optional<Verdict> TokenCache::Find(const Key& key) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto entry = shard.entries.find(key);
  if (entry == shard.entries.end()) {
    ++shard.misses;
    return std::nullopt;
  }
  ++shard.hits;
  (*entry)->used = true;
  return (*entry)->verdict;
}

void TokenCache::Insert(const Key& key, Verdict verdict) {
  const size_t bytes = Entry::BytesOf(key, verdict);
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
  Entry* const entry = Entry::Make(key, std::move(verdict));
  entry->bytes = static_cast<uint32_t>(bytes);
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
    usage.hits += shard.hits;
    usage.misses += shard.misses;
  }
  return usage;
}

}  // namespace lanyard::internal
