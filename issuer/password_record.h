// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_PASSWORD_RECORD_H_
#define LANYARD_ISSUER_PASSWORD_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/crypto/scrypt.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// What is kept of a password, with all that it takes to check one against it:
//
//   $scrypt$ln=17,r=8,p=1$SALT$HASH
//
// as others write it too (the PHC string format): base64 of the usual alphabet, without padding.
struct PasswordRecord {
  ScryptCost cost;
  std::string salt;  // 16 to 64 bytes.
  Secret hash;       // 32 to 64 bytes.

  std::string ToText() const;

  // Strict, so that one record has one spelling. DATA_LOSS for anything else, which says what is
  // wrong and repeats none of it. Whether the cost can be afforded is not judged here.
  static absl::StatusOr<PasswordRecord> FromText(absl::string_view text);
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_PASSWORD_RECORD_H_
