// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_KEY_FILE_H_
#define LANYARD_TOOLS_LANYARD_KEY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// The keys in a file or, for "-", on standard input: a JWK Set, a JWK or PEM. What was left out of
// a set is said on `streams.err`. Errors name the file and no key bytes.
absl::StatusOr<KeySet> ReadKeys(const std::string& path, Streams& streams);

// The same for who needs public halves only: of a key directory those that are published.
absl::StatusOr<KeySet> ReadPublicKeys(const std::string& path, Streams& streams);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_KEY_FILE_H_
