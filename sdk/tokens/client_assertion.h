// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CLIENT_ASSERTION_H_
#define LANYARD_SDK_TOKENS_CLIENT_ASSERTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/tokens/private_key_file.h"

namespace lanyard::internal {

// What a client signs to prove who it is (RFC 7523 section 3), good for a minute: the key is read
// from its file now. Errors are those of SignerFromFile(), about "private_key_file" and
// "private_key_algorithm".
absl::StatusOr<std::string> ClientAssertion(const PrivateKeyFile& key, const std::string& client_id,
                                            const std::string& audience, absl::Time now);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_CLIENT_ASSERTION_H_
