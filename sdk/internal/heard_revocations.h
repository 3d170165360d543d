// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_HEARD_REVOCATIONS_H_
#define LANYARD_SDK_INTERNAL_HEARD_REVOCATIONS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/revocation_list.h"
#include "lanyard/sdk/revocations/revocation_source.h"

namespace lanyard::internal {

// What a source of revocations remembers, and how current that is, whatever it hears it from. Its
// owner tells it what happened.
//
// Thread-safe; Check() and generation() take no lock but the list's.
class HeardRevocations {
 public:
  // `name` is for the log.
  HeardRevocations(std::string name, const std::string& issuer, absl::Duration max_age,
                   RevocationList::Bounds bounds, std::shared_ptr<const Clock> clock);

  // Where what is heard goes, before Succeeded() or StillCurrent().
  RevocationList& list() { return list_; }

  // All there is has been heard, as it was at `as_of`, by Clock::SinceBoot().
  void Succeeded(absl::Duration as_of);
  // The same of what has been added since, or that nothing has.
  void StillCurrent(absl::Duration as_of);
  // `kind` is one of RevocationSourceStatus::failures.
  void Failed(const std::string& kind, const absl::Status& failure);

  // Whether the wall clock has been set back since the last success: what had expired by it then
  // was not remembered, and must be heard anew.
  bool ClockWasSetBack() const;

  // Logs when nothing can be said any more, and when it can again; frees what has expired. Call it
  // every few seconds.
  void Tend();

  // As RevocationSource has them.
  RevocationVerdict Check(const TokenFacts& token) const;
  uint64_t generation() const;
  absl::Status Health() const;
  RevocationSourceStatus Status() const;

 private:
  bool IsStale() const;

  const std::string name_;
  const absl::Duration max_age_;
  const std::shared_ptr<const Clock> clock_;
  RevocationList list_;
  std::atomic<int64_t> current_at_;  // Nanoseconds since boot; kNever before the first success.

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  RevocationSourceStatus counts_;
  bool was_able_ = true;
  absl::Time booted_ = absl::InfinitePast();  // By the wall clock, at the last success.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_HEARD_REVOCATIONS_H_
