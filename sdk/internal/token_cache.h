// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
#define LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_

#include <cstdint>
#include <list>
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
// with. Bounded by bytes; the least recently used goes first. Hashes are seeded, and the whole
// token is compared. Thread-safe.
class TokenCache {
 public:
  explicit TokenCache(size_t max_bytes);

  std::optional<Verdict> Find(absl::string_view token);
  void Insert(absl::string_view token, Verdict verdict);

  // For tests and metrics.
  size_t bytes() const;

 private:
  struct Entry {
    Secret token;
    Verdict verdict;
    uint64_t hash;
    size_t bytes;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;  // Most recently used first.
    std::unordered_multimap<uint64_t, std::list<Entry>::iterator> index;
    size_t bytes = 0;

    std::list<Entry>::iterator Find(uint64_t hash, absl::string_view token);
    void Erase(std::list<Entry>::iterator entry);
  };

  uint64_t HashOf(absl::string_view token) const;
  Shard& ShardOf(uint64_t hash) { return shards_[hash >> 60]; }

  const size_t shard_bytes_;
  const uint64_t seed_;
  std::vector<Shard> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TOKEN_CACHE_H_
