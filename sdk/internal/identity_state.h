// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_
#define LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::internal {

// What stands behind an Identity. Immutable but for the claims message, made on demand.
struct IdentityState {
  bool authenticated = false;
  std::string issuer_name;
  std::string issuer;
  std::string subject;
  std::string actor_subject;
  std::string actor_issuer;
  std::string token_type;  // As NormalizedType() has it.
  std::string client_id;
  std::string token_id;
  std::string key_id;
  // What the verdict rests on: the key, and the config of the issuer.
  std::shared_ptr<const std::string> key_thumbprint;
  std::string verified_by;  // The key's id, whether the header names it or not.
  uint64_t issuer_fingerprint = 0;
  std::string claims_json;
  RegisteredClaims registered;
  std::vector<std::string> audiences;
  std::vector<std::string> roles;

  // The last instant at which the token is accepted: exp plus the issuer's leeway.
  absl::Time usable_until = absl::InfiniteFuture();
  // The same by Clock::SinceBoot(), from when the token was first seen: the earlier counts, so that
  // a clock that is set back lengthens no life.
  absl::Duration ends_since_boot = absl::InfiniteDuration();

  mutable std::once_flag claims_once;
  mutable v1::Claims claims;
};

// The one way to make an Identity: the Verifier's, and the test kit's.
struct IdentityAccess {
  static Identity Make(std::shared_ptr<const IdentityState> state) {
    return Identity(std::move(state));
  }
  static const IdentityState& StateOf(const Identity& identity) { return *identity.state_; }
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_
