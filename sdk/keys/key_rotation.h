// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_ROTATION_H_
#define LANYARD_SDK_KEYS_KEY_ROTATION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/dated_key.h"

namespace lanyard {

struct RotationOptions {
  // Of the new key. Default: that of the newest; required for the first.
  std::optional<Algorithm> algorithm;

  // How long verifiers can see the new key before it signs: 10 min to 30 days. The default is twice
  // the longest interval at which a Lanyard server fetches keys. The first key signs at once.
  absl::Duration publish_ahead = absl::Hours(2);

  // The longest life of a token that the new key signs: 1 min to 31 days. The key stays published
  // that long after it has signed its last, and an hour and five minutes more: a fetch and the
  // leeway of a verifier. Default: that of the newest; 24 h for the first.
  std::optional<absl::Duration> token_lifetime;
};

// Adds the next key to a folder, which it makes if need be (mode 0700), and removes the files of
// those that are gone. Fails, ALREADY_EXISTS, while a key waits to become active, and
// RESOURCE_EXHAUSTED where more keys would have to be published than verifiers take. Returns the
// key.
//
// Processes that share the folder, on a local file system, may call it at once; all or nothing of
// it happens, even if the process dies.
absl::StatusOr<DatedKey> RotateKeys(const std::string& folder, const RotationOptions& options,
                                    absl::Time now);

struct Revocation {
  // The key that signs now.
  DatedKey active;
  // False if no file had that key; then nothing was done.
  bool found = true;
  // What is wrong with other files, which does not keep the key from being removed.
  std::vector<absl::Status> broken;
};

// Removes a key whose private half may be known to others: at once, with no regard for its tokens.
// If it signs, the next key takes over now, or a new one where there is none. Verifiers learn of
// both at their next fetch of what is then published.
absl::StatusOr<Revocation> RevokeKey(const std::string& folder, absl::string_view key_id,
                                     absl::Time now);

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_ROTATION_H_
