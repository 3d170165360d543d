// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_PASSWORD_RULES_H_
#define LANYARD_ISSUER_PASSWORD_RULES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// What a new password must be: 15 to 128 bytes, or 8 to 128 and none of a list of those that
// everybody guesses first. Nothing is asked of its characters (NIST SP 800-63B section 5.1.1.2).
// These rules are for passwords that are set; one that was set under others still lets its owner
// in.
//
// Immutable, thread-safe.
class PasswordRules {
 public:
  // Without a list: 15 bytes at least.
  PasswordRules() = default;

  // With the list in a file, one password a line; what differs in the case of ASCII letters alone
  // is the same there. The error names the file, and the line that is no password. An empty list is
  // an error too.
  static absl::StatusOr<PasswordRules> WithBlocklist(const std::string& path);

  // INVALID_ARGUMENT, with what would be right, for one that may not be set. `password` is as
  // PasswordText() returns it; the message does not repeat it.
  absl::Status Check(const Secret& password) const;

  // In bytes.
  size_t min_bytes() const { return blocked_.empty() ? 15 : 8; }

 private:
  // Sorted hashes, because lists have a million lines: eight bytes each.
  std::vector<uint64_t> blocked_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_PASSWORD_RULES_H_
