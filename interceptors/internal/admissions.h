// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {

// What the gate allowed and no binding has taken yet. The two run at different times on different
// threads, without a handle in common, so they meet here by what both can see: the credentials,
// the path and the client's certificate, forwarded or its own. Headers that do not count on the
// call's port are none of it: the gate takes them off. Two calls with the same take one admission
// each; which of the two equal ones does not matter.
//
// How long the gap between the two is, is up to the client, which may send its headers now and its
// message tomorrow. So an admission leaves only when room is needed: then those go whose key has
// been still for ten minutes, as most of them are of calls that were cancelled in between. Bounded
// by bytes: at the bound nothing more is filed. Thread-safe.
class Admissions {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Admissions(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The key of a call: a hash, so that no token is kept.
  using Key = PiecewiseSha256::Digest;

  // Makes the key of a call, of its path, its certificate and the headers that count.
  class KeyMaker {
   public:
    KeyMaker(absl::string_view path, absl::string_view certificate_pem);
    void Add(const CallMetadata& metadata, const std::string& header);
    Key Finish() { return hash_.Finish(); }

   private:
    PiecewiseSha256 hash_;
  };

  // What the gate knows of a call.
  struct Admission {
    Identity identity;
    // Whether the server's own roots vouch for the client's certificate.
    bool peer_is_verified = false;
    // Whether the call goes through only because its method is observed.
    bool would_deny = false;
    // Whether x-forwarded-client-cert says who the client is.
    bool is_forwarded = false;
  };

  // False at the bound: the call must be refused.
  bool File(const Key& key, Admission admission, TimePoint now);

  // The same for a call that counts as one without a token, though it has one that does not verify.
  // It is filed under `key`, its token's, where others wait there, since that is where it will be
  // looked for first, else under `no_token_key`, that of calls without a token: `key` is that then.
  bool FileAnonymous(Key* key, const Key& no_token_key, Admission admission, TimePoint now);

  // Of several that differ, because the config or the keys have changed in between, the newest.
  std::optional<Admission> Take(const Key& key);

  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kShards = 16;

  // How many equal calls wait.
  struct Waiting {
    Admission admission;
    int64_t calls;
    TimePoint newest;
    size_t bytes;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Key, std::vector<Waiting>, Hash> waiting;  // Guarded by mutex.
  };

  Shard& ShardOf(const Key& key) { return shards_[key[0] % kShards]; }
  bool MakeRoom(Shard& shard, size_t bytes, TimePoint now);

  const size_t max_bytes_;
  std::atomic<size_t> bytes_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_ADMISSIONS_H_
