// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/revocation_watch.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lanyard::internal {
namespace {

using v1::RevocationUpdate;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kHeartbeat = std::chrono::seconds(5);

class Watch final : public grpc::ServerWriteReactor<RevocationUpdate> {
 public:
  explicit Watch(RevocationWatches* watches) : watches_(*watches) {
    subscription_ = watches_.feed->Subscribe([this] { Advance(); });
    Advance();
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_busy_ = false;
      if (!ok) is_cancelled_ = true;
    }
    Advance();
  }

  void OnCancel() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_cancelled_ = true;
    }
    Advance();
  }

  void OnDone() override {
    watches_.feed->Unsubscribe(subscription_);
    --watches_.watches;
    delete this;
  }

 private:
  // What is to be done outside of the lock: after kFinish gRPC may be done with this at once.
  enum class Next { kNothing, kRead, kWrite, kFinish };

  void Advance() {
    Next next;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      next = NextLocked();
    }
    if (next == Next::kRead && !watches_.queue->Run([this](bool stopped) { Read(stopped); }).ok()) {
      std::lock_guard<std::mutex> lock(mutex_);
      next = EndLocked("too many requests wait for the store");
    }
    Do(next);
  }

  void Do(Next next) {
    if (next == Next::kWrite) StartWrite(&sent_);
    if (next == Next::kFinish) Finish(end_);
  }

  // The next thing, unless one is under way: its end comes back here.
  Next NextLocked() {
    if (is_busy_ || is_finished_) return Next::kNothing;
    if (is_cancelled_) return EndLocked("cancelled");
    if (watches_.is_ending) return EndLocked("the token service ends");
    if (!has_snapshot_) {
      is_busy_ = true;
      return Next::kRead;
    }
    std::optional<RevocationFeed::Batch> batch = watches_.feed->After(epoch_, sequence_);
    // Too far behind, or the store has lost something.
    if (!batch.has_value()) return EndLocked("a new snapshot is needed");
    if (batch->sequence == sequence_) {
      if (SteadyClock::now() - written_at_ < kHeartbeat) return Next::kNothing;
      return WriteLocked(RevocationUpdate::HEARTBEAT, sequence_, {});
    }
    return WriteLocked(RevocationUpdate::CHANGE, batch->sequence, std::move(batch->revocations));
  }

  // A page of the snapshot. On the queue, while busy: nobody else touches what is read here.
  void Read(bool stopped) {
    absl::StatusOr<IssuerStore::RevocationLog> page = absl::CancelledError();
    if (!stopped) page = watches_.store->RevocationsAfter(sequence_);
    if (page.ok() && page->sequence == sequence_) {
      // The last one. What is made from now on will be in the feed.
      if (absl::Status polled = watches_.feed->Poll(); !polled.ok()) page = polled;
    }
    Next next;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (is_cancelled_) {
        next = EndLocked("cancelled");
      } else if (!page.ok() || (sequence_ > 0 && page->epoch != epoch_)) {
        next = EndLocked("the store does not say what is revoked");
      } else {
        epoch_ = page->epoch;
        has_snapshot_ = page->sequence == sequence_;
        next =
            WriteLocked(has_snapshot_ ? RevocationUpdate::SNAPSHOT_END : RevocationUpdate::SNAPSHOT,
                        page->sequence, std::move(page->revocations));
      }
    }
    Do(next);
  }

  Next WriteLocked(RevocationUpdate::Kind kind, uint64_t sequence,
                   std::vector<v1::Revocation> revocations) {
    is_busy_ = true;
    sent_.Clear();
    sent_.set_kind(kind);
    sent_.set_epoch(epoch_);
    sent_.set_previous_sequence(sequence_);
    sent_.set_sequence(sequence);
    for (v1::Revocation& revocation : revocations) {
      *sent_.add_revocations() = std::move(revocation);
    }
    sequence_ = sequence;
    written_at_ = SteadyClock::now();
    return Next::kWrite;
  }

  // A status that is worth trying again.
  Next EndLocked(const char* why) {
    is_busy_ = false;
    is_finished_ = true;
    end_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, why);
    return Next::kFinish;
  }

  RevocationWatches& watches_;
  RevocationFeed::ListenerId subscription_ = 0;

  std::mutex mutex_;
  bool is_busy_ = false;  // A write or a read of the store is under way.
  bool is_cancelled_ = false, is_finished_ = false;
  bool has_snapshot_ = false;
  std::string epoch_;
  uint64_t sequence_ = 0;
  SteadyClock::time_point written_at_;
  RevocationUpdate sent_;
  grpc::Status end_;
};

// A call that is refused.
class Refused final : public grpc::ServerWriteReactor<RevocationUpdate> {
 public:
  explicit Refused(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<RevocationUpdate>* WatchRevocations(RevocationWatches* watches) {
  if (watches == nullptr) {
    return new Refused(
        {grpc::StatusCode::UNAUTHENTICATED, "the token service is served without its gate"});
  }
  if (++watches->watches > watches->max_watches) {
    --watches->watches;
    return new Refused({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many follow the revocations"});
  }
  return new Watch(watches);
}

}  // namespace lanyard::internal
