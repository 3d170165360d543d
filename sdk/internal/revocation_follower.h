// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_REVOCATION_FOLLOWER_H_
#define LANYARD_SDK_INTERNAL_REVOCATION_FOLLOWER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/heard_revocations.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard::internal {

// Follows TokenService.WatchRevocations, stream after stream, and keeps what it says in `heard`:
// all there is first, then every change. Whatever goes wrong, what was heard of revocations counts.
// Knows nothing of gRPC. For one thread.
class RevocationFollower {
 public:
  // `heard` must outlive it. Not owned.
  explicit RevocationFollower(HeardRevocations* heard) : heard_(heard) {}

  // A new stream begins, by Clock::SinceBoot().
  void Begin(absl::Duration now);

  // What the stream has brought. An error says that it cannot be followed any further: the next one
  // is needed, since something was missed, or not understood.
  absl::Status Take(const v1::RevocationUpdate& update, absl::Duration now);

  // Whether the stream has brought all there is.
  bool is_current() const { return state_ == State::kFollowing; }

 private:
  enum class State { kBeginning, kSnapshot, kFollowing };

  absl::Status TakeInSnapshot(const v1::RevocationUpdate& update);
  absl::Status TakeInSequence(const v1::RevocationUpdate& update, absl::Duration now);
  absl::Status Add(const v1::RevocationUpdate& update);

  HeardRevocations* const heard_;
  State state_ = State::kBeginning;
  absl::Duration began_;
  std::string epoch_;  // Of this stream.
  uint64_t sequence_ = 0;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_REVOCATION_FOLLOWER_H_
