// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_FIXED_KEYS_H_
#define LANYARD_TESTS_FUZZ_FIXED_KEYS_H_

#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::fuzz {

// A private key for that algorithm, the same in every process but for RSA, so that an input does
// the same when it is run again. It is made of the label, and is no secret. Its id is the label.
Key FixedKey(Algorithm algorithm, absl::string_view label);

}  // namespace lanyard::fuzz

#endif  // LANYARD_TESTS_FUZZ_FIXED_KEYS_H_
