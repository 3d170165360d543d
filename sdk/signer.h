// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_SIGNER_H_
#define LANYARD_SDK_SIGNER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard {

struct SignerOptions {
  // One of the two is required: a private key (or an HMAC secret), or a directory of keys that
  // rotate, of which each token is signed by the one that is active. The key's id becomes kid.
  std::optional<Key> key;
  std::shared_ptr<const KeyDirectory> key_directory;

  // Only with `key`, and required if it fits several algorithms and does not say its own,
  // as an RSA key from PEM.
  std::optional<Algorithm> algorithm;

  // typ (RFC 7515 section 4.1.9). The default marks an access token (RFC 9068 section 2.1).
  std::string type = "at+jwt";
};

// Signs claims into compact JWTs (RFC 7519 section 7.1). Thread-safe.
//
//   absl::StatusOr<std::string> token = signer->Sign(claims);
class Signer {
 public:
  // Fails without a private key, or where the algorithm is open.
  static absl::StatusOr<std::unique_ptr<Signer>> Create(SignerOptions options);

  // Signs the claims as they are; nothing is added. Error for claims that JSON cannot hold.
  absl::StatusOr<std::string> Sign(const v1::Claims& claims) const;

 private:
  Signer(std::optional<Key> key, std::shared_ptr<const KeyDirectory> directory, std::string type)
      : key_(std::move(key)), directory_(std::move(directory)), type_(std::move(type)) {}

  const std::optional<Key> key_;  // With its algorithm; else there is a directory.
  const std::shared_ptr<const KeyDirectory> directory_;
  const std::string type_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_SIGNER_H_
