// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_KEY_REFRESH_H_
#define LANYARD_SDK_INTERNAL_KEY_REFRESH_H_

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lanyard::internal {

// When a remote key set is fetched, and what is answered about keys that it lacks. Has no clock, no
// thread and no lock: its owner tells it the time (Clock::SinceBoot) and what happened.
//
// Two budgets that do not touch each other: the regular refresh, and fetches because a token names
// an unknown key. The latter are at most one a cooldown, which grows while they find nothing, so a
// flood of made-up key ids costs the issuer next to nothing.
class KeyRefresh {
 public:
  using Time = absl::Duration;

  // `random` gives numbers from 0 to below 1, for the jitter. `longest_pause` is what the pauses
  // between fetches that fail grow to.
  KeyRefresh(absl::Duration interval, absl::Duration max_stale, std::function<double()> random,
             absl::Duration longest_pause = absl::Minutes(1));

  // When the next fetch should begin; may have passed.
  Time NextFetch() const;

  void Begin(Time now);
  // The fetch that began last ended well. `has` tells whether the set holds a key id.
  void Succeeded(Time now, std::optional<absl::Duration> max_age,
                 const std::function<bool(const std::string&)>& has);
  void Failed(Time now);
  // The set that was just fetched lacks a key that the one before had: it is known to be gone, so
  // the tokens that still name it ask for no fetch.
  void Withdrawn(absl::string_view key_id, Time now);

  // A token names a key that the set lacks. True until a fetch that began after the first call for
  // this id has succeeded: the key may be there. It asks for such a fetch. Also true while too many
  // ids are remembered.
  bool MayArrive(absl::string_view key_id, Time now);

  // Whether the set is too old to be used, or was never there; and the last time at which it is
  // not.
  bool IsStale(Time now) const { return now > FreshUntil(); }
  Time FreshUntil() const {
    return last_success_.has_value() ? *last_success_ + max_stale_ : -absl::InfiniteDuration();
  }

  int failures() const { return failures_; }

 private:
  struct Missing {
    Time first_seen;
    Time absent_until;  // Zero until a fetch has answered.
  };

  absl::Duration Jittered(absl::Duration duration) const;
  bool HasUnanswered() const;
  void Cool(Time now);

  const absl::Duration interval_, max_stale_, longest_pause_;
  const std::function<double()> random_;

  Time next_regular_ = absl::ZeroDuration();
  std::optional<Time> last_success_;
  int failures_ = 0;  // In a row.

  std::unordered_map<std::string, Missing> missing_;
  bool wanted_ = false;  // By a key id that no fetch has answered.
  bool fetch_is_for_missing_ = false;
  Time began_ = absl::ZeroDuration();
  Time swept_ = absl::ZeroDuration();
  Time last_miss_ = -absl::InfiniteDuration();
  Time cool_until_ = absl::ZeroDuration();
  size_t cooldown_ = 0;  // How many fetches in a row found nothing.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_KEY_REFRESH_H_
