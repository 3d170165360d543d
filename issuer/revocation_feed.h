// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REVOCATION_FEED_H_
#define LANYARD_ISSUER_REVOCATION_FEED_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/heard_revocations.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard {

struct RevocationFeedOptions {
  // Required: iss.
  std::string issuer;

  // Required.
  std::shared_ptr<const IssuerStore> store;

  // How often the store is asked.
  absl::Duration interval = absl::Milliseconds(200);

  // How long what is known may be relied upon while the store does not answer.
  absl::Duration max_age = absl::Minutes(5);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// The revocations of a store, followed as they are made by whichever process: for an issuer itself,
// and for servers that reach its store. Thread-safe. Owns one thread, joined by the destructor.
class RevocationFeed final : public RevocationSource {
 public:
  explicit RevocationFeed(RevocationFeedOptions options);
  ~RevocationFeed() override;

  RevocationVerdict Check(const TokenFacts& token) const override { return heard_.Check(token); }
  uint64_t generation() const override { return heard_.generation(); }
  absl::Status Health() const override { return heard_.Health(); }
  RevocationSourceStatus Status() const override { return heard_.Status(); }

  // Asks the store now; blocks. What was made before this call counts from its return. Those who
  // call it while the store is asked share the next answer, however many they are.
  absl::Status Poll();

  // That of the store when it was last asked; empty before.
  std::string epoch() const;

  // Some of what was made lately, in order: from one place of the log to another.
  struct Batch {
    std::string epoch;
    uint64_t previous_sequence = 0, sequence = 0;
    std::vector<v1::Revocation> revocations;
  };

  // What follows on that place of that epoch, as far as it is known; empty while nothing does. None
  // if the place is too long ago, or of another epoch: a snapshot is needed.
  std::optional<Batch> After(const std::string& epoch, uint64_t sequence) const;

  // Calls `listener` whenever After() has more to say, and after each good look at the store that
  // this feed takes by itself; on its thread, or on one that polls. Unsubscribe() waits until it
  // does not run. Neither may be called from a listener.
  using ListenerId = uint64_t;
  ListenerId Subscribe(std::function<void()> listener);
  void Unsubscribe(ListenerId id);

 private:
  absl::Status PollLocked();
  absl::Status ReadAllAgain();
  void Notify();

  const RevocationFeedOptions options_;
  internal::HeardRevocations heard_;

  std::mutex poll_mutex_;  // Held while the store is asked.
  std::atomic<uint64_t> polls_begun_{0};
  absl::Status last_poll_;  // The answer to the last of those. Guarded by poll_mutex_.

  mutable std::mutex mutex_;
  std::string epoch_;
  uint64_t sequence_ = 0;
  std::deque<Batch> recent_;
  size_t recent_revocations_ = 0;

  std::mutex listeners_mutex_;  // Held while they are called.
  std::map<ListenerId, std::function<void()>> listeners_;
  ListenerId last_listener_ = 0;

  internal::PeriodicThread thread_;  // Last: it uses the rest.
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_REVOCATION_FEED_H_
