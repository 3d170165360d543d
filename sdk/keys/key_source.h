// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_SOURCE_H_
#define LANYARD_SDK_KEYS_KEY_SOURCE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {

// Where an issuer's keys come from. Thread-safe; Current() is called for every token and must not
// block or do I/O.
class KeySource {
 public:
  virtual ~KeySource() = default;

  // The keys as of now; null while there are none, which refuses calls as UNAVAILABLE. The same
  // pointer means the same keys: verdicts made with one set are not used with another.
  virtual std::shared_ptr<const KeySet> Current() const = 0;

  // Called when a token that is otherwise acceptable names a key id that Current() lacks. True if
  // the source may have that key soon, and has been asked to look: the call is refused as
  // UNAVAILABLE. False if the source knows that it has not: UNAUTHENTICATED.
  virtual bool MayArrive(absl::string_view /*key_id*/) const { return false; }

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

 private:
  std::shared_ptr<const KeySet> keys_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_SOURCE_H_
