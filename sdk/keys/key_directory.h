// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_DIRECTORY_H_
#define LANYARD_SDK_KEYS_KEY_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard {

struct KeyDirectoryOptions {
  // Required. A folder that "lanyard key rotate", or RotateKeys(), takes care of. Several processes
  // may share it.
  std::string path;

  // How often the folder is looked at.
  absl::Duration poll_interval = absl::Seconds(1);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// An issuer's own keys: one signs, by the times that the folder holds, and so the same in every
// process that shares it; the next and the retired ones are published beside it. The folder is read
// again when it changes; a broken one never replaces good keys.
//
// As a KeySource it has the public halves of all keys that are published:
// directory->Current()->ToPublicJwks() is what to serve to verifiers.
//
// Thread-safe. Owns one thread, joined by the destructor.
class KeyDirectory : public KeySource {
 public:
  // Fails, naming the file, if the folder cannot be read now or holds no key.
  static absl::StatusOr<std::unique_ptr<KeyDirectory>> Create(KeyDirectoryOptions options);

  // The private key that signs now, for the one algorithm that it says.
  virtual Key ActiveKey() const = 0;

  // Looks at the folder now. Returns what is wrong with it, if anything; the last good keys stay.
  virtual absl::Status Reload() = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_DIRECTORY_H_
