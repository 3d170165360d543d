// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_REMOTE_KEY_SOURCE_H_
#define LANYARD_SDK_KEYS_REMOTE_KEY_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard {
namespace internal {
class HttpFetcher;
}

struct RemoteKeySourceOptions {
  // Required. What log lines call the issuer.
  std::string name;

  // Required. What the keys are bound to, see KeySet::FromRemote.
  std::vector<Algorithm> algorithms;

  // With kJwtSvid the set is a SPIFFE bundle; its spiffe_refresh_hint counts as Cache-Control does.
  KeyUse use = KeyUse::kSignature;

  // One of the two is required: where the JWK Set is, or the metadata document that says so
  // (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3). `issuer` is then required: what
  // the document must name, byte by byte.
  std::string jwks_url;
  std::string discovery_url;
  std::string issuer;

  // Hosts beside the metadata document's own that its jwks_uri may name, as "https://host[:port]".
  std::vector<std::string> key_hosts;

  // A file whose token is sent to `bearer_hosts` alone, as a Kubernetes API server asks for. Read
  // anew for each request.
  std::string bearer_token_file;
  std::vector<std::string> bearer_hosts;

  // PEM certificates to trust in place of the system's. And a proxy's URL, without a password; the
  // environment's proxies are not used.
  std::string ca_file;
  std::string proxy;

  // Allows http:// URLs: whoever is on the network may then sign any token.
  bool plaintext_http_is_trusted = false;

  // How often the keys are fetched, from 1 s, and how old they may become while that fails, at
  // least twice that and at most 24 h. Cache-Control may shorten the former, down to a minute.
  absl::Duration refresh = absl::Minutes(5);
  absl::Duration max_stale = absl::Hours(1);

  // Required: lanyard::Https() of @lanyard_https//:https.
  std::shared_ptr<const internal::HttpFetcher> https;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Keys that are fetched over HTTPS, again and again, in the background. While a fetch fails the
// last good set stays, up to max_stale; a set that lacks a key removes it at once, and one without
// keys removes them all. Never has HMAC secrets. Changes of state are logged, one line each.
//
// Create() does not wait for the first fetch, so a server may start before its issuer.
//
// Thread-safe. Owns one thread, joined by the destructor, which ends a fetch that is under way.
class RemoteKeySource : public KeySource {
 public:
  // Fails for options that are missing or make no sense; the message names the field.
  static absl::StatusOr<std::unique_ptr<RemoteKeySource>> Create(RemoteKeySourceOptions options);

  // For tests and metrics: how many fetches have ended, well or not.
  virtual int64_t fetches() const = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_REMOTE_KEY_SOURCE_H_
