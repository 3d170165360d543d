// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
#define LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {

// Verdicts by token text, for one Verifier: only successes, each with the key set it was made
// with. Hashes are seeded, and the whole token is compared. Thread-safe.
//
// Bounded by bytes, and fair: of several issuers none takes more than half, each loses its own
// verdicts first, those unused for long before others (second chance: a hit only marks its entry),
// and once room is short a token must be seen twice to push out another, so that tokens used once
// (minted for each call, or a flood) push out none.
class TokenCache {
 public:
  // `issuers`: how many issuers share it.
  TokenCache(size_t max_bytes, size_t issuers);
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  // What a token is looked up by.
  struct Key {
    absl::string_view token;
    uint64_t hash;
  };
  Key KeyOf(absl::string_view token) const;

  std::optional<Verdict> Find(const Key& key);
  void Insert(const Key& key, Verdict verdict);

  // For tests and metrics: memory that is used, and how often Find() found something or not.
  struct Usage {
    size_t bytes = 0;
    int64_t hits = 0, misses = 0;
  };
  Usage usage() const;

 private:
  // One block with the token's text behind it, which is overwritten with it.
  struct Entry;
  struct EntryHash {
    using is_transparent = void;
    size_t operator()(const Entry* entry) const;
    size_t operator()(const Key& key) const { return key.hash; }
  };
  struct EntryEqual {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const;
    bool operator()(const Entry* entry, const Key& key) const;
    bool operator()(const Key& key, const Entry* entry) const { return (*this)(entry, key); }
  };

  struct Issuer {
    Entry* oldest = nullptr;  // And from it to the newest.
    Entry* newest = nullptr;
    size_t bytes = 0;
    // Tokens that found no room, as parts of their hashes; empty until room is short.
    std::vector<uint32_t> seen_once;

    void Append(Entry* entry);
    Entry* TakeOldest();
  };

  // On cache lines of its own, so that threads in different shards do not slow each other.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    absl::flat_hash_set<Entry*, EntryHash, EntryEqual> entries;
    size_t bytes = 0;
    int64_t hits = 0, misses = 0;
    std::map<const IssuerRules*, Issuer> issuers;

    void EvictFrom(Issuer& issuer);
    Issuer& Largest();
  };

  Shard& ShardOf(const Key& key) { return shards_[key.hash >> 60]; }

  // Whether the token has been here before; if not, it has now.
  bool IsSecondSight(Issuer& issuer, uint64_t hash) const;

  const size_t shard_bytes_;
  const size_t issuer_bytes_;  // Of a shard.
  const uint64_t seed_;
  std::vector<Shard> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
