// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_

#include <array>
#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/identity.h"

namespace lanyard::internal {

// What the gate allowed and no binding has taken yet. The two run at different times on different
// threads, without a handle in common, so they meet here by what both can see: the credentials,
// the path and the client's certificate. Two calls with the same three take one admission each;
// which of the two equal ones does not matter.
//
// Bounded by bytes: at the bound nothing more is filed, nothing is dropped. An admission that
// nobody takes, because its call was cancelled in between, leaves after ten minutes. Thread-safe.
class Admissions {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Admissions(size_t max_bytes) : shard_bytes_(max_bytes / kShards) {}

  // The key of a call: a hash, so that no token is kept.
  static std::string KeyOf(absl::string_view credentials, absl::string_view path,
                           absl::string_view certificate_pem);

  // False at the bound: the call must be refused.
  bool File(const std::string& key, Identity identity, TimePoint now);

  std::optional<Identity> Take(const std::string& key);

  // How many wait.
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;

  struct Admission {
    std::string key;
    Identity identity;
    TimePoint filed;
    size_t bytes;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Admission> waiting;  // Oldest first.
    std::unordered_multimap<std::string, std::list<Admission>::iterator> index;
    size_t bytes = 0;

    std::optional<Identity> Remove(std::list<Admission>::iterator admission);
  };

  Shard& ShardOf(const std::string& key) {
    return shards_[static_cast<unsigned char>(key[0]) % kShards];
  }

  const size_t shard_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_
