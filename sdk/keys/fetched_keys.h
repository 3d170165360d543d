// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_FETCHED_KEYS_H_
#define LANYARD_SDK_KEYS_FETCHED_KEYS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/key_refresh.h"
#include "lanyard/sdk/keys/current_mark.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard::internal {

// What is known of keys that come from elsewhere: the last good set, when to ask for it again, how
// the asking went, and what the log says when any of that changes. Has no clock, no thread and no
// lock, but for IsCurrent(): its owner asks, and tells it the time (Clock::SinceBoot) and what the
// answer was.
class FetchedKeys {
 public:
  using Time = KeyRefresh::Time;

  // `name` is what log lines begin with, "issuer sso".
  FetchedKeys(std::string name, absl::Duration interval, absl::Duration max_stale,
              absl::Duration longest_pause = absl::Minutes(1));

  // For KeySource.
  std::shared_ptr<const KeySet> Current(Time now) const;
  // The same question without the owner's lock.
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys, Time now) const {
    return current_.Is(keys, now);
  }
  absl::Status Health(Time now) const;
  KeySourceStatus Status(Time now) const;
  bool MayArrive(absl::string_view key_id, Time now) { return refresh_.MayArrive(key_id, now); }

  // When to ask next, and that it is being done.
  Time NextFetch() const { return refresh_.NextFetch(); }
  void Begin(Time now) { refresh_.Begin(now); }

  // The answer to what was asked last. `empty_because` is why there is no key, if there is none.
  // Give the set that is there already where it holds the same keys: verdicts made with it stay.
  void Succeeded(Time now, std::shared_ptr<const KeySet> keys,
                 std::optional<absl::Duration> max_age, const std::string& empty_because = "");
  // A set that came without being asked for.
  void Replaced(Time now, std::shared_ptr<const KeySet> keys,
                const std::string& empty_because = "");
  // There was no good answer; the last good set stays. `kind` as in KeySourceStatus::failures.
  void Failed(Time now, const absl::Status& failure, const std::string& kind);
  // The keys may not be used any more.
  void Forget(absl::string_view why);

  // Says in the log that the keys have become too old.
  void NoteStaleness(Time now);

  // The last good set, however old; null before the first.
  const std::shared_ptr<const KeySet>& last_good() const { return keys_; }

  // How many fetches have ended, well or not.
  int64_t fetches() const;

 private:
  void Take(Time now, std::shared_ptr<const KeySet> keys, const std::string& empty_because);
  void Announce(const KeySet& keys) const;
  void Mark();

  const std::string name_;
  const absl::Duration max_stale_;
  KeyRefresh refresh_;
  std::shared_ptr<const KeySet> keys_;
  CurrentMark current_;
  std::string empty_because_;
  std::string last_error_;
  std::optional<Time> last_success_;
  int64_t successes_ = 0;
  std::map<std::string, int64_t> failures_;
  bool was_stale_ = false;
};

// Whether two sets hold the same keys, in whatever order, and the same hint.
bool HaveSameKeys(const KeySet& a, const KeySet& b);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_KEYS_FETCHED_KEYS_H_
