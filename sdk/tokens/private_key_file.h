// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_PRIVATE_KEY_FILE_H_
#define LANYARD_SDK_TOKENS_PRIVATE_KEY_FILE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/signer.h"

namespace lanyard::internal {

// A private key, PEM or JWK, in a file that is its owner's alone, and what it signs with.
struct PrivateKeyFile {
  std::string path;
  // Required if the key fits several algorithms and does not say its own.
  std::optional<Algorithm> algorithm;
  // By default the JWK's own, or the key's thumbprint.
  std::string key_id;
};

// What signs tokens of that typ with the key as it is in the file now. Errors begin with
// `path_field`, and name `algorithm_field` where that is missing: UNAVAILABLE for a file that
// cannot be read, UNAUTHENTICATED for one that does not hold what it should.
absl::StatusOr<std::unique_ptr<Signer>> SignerFromFile(const PrivateKeyFile& file,
                                                       const std::string& type,
                                                       absl::string_view path_field,
                                                       absl::string_view algorithm_field);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_PRIVATE_KEY_FILE_H_
