// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_DATED_KEY_H_
#define LANYARD_SDK_KEYS_DATED_KEY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {

// A private key of our own, and when it is used. Its times stand in its JWK, beside the key: "iat",
// "nbf" and "exp" (as in OpenID Federation 1.0 section 8.7), and "keep" in seconds. Its id is its
// thumbprint, so that one id is never two keys.
struct DatedKey {
  Key key;

  // From when verifiers can see it, and from when it signs.
  absl::Time published;
  absl::Time active_from;

  // How long it is still published after the next key has become active, for the tokens that it
  // signed.
  absl::Duration keep;

  // From when it is not published, whatever follows it. Infinite future if nothing says so.
  absl::Time expires_at = absl::InfiniteFuture();
};

// The keys of an issuer, in the order in which they become active.
class DatedKeys {
 public:
  explicit DatedKeys(std::vector<DatedKey> keys);

  const std::vector<DatedKey>& keys() const { return keys_; }

  // Where a key of keys() stands.
  enum class State { kNext, kActive, kRetired, kGone };
  State StateOf(size_t index, absl::Time now) const;

  // From when it is not published any more; infinite future while no other follows it.
  absl::Time GoneFrom(size_t index) const;

  // The key that signs: the last to have become active. While none has, as by a clock that is
  // behind, the first. Null if there are none.
  const DatedKey* Active(absl::Time now) const;

  // The public halves of all that are not gone.
  absl::StatusOr<KeySet> Published(absl::Time now) const;

 private:
  std::vector<DatedKey> keys_;
};

// Both forms of a key in its file. A private key for one public-key algorithm, with its times.
absl::StatusOr<DatedKey> DatedKeyFromJwk(absl::string_view json);
absl::StatusOr<internal::Secret> DatedKeyToJwk(const DatedKey& key);

// The name of a key's file: the first 12 characters of its id, and ".jwk".
std::string FileNameOf(absl::string_view key_id);

// That a folder is there, of this process's user or root's, and that nobody else may write to it,
// since whoever does can put a key there.
absl::Status CheckKeyFolder(const std::string& folder);

// Reads the files "*.jwk" of such a folder, which must be for their owner alone. Errors name the
// file. With `broken`, errors of single files go there, and the other keys are read.
absl::StatusOr<DatedKeys> ReadDatedKeys(const std::string& folder,
                                        std::vector<absl::Status>* broken = nullptr);

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_DATED_KEY_H_
