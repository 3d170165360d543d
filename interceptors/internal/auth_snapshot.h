// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_AUTH_SNAPSHOT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_AUTH_SNAPSHOT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/peer_patterns.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/sdk/verifier.h"

namespace lanyard::internal {

class HttpFetcher;

// All that decisions are made of, as it was read together: it is replaced as a whole or not at all.
struct AuthSnapshot {
  struct Keys {
    std::string made_from;  // What of the issuer's config says where they come from.
    std::shared_ptr<const KeySource> source;
  };

  struct Revocations {
    std::string made_from;
    std::shared_ptr<const RevocationSource> source;
  };

  LoadedConfig config;
  std::map<std::string, Keys> keys;                // By the issuer's name.
  std::map<std::string, Revocations> revocations;  // The same, for those that have any.
  std::shared_ptr<const Verifier> verifier;
  std::shared_ptr<const Policy> policy;
  PeerPatterns trusted_proxies;

  // Whether the issuer's tokens can be judged now; else why not.
  absl::Status Health(const std::string& issuer) const;

  // Whether who comes so may say who its client is: `names` are those in its own certificate, if
  // that is vouched for.
  bool TrustsProxy(bool is_local, const PeerNames& names) const {
    return (is_local && config.config.local_proxy_is_trusted()) || trusted_proxies.Match(names);
  }

  // The candidate that is asked too and decides nothing; null without one.
  std::optional<LoadedConfig> shadow_config;
  std::shared_ptr<const Policy> shadow;
};

// Where a snapshot is read from.
struct SnapshotSources {
  std::vector<std::string> config_files;
  std::string config_text;
  std::vector<std::string> shadow_config_files;
  std::map<std::string, std::shared_ptr<const KeySource>> given_keys;  // By the issuer's name.
  std::map<std::string, std::shared_ptr<const RevocationSource>> given_revocations;
  std::shared_ptr<const HttpFetcher> https;  // May be null.
  std::shared_ptr<const Clock> clock;
  size_t cache_bytes;
};

// Reads the files anew. What has not changed since `previous`, which may be null, is taken from
// there: sources of keys and revocations with what they have heard, the verifier with its cache. A
// shadow that is not good is left out, with a line in the log: it can break nothing.
absl::StatusOr<std::shared_ptr<const AuthSnapshot>> LoadSnapshot(const SnapshotSources& sources,
                                                                 const Services& services,
                                                                 const AuthSnapshot* previous);

// The same config with the annotations of other services.
absl::StatusOr<std::shared_ptr<const AuthSnapshot>> WithServices(const AuthSnapshot& snapshot,
                                                                 const Services& services,
                                                                 absl::Time now);

// The longest token that a config accepts, in bytes.
uint32_t MaxTokenBytes(const v1::ServerConfig& config);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_AUTH_SNAPSHOT_H_
