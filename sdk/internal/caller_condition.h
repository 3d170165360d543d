// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CALLER_CONDITION_H_
#define LANYARD_SDK_INTERNAL_CALLER_CONDITION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/internal/peer_patterns.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::internal {

class IdentityState;

// Whether an Allow says anything that only a token of one issuer can mean: the same subject, scope
// or claim of another issuer is another.
bool NamesWhatATokenSays(const v1::Allow& allow);

// Checks one Allow by itself; the error says what would be right.
absl::Status ValidateAllow(const v1::Allow& allow);

// One Allow, ready to be asked. Immutable, thread-safe.
class CallerCondition {
 public:
  // `issuers`: the iss of each issuer, by its name in the config.
  CallerCondition(const v1::Allow& allow, const std::map<std::string, std::string>& issuers);

  // Whether a token that matches is good for one use.
  bool one_time() const { return allow_.one_time(); }

  // Whether the caller matches. If not, `why`, unless it is null, is set to the first condition
  // that fails, in words for operators.
  bool Matches(const Identity& caller, TokenConnection& connection, absl::Time now,
               std::string* why) const;

 private:
  struct Actor {
    std::string issuer;  // Its iss.
    NamePatterns subjects;
  };

  bool ActorMatches(const IdentityState& caller, std::string* why) const;
  bool TokenMatches(const IdentityState& caller, std::string* why) const;
  bool AgesMatch(const Identity& caller, absl::Time now, std::string* why) const;
  bool ClaimsMatch(const Identity& caller, std::string* why) const;
  bool PeerMatches(TokenConnection& connection, std::string* why) const;

  const v1::Allow allow_;
  const NamePatterns subjects_;
  const PeerPatterns peers_;
  std::vector<Actor> actors_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CALLER_CONDITION_H_
