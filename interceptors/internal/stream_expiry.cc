// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/stream_expiry.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "lanyard/interceptors/internal/wire_status.h"

namespace lanyard::internal {
namespace {

// The longest sleep, so that a wall clock that was set forward is noticed.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

}  // namespace

struct StreamExpiry::Entry {
  Entry(grpc_call* the_call, absl::Time until, absl::Duration until_since_boot,
        std::shared_ptr<const Clock> the_clock, TimerQueue* the_timers)
      : usable_until(until),
        clock(std::move(the_clock)),
        ends(until_since_boot),
        timers(the_timers),
        call(the_call) {}

  // The earlier of the two ends, so that a clock that is set back lengthens nothing.
  absl::Duration left() const {
    return std::min(usable_until - clock->Now(), ends - clock->SinceBoot());
  }

  const absl::Time usable_until;
  const std::shared_ptr<const Clock> clock;
  const absl::Duration ends;  // Since boot.
  TimerQueue* const timers;   // Outlives its own work.

  std::mutex mutex;
  grpc_call* call;        // Null once the call is over. Guarded by mutex.
  TimerQueue::Id id = 0;  // Guarded by mutex.
};

StreamExpiry::StreamExpiry(std::shared_ptr<ServerState> state, grpc_call* call,
                           absl::Time usable_until, absl::Duration ends_since_boot)
    : state_(std::move(state)),
      entry_(std::make_shared<Entry>(call, usable_until, ends_since_boot, state_->clock,
                                     &state_->timers)) {
  Arm(entry_);
}

void StreamExpiry::Arm(const std::shared_ptr<Entry>& entry) {
  const auto wait = absl::ToChronoNanoseconds(
      std::min(kLongestWait, std::max(entry->left(), absl::ZeroDuration())));
  std::lock_guard<std::mutex> lock(entry->mutex);
  if (entry->call == nullptr) return;
  entry->id = entry->timers->Add(std::chrono::steady_clock::now() + wait, [entry] {
    if (entry->left() > absl::ZeroDuration()) {
      Arm(entry);
    } else {
      End(entry);
    }
  });
}

void StreamExpiry::End(const std::shared_ptr<Entry>& entry) {
  grpc_call* call;
  {
    std::lock_guard<std::mutex> lock(entry->mutex);
    call = std::exchange(entry->call, nullptr);
    if (call == nullptr) return;
    grpc_call_ref(call);
  }
  const std::string text = WireMessage(AuthFailureWireText(AuthFailure::kExpired), NewDecisionId());
  grpc_call_cancel_with_status(call, GRPC_STATUS_UNAUTHENTICATED, text.c_str(), nullptr);
  grpc_call_unref(call);
}

void StreamExpiry::Close() {
  TimerQueue::Id id;
  {
    std::lock_guard<std::mutex> lock(entry_->mutex);
    entry_->call = nullptr;
    id = std::exchange(entry_->id, 0);
  }
  if (id != 0) state_->timers.Cancel(id);
}

}  // namespace lanyard::internal
