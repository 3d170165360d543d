// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_SLOW_VERIFY_H_
#define LANYARD_TESTS_FUZZ_SLOW_VERIFY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::fuzz {

struct SlowIssuer {
  internal::IssuerRules rules;
  KeySet keys;
};

// What a token says, or why it is refused.
struct SlowVerdict {
  std::optional<AuthFailure> failure;

  std::string issuer_name, issuer, client_id, token_id, key_id, payload;
  std::optional<std::string> subject;
  std::vector<std::string> audiences, scopes;
  absl::Time expires_at;
  bool has_actor = false;
  bool bound = false;
  std::string certificate_sha256;  // Empty where it is bound to something that cannot be checked.
};

// The checks of docs/concepts/verification.md written a second time, by nothing that VerifyToken is
// made of but the keys' own Verify.
SlowVerdict SlowVerify(const std::string& token, size_t max_bytes,
                       const std::vector<SlowIssuer>& issuers, absl::Time now);

// Whether the identity says what the verdict says.
bool SaysTheSame(const Identity& identity, const SlowVerdict& verdict);

}  // namespace lanyard::fuzz

#endif  // LANYARD_TESTS_FUZZ_SLOW_VERIFY_H_
