// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_PEER_PATTERNS_H_
#define LANYARD_SDK_INTERNAL_PEER_PATTERNS_H_

#include "absl/status/status.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard::internal {

// Names of client certificates in a config: URIs, exact or with a prefix, and exact DNS names.
class PeerPatterns {
 public:
  PeerPatterns() = default;

  // Of valid patterns.
  explicit PeerPatterns(const Strings& patterns);

  // Checks them; the error says what would be right.
  static absl::Status Validate(const Strings& patterns);

  bool empty() const { return uris_.empty() && dns_.empty(); }

  // Whether any of the names matches.
  bool Match(const PeerNames& names) const;

 private:
  NamePatterns uris_, dns_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_PEER_PATTERNS_H_
