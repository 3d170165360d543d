// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/admissions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr std::chrono::minutes kLife(10);

// An admission and what its identity holds beyond a plain one.
size_t CostOf(const Identity& identity) { return 512 + 3 * identity.claims_json().size(); }

}  // namespace

std::string Admissions::KeyOf(absl::string_view credentials, absl::string_view path,
                              absl::string_view certificate_pem) {
  return Sha256(
      absl::StrCat(credentials.size(), " ", path.size(), " ", credentials, path, certificate_pem));
}

std::optional<Identity> Admissions::Shard::Remove(std::list<Admission>::iterator admission) {
  const auto range = index.equal_range(admission->key);
  for (auto it = range.first; it != range.second; ++it) {
    if (it->second == admission) {
      index.erase(it);
      break;
    }
  }
  bytes -= admission->bytes;
  std::optional<Identity> identity(std::move(admission->identity));
  waiting.erase(admission);
  return identity;
}

bool Admissions::File(const std::string& key, Identity identity, TimePoint now) {
  const size_t bytes = CostOf(identity);
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  while (!shard.waiting.empty() && now - shard.waiting.front().filed >= kLife) {
    shard.Remove(shard.waiting.begin());
  }
  if (shard.bytes + bytes > shard_bytes_) return false;
  shard.waiting.push_back(Admission{key, std::move(identity), now, bytes});
  shard.index.emplace(key, std::prev(shard.waiting.end()));
  shard.bytes += bytes;
  return true;
}

std::optional<Identity> Admissions::Take(const std::string& key) {
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return std::nullopt;
  return shard.Remove(found->second);
}

size_t Admissions::size() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    sum += shard.waiting.size();
  }
  return sum;
}

}  // namespace lanyard::internal
