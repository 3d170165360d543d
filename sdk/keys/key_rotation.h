// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_ROTATION_H_
#define LANYARD_SDK_KEYS_KEY_ROTATION_H_

#include <optional>
#include <string>

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

  // The longest life of a token that the keys sign: 1 min to 31 days. A retired key stays published
  // that long, and an hour and five minutes more: a fetch and the leeway of a verifier.
  absl::Duration token_lifetime = absl::Hours(24);
};

// Adds the next key to a folder, which it makes if need be (mode 0700), and removes the files of
// those that are gone. Fails, ALREADY_EXISTS, while a key waits to become active. Returns the key.
//
// Processes that share the folder may call it at once; all or nothing of it happens.
absl::StatusOr<DatedKey> RotateKeys(const std::string& folder, const RotationOptions& options,
                                    absl::Time now);

// Removes a key whose private half may be known to others: at once, with no regard for its tokens.
// If it signs, the next key takes over now, or a new one where there is none. Returns the key that
// signs. Verifiers learn of both at their next fetch.
absl::StatusOr<DatedKey> RevokeKey(const std::string& folder, absl::string_view key_id,
                                   absl::Time now);

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_ROTATION_H_
