// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/admissions.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

constexpr std::chrono::minutes kLife(10);

// What a key takes, with an identity that may be kept alive by it alone.
size_t CostOf(const Identity& identity) { return 256 + IdentityAccess::StateOf(identity).bytes(); }

// Whether handlers could not tell them apart: for the same token, that is so while the issuer's
// config is the same.
bool AreEqual(const Admissions::Admission& a, const Admissions::Admission& b) {
  const auto config_of = [](const Admissions::Admission& admission) {
    const auto& rules = IdentityAccess::StateOf(admission.identity).rules();
    return rules == nullptr ? 0 : rules->fingerprint;
  };
  return config_of(a) == config_of(b) && a.peer_is_verified == b.peer_is_verified &&
         a.is_forwarded == b.is_forwarded && a.would_deny == b.would_deny;
}

}  // namespace

Admissions::KeyMaker::KeyMaker(absl::string_view path, absl::string_view certificate_pem) {
  hash_.Add(path);
  hash_.Add(certificate_pem);
}

void Admissions::KeyMaker::Add(const CallMetadata& metadata, const std::string& header) {
  const auto range = metadata.equal_range(header);
  for (auto it = range.first; it != range.second; ++it) {
    hash_.Add(header);
    hash_.Add(View(it->second));
  }
}

// The end of it, since its beginning has chosen the shard.
size_t Admissions::Hash::operator()(const Key& key) const {
  size_t hash;
  std::memcpy(&hash, key.data() + key.size() - sizeof(hash), sizeof(hash));
  return hash;
}

// Takes room, of what nobody will take if need be.
bool Admissions::MakeRoom(Shard& shard, size_t bytes, TimePoint now) {
  if ((bytes_ += bytes) <= max_bytes_) return true;
  for (auto it = shard.waiting.begin(); it != shard.waiting.end();) {
    std::vector<Waiting>& all = it->second;
    for (size_t i = all.size(); i-- > 0;) {
      if (now - all[i].newest < kLife) continue;
      bytes_ -= all[i].bytes;
      all.erase(all.begin() + i);
    }
    it = all.empty() ? shard.waiting.erase(it) : std::next(it);
  }
  if (bytes_ <= max_bytes_) return true;
  bytes_ -= bytes;
  return false;
}

bool Admissions::File(const Key& key, Admission admission, TimePoint now) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.waiting.find(key);
  if (found != shard.waiting.end()) {
    for (Waiting& waiting : found->second) {
      if (!AreEqual(waiting.admission, admission)) continue;
      ++waiting.calls;
      waiting.newest = now;
      return true;
    }
  }
  const size_t bytes = CostOf(admission.identity);
  if (!MakeRoom(shard, bytes, now)) return false;
  shard.waiting[key].push_back({std::move(admission), 1, now, bytes});
  return true;
}

bool Admissions::FileAnonymous(Key* key, const Key& no_token_key, Admission admission,
                               TimePoint now) {
  Shard& shard = ShardOf(*key);
  bool others_wait;
  {
    std::lock_guard<std::mutex> lock(shard.mutex);
    others_wait = shard.waiting.count(*key) > 0;
  }
  if (!others_wait) *key = no_token_key;
  return File(*key, std::move(admission), now);
}

std::optional<Admissions::Admission> Admissions::Take(const Key& key) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.waiting.find(key);
  if (found == shard.waiting.end()) return std::nullopt;
  std::vector<Waiting>& all = found->second;
  const auto newest =
      std::max_element(all.begin(), all.end(),
                       [](const Waiting& a, const Waiting& b) { return a.newest < b.newest; });
  Admission admission = newest->admission;
  if (--newest->calls == 0) {
    bytes_ -= newest->bytes;
    all.erase(newest);
    if (all.empty()) shard.waiting.erase(found);
  }
  return admission;
}

}  // namespace lanyard::internal
