// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
#define LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/cached_verdict.h"
#include "lanyard/sdk/internal/near_verdicts.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {

// Verdicts by token text, for one Verifier: only successes, each with the key set it was made
// with. Hashes are seeded, and the whole token is compared. Thread-safe.
//
// Bounded by bytes, and fair: of several issuers none takes more than half, each loses its own
// verdicts first, those unused for long before others (second chance: hits only mark an entry),
// and once room is short a token must be seen twice to push out another, so that tokens used once
// (minted for each call, or a flood) push out none. A part of the bytes is for copies of what each
// CPU uses most, so that threads that see the same tokens do not slow each other.
class TokenCache {
 public:
  // `issuers`: how many issuers share it.
  TokenCache(size_t max_bytes, size_t issuers);
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  TokenKey KeyOf(absl::string_view token) const;

  // A verdict counts only with the very key set that it was made with: a key that has left in the
  // meantime, even while the signature was being checked, lets nothing in.
  std::optional<Verdict> Find(const TokenKey& key);
  void Insert(const TokenKey& key, Verdict verdict);

  // For tests and metrics: memory that is used, and how often Find() found something or not.
  struct Usage {
    size_t bytes = 0;
    int64_t hits = 0, misses = 0;
  };
  Usage usage() const;

 private:
  struct EntryHash {
    using is_transparent = void;
    size_t operator()(const CachedVerdict* entry) const { return entry->hash; }
    size_t operator()(const TokenKey& key) const { return key.hash; }
  };
  struct EntryEqual {
    using is_transparent = void;
    bool operator()(const CachedVerdict* a, const CachedVerdict* b) const {
      return a->key() == b->key();
    }
    bool operator()(const CachedVerdict* entry, const TokenKey& key) const {
      return entry->key() == key;
    }
    bool operator()(const TokenKey& key, const CachedVerdict* entry) const {
      return entry->key() == key;
    }
  };

  struct Issuer {
    CachedVerdict* oldest = nullptr;  // And from it to the newest.
    CachedVerdict* newest = nullptr;
    size_t bytes = 0;
    // Tokens that found no room, as parts of their hashes; empty until room is short.
    std::vector<uint32_t> seen_once;

    void Append(CachedVerdict* entry);
    CachedVerdict* TakeOldest();
  };

  // On cache lines of its own, so that threads in different shards do not slow each other.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    absl::flat_hash_set<CachedVerdict*, EntryHash, EntryEqual> entries;
    size_t bytes = 0;
    std::map<const IssuerRules*, Issuer> issuers;

    void EvictFrom(Issuer& issuer);
    Issuer& Largest();
  };

  // What one CPU uses, on cache lines of its own.
  struct alignas(64) Near {
    explicit Near(size_t max_bytes) : verdicts(max_bytes) {}
    NearVerdicts verdicts;
    std::atomic<int64_t> hits{0}, misses{0};
  };

  Shard& ShardOf(const TokenKey& key) { return shards_[key.hash >> 60]; }
  Near& NearOfThisCpu() const;
  std::optional<Verdict> FindInShard(const TokenKey& key);
  void Mark(const TokenKey& key);

  // Whether the token has been here before; if not, it has now.
  bool IsSecondSight(Issuer& issuer, uint64_t hash) const;

  std::vector<std::unique_ptr<Near>> near_;  // By the CPU's number.
  const size_t shard_bytes_;
  const size_t issuer_bytes_;  // Of a shard.
  const uint64_t seed_;
  std::vector<Shard> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
