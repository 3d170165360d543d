// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
#define LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {

// Verdicts by token text, for one Verifier: only successes, each with the key set it was made
// with. Hashes are seeded, and the whole token is compared. Thread-safe.
//
// Bounded by bytes, and fair: of several issuers none takes more than half, each loses its own
// least recently used verdicts first, and once room is short a token must be seen twice to push
// out another, so that tokens used once (minted for each call, or a flood) push out none.
class TokenCache {
 public:
  // `issuers`: how many issuers share it.
  TokenCache(size_t max_bytes, size_t issuers);

  std::optional<Verdict> Find(absl::string_view token);
  void Insert(absl::string_view token, Verdict verdict);

  // For tests and metrics: memory that is used, and how often Find() found something or not.
  struct Usage {
    size_t bytes = 0;
    int64_t hits = 0, misses = 0;
  };
  Usage usage() const;

 private:
  struct Issuer;
  struct Entry {
    Secret token;
    Verdict verdict;
    uint64_t hash;
    size_t bytes;
    Issuer* issuer;
  };
  using Entries = std::list<Entry>;

  struct Issuer {
    Entries entries;  // Most recently used first.
    size_t bytes = 0;
    // Tokens that found no room, as parts of their hashes; empty until room is short.
    std::vector<uint32_t> seen_once;
  };

  struct Shard {
    mutable std::mutex mutex;
    std::map<const IssuerRules*, Issuer> issuers;
    std::unordered_multimap<uint64_t, Entries::iterator> index;
    size_t bytes = 0;
    int64_t hits = 0, misses = 0;

    std::optional<Entries::iterator> Find(uint64_t hash, absl::string_view token);
    void Erase(Entries::iterator entry);
    Issuer& Largest();
  };

  uint64_t HashOf(absl::string_view token) const;
  Shard& ShardOf(uint64_t hash) { return shards_[hash >> 60]; }

  // Whether the token has been here before; if not, it has now.
  bool IsSecondSight(Issuer& issuer, uint64_t hash) const;

  const size_t shard_bytes_;
  const size_t issuer_bytes_;  // Of a shard.
  const uint64_t seed_;
  std::vector<Shard> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
