// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_CLIENT_KEYS_H_
#define LANYARD_ISSUER_CLIENT_KEYS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::internal {

// The public keys that a client's assertions are signed with, each bound to one algorithm: its own,
// or that which its type stands for (ES256, ES384, ES512, EdDSA, RS256). Errors say what is wrong
// with the JWK Set: a private half, an HMAC secret, two keys of one id, none at all.
absl::StatusOr<KeySet> ReadClientKeys(absl::string_view jwks);

// What ReadClientKeys() may bind a key to.
std::vector<Algorithm> AssertionAlgorithms();

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_CLIENT_KEYS_H_
