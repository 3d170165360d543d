// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_NEAR_VERDICTS_H_
#define LANYARD_SDK_INTERNAL_NEAR_VERDICTS_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "lanyard/sdk/internal/cached_verdict.h"

namespace lanyard::internal {

// Copies of the verdicts that one CPU uses most, with identities of their own, so that nothing of
// them is written by another CPU: the owners of an identity that all share are counted in memory
// that all wait for. Bounded by bytes. Thread-safe.
class NearVerdicts {
 public:
  // Keeps nothing if there is no room for a few.
  explicit NearVerdicts(size_t max_bytes);
  ~NearVerdicts();
  NearVerdicts(const NearVerdicts&) = delete;
  NearVerdicts& operator=(const NearVerdicts&) = delete;

  std::optional<Verdict> Find(const TokenKey& key);

  // Called with a verdict that is good and was not found here. Takes the place of an older one of
  // that token; of another token only when offered twice in a row, so that what is seen in turns
  // is not copied again and again.
  void Offer(const TokenKey& key, const Verdict& verdict);

  size_t bytes() const;

 private:
  static constexpr size_t kWays = 4;
  // The places of the tokens whose hashes have some bits in common: one cache line.
  struct alignas(64) Set {
    uint32_t tags[kWays] = {};  // Other bits of the hash.
    CachedVerdict* verdicts[kWays] = {};
    uint32_t offered = 0;  // The last tag that found no room; zero when another was used since.
    uint32_t victim = 0;   // Whose place is given away next.
  };

  Set& SetOf(const TokenKey& key) { return sets_[key.hash & (sets_.size() - 1)]; }
  // Zero is no token's.
  static uint32_t TagOf(const TokenKey& key) { return static_cast<uint32_t>(key.hash >> 28) | 1; }

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::vector<Set> sets_;  // As many as a power of two, or none.
  size_t bytes_ = 0;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_NEAR_VERDICTS_H_
