// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REVOCATION_LIST_H_
#define LANYARD_SDK_INTERNAL_REVOCATION_LIST_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/end_time.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard::internal {

// What is revoked of one issuer's tokens: the memory behind every kind of RevocationSource. It only
// grows until entries expire, whatever order they come in.
//
// Bounded by number and by bytes. What finds no room is not forgotten either: until it would have
// expired, nothing can be said of any token. Thread-safe; a token of which nothing is known costs
// no lock.
class RevocationList {
 public:
  struct Bounds {
    size_t entries = 1'000'000;
    size_t bytes = 256 * 1024 * 1024;
  };

  // `issuer` is the iss of the tokens.
  RevocationList(std::string issuer, Bounds bounds, std::shared_ptr<const Clock> clock);

  // Whether Add() can take it; the error names the field.
  static absl::Status Validate(const v1::Revocation& revocation);

  // A valid revocation. One that is there already is widened where the new one says more. One of
  // another issuer is counted and left.
  void Add(const v1::Revocation& revocation);

  // Frees what has expired. Costs nothing until there may be something; at the bounds Add() does
  // it.
  void DropExpired();

  RevocationVerdict Check(const TokenFacts& token) const;

  // Another number after each Add() that may have revoked something, or made it unknown.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // OK, or that there are more than it can remember.
  absl::Status Health() const;

  size_t entries() const { return entries_.load(std::memory_order_relaxed); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  int64_t ignored() const { return ignored_.load(std::memory_order_relaxed); }

 private:
  enum Kind { kTokenId, kSubject, kSessionId, kKeyId };
  static constexpr size_t kKinds = 4;
  static constexpr size_t kShards = 64;
  static constexpr size_t kSlots = 64 * 1024;

  struct Entry {
    absl::Time not_before;  // Infinite future for all.
    EndTime end;
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    std::array<absl::flat_hash_map<std::string, Entry>, kKinds> entries;
    absl::Time first_end = absl::InfiniteFuture();  // No entry is over before.
  };

  static size_t HashOf(Kind kind, absl::string_view value);
  static size_t BytesOf(absl::string_view value);
  bool Has(Kind kind, absl::string_view value, const TokenFacts& token) const;
  void Insert(Kind kind, absl::string_view value, const Entry& entry);
  bool MakeRoom(size_t bytes);
  void Lose(const EndTime& until);
  bool IsFull() const;

  const std::string issuer_;
  const Bounds bounds_;
  const std::shared_ptr<const Clock> clock_;

  std::vector<Shard> shards_;
  // How many entries have that hash: where there are none, a token needs no look into a shard, and
  // so shares nothing that anybody writes to.
  std::vector<std::atomic<uint32_t>> slots_;
  std::atomic<size_t> entries_{0}, bytes_{0};
  std::atomic<int64_t> ignored_{0};
  std::atomic<uint64_t> generation_{0};

  std::atomic<bool> has_lost_{false};
  mutable std::shared_mutex lost_mutex_;
  EndTime lost_until_;       // Guarded by lost_mutex_.
  absl::Duration swept_at_;  // At the bounds, by Clock::SinceBoot(). Guarded by lost_mutex_.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REVOCATION_LIST_H_
