// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_OUTPUT_H_
#define LANYARD_TOOLS_LANYARD_KEY_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// Hands keys out as the options of a key command ask: into the file of --out, which only its owner
// may read, or to standard output; with --json as "key" of an object that also has "keys", what is
// public about each. Returns the exit code.
absl::StatusOr<int> WriteKeys(const Arguments& arguments, const std::vector<Key>& keys,
                              const std::string& format, const internal::Secret& text,
                              Streams& streams);

// The options that WriteKeys() reads.
Option OutOption();
Option ForceOption();

// "[{"kid":…,"alg":…,"thumbprint":…},…]"; the thumbprint of an HMAC secret is left out, since it is
// a hash of the secret.
std::string KeyList(const std::vector<Key>& keys);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_OUTPUT_H_
