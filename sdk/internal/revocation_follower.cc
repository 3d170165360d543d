// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/revocation_follower.h"

#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

void RevocationFollower::Begin(absl::Duration now) {
  state_ = State::kBeginning;
  began_ = now;
}

absl::Status RevocationFollower::Take(const v1::RevocationUpdate& update, absl::Duration now) {
  // Also of what comes at a wrong time: more is revoked then, and never less.
  if (absl::Status status = Add(update); !status.ok()) return status;
  if (update.epoch().empty()) return Bad("an update has no epoch");
  if (state_ == State::kBeginning) {
    epoch_ = update.epoch();
    state_ = State::kSnapshot;
  }
  if (update.epoch() != epoch_) {
    return Bad("the epoch has changed: the issuer's store has lost something");
  }
  return state_ == State::kFollowing ? TakeInSequence(update, now) : TakeInSnapshot(update);
}

absl::Status RevocationFollower::TakeInSnapshot(const v1::RevocationUpdate& update) {
  switch (update.kind()) {
    case v1::RevocationUpdate::SNAPSHOT:
    case v1::RevocationUpdate::HEARTBEAT:  // It takes its time.
      return absl::OkStatus();
    case v1::RevocationUpdate::SNAPSHOT_END:
      sequence_ = update.sequence();
      state_ = State::kFollowing;
      heard_->Succeeded(began_);
      return absl::OkStatus();
    default:
      return Bad("a change came before the end of the snapshot");
  }
}

absl::Status RevocationFollower::TakeInSequence(const v1::RevocationUpdate& update,
                                                absl::Duration now) {
  const auto gap = [this](uint64_t from) {
    return Bad(absl::StrCat("a gap: an update begins at ", from, ", and all until ", sequence_,
                            " has been heard"));
  };
  switch (update.kind()) {
    case v1::RevocationUpdate::CHANGE:
      if (update.previous_sequence() != sequence_) return gap(update.previous_sequence());
      if (update.sequence() <= sequence_) return Bad("a change leads nowhere");
      sequence_ = update.sequence();
      break;
    case v1::RevocationUpdate::HEARTBEAT:
      if (update.sequence() != sequence_) return gap(update.sequence());
      break;
    default:
      return Bad("an update of a kind that is not known, or a second snapshot");
  }
  heard_->StillCurrent(now);
  return absl::OkStatus();
}

absl::Status RevocationFollower::Add(const v1::RevocationUpdate& update) {
  absl::Status bad;
  for (const v1::Revocation& revocation : update.revocations()) {
    const absl::Status status = RevocationList::Validate(revocation);
    if (status.ok()) {
      heard_->list().Add(revocation);
    } else {
      bad.Update(Bad(absl::StrCat("a revocation that is not good: ", status.message())));
    }
  }
  return bad;
}

}  // namespace lanyard::internal
