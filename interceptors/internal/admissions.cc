// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/admissions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr std::chrono::minutes kLife(10);
constexpr std::chrono::seconds kBetweenSweeps(30);

// What a key takes, with an identity that may be kept alive by it alone.
size_t CostOf(const Identity& identity) { return 512 + 3 * identity.claims_json().size(); }

}  // namespace

std::string Admissions::KeyOf(absl::string_view credentials, absl::string_view path,
                              absl::string_view certificate_pem) {
  return Sha256(
      absl::StrCat(credentials.size(), " ", path.size(), " ", credentials, path, certificate_pem));
}

void Admissions::Sweep(Shard& shard, TimePoint now) {
  if (now - shard.swept < kBetweenSweeps) return;
  shard.swept = now;
  for (auto it = shard.waiting.begin(); it != shard.waiting.end();) {
    if (now - it->second.newest >= kLife) {
      bytes_ -= it->second.bytes;
      it = shard.waiting.erase(it);
    } else {
      ++it;
    }
  }
}

bool Admissions::File(const std::string& key, Identity identity, TimePoint now) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  Sweep(shard, now);
  const auto found = shard.waiting.find(key);
  if (found != shard.waiting.end()) {
    ++found->second.calls;
    found->second.newest = now;
    return true;
  }
  const size_t bytes = CostOf(identity);
  if ((bytes_ += bytes) > max_bytes_) {
    bytes_ -= bytes;
    return false;
  }
  shard.waiting.emplace(key, Waiting{std::move(identity), 1, now, bytes});
  return true;
}

std::optional<Identity> Admissions::Take(const std::string& key) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.waiting.find(key);
  if (found == shard.waiting.end()) return std::nullopt;
  Identity identity = found->second.identity;
  if (--found->second.calls == 0) {
    bytes_ -= found->second.bytes;
    shard.waiting.erase(found);
  }
  return identity;
}

}  // namespace lanyard::internal
