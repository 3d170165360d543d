// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/one_time_tokens.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

// What a map takes for an entry.
constexpr size_t kEntryBytes = 128;

// How often a shard is looked through for what has expired.
constexpr absl::Duration kSweepPause = absl::Seconds(1);

}  // namespace

bool CanBeOneTime(const Identity& caller, absl::Time now) {
  const IdentityState& token = IdentityAccess::StateOf(caller);
  return !token.token_id().empty() && token.expires_at().has_value() &&
         *token.expires_at() - token.issued_at().value_or(now) <= kLongestOneTimeLife;
}

OneTimeTokens::OneTimeTokens(size_t max_bytes, std::shared_ptr<const Clock> clock)
    : max_bytes_(max_bytes),
      clock_(std::move(clock)),
      made_(absl::FromUnixSeconds(absl::ToUnixSeconds(clock_->Now()))),
      shards_(kShards) {}

OneTimeTokens::Name OneTimeTokens::NameOf(const Identity& caller) {
  const IdentityState& token = IdentityAccess::StateOf(caller);
  const std::string hash =
      Sha256(absl::StrCat(token.issuer().size(), ":", token.issuer(), token.token_id()));
  Name name{};
  hash.copy(name.data(), name.size());
  return name;
}

void OneTimeTokens::Sweep(Shard& shard) {
  const absl::Time now = clock_->Now();
  const absl::Duration since_boot = clock_->SinceBoot();
  if (since_boot - shard.swept_at < kSweepPause) return;
  shard.swept_at = since_boot;
  for (auto it = shard.used.begin(); it != shard.used.end();) {
    const auto here = it++;
    if (!here->second.end.IsOver(now, since_boot)) continue;
    shard.forgotten_until = std::max(shard.forgotten_until, here->second.expires_at);
    shard.used.erase(here);
    bytes_.fetch_sub(kEntryBytes, std::memory_order_relaxed);
  }
}

bool OneTimeTokens::MakeRoom() {
  if (bytes_.fetch_add(kEntryBytes, std::memory_order_relaxed) + kEntryBytes <= max_bytes_) {
    return true;
  }
  bytes_.fetch_sub(kEntryBytes, std::memory_order_relaxed);
  return false;
}

OneTimeTokens::Answer OneTimeTokens::Take(const Identity& caller) {
  const IdentityState& token = IdentityAccess::StateOf(caller);
  const absl::Time expires_at = *token.expires_at();
  // Without iat, from when on it was short enough.
  if (token.issued_at().value_or(expires_at - kLongestOneTimeLife) < made_) {
    return Answer::kTooOld;
  }
  const Name name = NameOf(caller);
  Shard& shard = shards_[static_cast<unsigned char>(name[0]) % kShards];
  for (bool swept = false;; swept = true) {
    {
      std::lock_guard<std::mutex> lock(shard.mutex);
      Sweep(shard);
      if (shard.used.count(name) > 0) return Answer::kUsed;
      if (expires_at <= shard.forgotten_until) return Answer::kTooOld;
      if (MakeRoom()) {
        shard.used.emplace(name, Use{expires_at, {token.usable_until(), token.ends_since_boot()}});
        return Answer::kTaken;
      }
    }
    if (swept) return Answer::kFull;
    for (Shard& other : shards_) {
      std::lock_guard<std::mutex> lock(other.mutex);
      Sweep(other);
    }
  }
}

}  // namespace lanyard::internal
