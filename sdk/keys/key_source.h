// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_SOURCE_H_
#define LANYARD_SDK_KEYS_KEY_SOURCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {

// How a source is doing, for metrics and for people.
struct KeySourceStatus {
  // The ids (kid) of the keys that are there, as Key::PrintableId() has them.
  std::vector<std::string> key_ids;

  // How long ago they were last known to be right. None for keys that are not fetched, and while
  // there has been no success.
  std::optional<absl::Duration> age;

  // How many fetches have ended well, and how many did not, by kind: "unreachable" (no connection,
  // no TLS, too slow), "http_status" (not 200), "refused" (an agent's error), "bad_answer" (no JWK
  // Set, another issuer's metadata), "local" (a file or a setting of this machine).
  int64_t successes = 0;
  std::map<std::string, int64_t> failures;

  // What was wrong with the last fetch; empty if nothing was.
  std::string last_error;
};

// Where an issuer's keys come from. Thread-safe; Current() is called for every token and must not
// block or do I/O.
class KeySource {
 public:
  virtual ~KeySource() = default;

  // The keys as of now; null while there are none, which refuses calls as UNAVAILABLE. The same
  // pointer means the same keys: verdicts made with one set are not used with another.
  virtual std::shared_ptr<const KeySet> Current() const = 0;

  // Whether that is what Current() gives now, and not null; asked for every call whose token has
  // been seen before. For sources that can say so without what threads would wait for.
  virtual bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const {
    return keys != nullptr && Current() == keys;
  }

  // Called when a token that is otherwise acceptable names a key id that Current() lacks. True if
  // the source may have that key soon, and has been asked to look: the call is refused as
  // UNAVAILABLE. False if the source knows that it has not: UNAUTHENTICATED.
  virtual bool MayArrive(absl::string_view /*key_id*/) const { return false; }

  virtual KeySourceStatus Status() const {
    KeySourceStatus status;
    if (const auto keys = Current(); keys != nullptr) {
      for (const Key& key : keys->keys()) status.key_ids.push_back(key.PrintableId());
    }
    return status;
  }

  // OK if Current() has keys; else why it has none.
  virtual absl::Status Health() const {
    return Current() != nullptr ? absl::OkStatus() : absl::UnavailableError("no keys yet");
  }
};

// Keys that never change.
class StaticKeySource final : public KeySource {
 public:
  explicit StaticKeySource(KeySet keys) : keys_(std::make_shared<const KeySet>(std::move(keys))) {}
  std::shared_ptr<const KeySet> Current() const override { return keys_; }
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const override { return keys == keys_; }

 private:
  const std::shared_ptr<const KeySet> keys_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_SOURCE_H_
