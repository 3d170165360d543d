// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_ONE_TIME_TOKENS_H_
#define LANYARD_SDK_INTERNAL_ONE_TIME_TOKENS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/end_time.h"

namespace lanyard::internal {

// The longest that a token may live which is good for one use: so long its use is remembered.
inline constexpr absl::Duration kLongestOneTimeLife = absl::Minutes(5);

// Whether a token can be good for one use: it has a jti, and does not live longer than that; from
// `now` on, where it does not say when it was issued.
bool CanBeOneTime(const Identity& caller, absl::Time now);

// Which tokens have been used, of those that are good for one use: by iss and jti, for as long as
// the token could be accepted. Bounded by bytes, and at the bound nothing is forgotten: the token
// cannot be taken. Knows of this process alone, and not of the one before it. Thread-safe.
class OneTimeTokens {
 public:
  OneTimeTokens(size_t max_bytes, std::shared_ptr<const Clock> clock);

  enum class Answer {
    kTaken,
    kUsed,
    // It may have been used before this was made, or long ago, if a clock was set back since:
    // nobody can say.
    kTooOld,
    kFull,
  };
  // `caller` can be one-time.
  Answer Take(const Identity& caller);

  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  using Name = std::array<char, 32>;  // A hash of iss and jti.
  static constexpr size_t kShards = 16;

  struct Use {
    absl::Time expires_at;  // exp.
    EndTime end;            // Of the leeway after it.
  };
  struct Shard {
    std::mutex mutex;
    // Guarded by mutex.
    absl::flat_hash_map<Name, Use> used;
    // The latest exp of tokens that are not remembered any more, which another leeway, or another
    // clock, must not make good again.
    absl::Time forgotten_until = absl::InfinitePast();
    absl::Duration swept_at = -absl::InfiniteDuration();  // By Clock::SinceBoot().
  };

  static Name NameOf(const Identity& caller);
  // Under the shard's mutex.
  void Sweep(Shard& shard);
  bool MakeRoom();

  const size_t max_bytes_;
  const std::shared_ptr<const Clock> clock_;
  const absl::Time made_;  // To the second, as most issuers write iat.
  std::vector<Shard> shards_;
  std::atomic<size_t> bytes_{0};
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_ONE_TIME_TOKENS_H_
