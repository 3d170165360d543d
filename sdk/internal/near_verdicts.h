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
// that all wait for. Bounded by bytes, which all issuers share. Thread-safe.
class NearVerdicts {
 public:
  // With fewer it keeps nothing.
  static constexpr size_t kLeastBytes = 8192;

  explicit NearVerdicts(size_t max_bytes);
  ~NearVerdicts();
  NearVerdicts(const NearVerdicts&) = delete;
  NearVerdicts& operator=(const NearVerdicts&) = delete;

  std::optional<Verdict> Find(const TokenKey& key);

  // Called with a verdict that is good and was not found here. Takes the place of an older one of
  // that token, or a free one. Where there is none, one offer in kTurn takes the place of what was
  // not used for long: tokens that are too many to be here are not copied again and again.
  static constexpr uint32_t kTurn = 256;
  void Offer(const TokenKey& key, const Verdict& verdict);

  size_t bytes() const;

 private:
  static constexpr size_t kWays = 4;
  // The places of the tokens whose hashes have some bits in common: one cache line.
  struct alignas(64) Set {
    uint32_t tags[kWays] = {};  // Other bits of the hash.
    CachedVerdict* verdicts[kWays] = {};
  };

  Set& SetOf(const TokenKey& key) { return sets_[key.hash & (sets_.size() - 1)]; }
  // Zero is no token's.
  static uint32_t TagOf(const TokenKey& key) { return static_cast<uint32_t>(key.hash >> 28) | 1; }
  // kWays if the token is not there.
  static size_t WayOf(const Set& set, const TokenKey& key);
  // A free way, else one that was not used of late.
  static size_t VictimOf(Set& set);
  void Empty(Set& set, size_t way);
  // Empties what was not used since it was last in danger, until so much more fits.
  void MakeRoom(size_t bytes);

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::vector<Set> sets_;  // As many as a power of two, or none.
  size_t bytes_ = 0;
  size_t hand_ = 0;  // The place that is in danger next.
  uint32_t turned_away_ = 0;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_NEAR_VERDICTS_H_
