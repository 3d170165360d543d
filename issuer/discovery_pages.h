// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_DISCOVERY_PAGES_H_
#define LANYARD_ISSUER_DISCOVERY_PAGES_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard::internal {

// What an issuer says of itself in public: its keys (RFC 7517), and where those are, in the
// document of OpenID Connect Discovery 1.0 and that of RFC 8414. They say no more than is true:
// tokens come by gRPC, so there is no endpoint, grant or response type.
//
// Thread-safe.
class DiscoveryPages {
 public:
  // `issuer` as tokens say it: an https URL without query, fragment and dot segments, whose origin
  // is where clients reach these pages. INVALID_ARGUMENT for anything else.
  static absl::StatusOr<DiscoveryPages> Create(const std::string& issuer,
                                               std::shared_ptr<const KeySource> keys);

  struct Page {
    std::string body;  // JSON.
    std::string etag;  // With its quotes.
  };

  // The page at a path, byte by byte as it stands in a request; nothing if there is none there.
  // UNAVAILABLE while there are no keys, or none that may be published.
  std::optional<absl::StatusOr<Page>> At(absl::string_view path) const;

 private:
  DiscoveryPages() = default;

  std::string Metadata(const KeySet& keys) const;

  std::string issuer_, jwks_uri_;
  std::string openid_path_, oauth_path_;
  std::shared_ptr<const KeySource> keys_;
};

// Whether an If-None-Match names that tag, or any at all (RFC 9110 section 13.1.2).
bool MatchesEtag(absl::string_view if_none_match, absl::string_view etag);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_DISCOVERY_PAGES_H_
