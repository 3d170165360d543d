// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/auth_snapshot.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/keys/issuer_keys.h"
#include "lanyard/sdk/revocations/file_revocation_source.h"

namespace lanyard::internal {
namespace {

constexpr uint32_t kDefaultTokenBytes = 16 * 1024;

// The part of an issuer's config that its keys are made from.
std::string KeysMadeFrom(const v1::Issuer& issuer) {
  v1::Issuer part;
  part.set_name(issuer.name());
  part.set_issuer(issuer.issuer());
  part.set_trust_domain(issuer.trust_domain());
  *part.mutable_algorithms() = issuer.algorithms();
  part.set_jwks(issuer.jwks());
  part.set_jwks_file(issuer.jwks_file());
  part.set_jwks_url(issuer.jwks_url());
  part.set_discovery_url(issuer.discovery_url());
  if (issuer.has_fetch()) *part.mutable_fetch() = issuer.fetch();
  if (issuer.has_profile()) part.set_profile(issuer.profile());
  return part.SerializeAsString();
}

// Two issuers with one key: whoever holds it can sign for both, so each can name the other's
// callers.
void WarnOfTwinKeys(const AuthSnapshot& snapshot) {
  std::map<std::string, std::string> owners;  // Issuers by thumbprints.
  for (const auto& [name, made] : snapshot.keys) {
    const auto keys = made.source->Current();
    if (keys == nullptr) continue;
    for (const Key& key : keys->keys()) {
      const auto [owner, added] = owners.emplace(key.Thumbprint(), name);
      if (!added && owner->second != name) {
        LogLine(absl::StrCat("WARNING: the issuers ", owner->second, " and ", name,
                             " have the same key; each can sign for the other"));
      }
    }
  }
}

absl::Status AddKeys(const SnapshotSources& sources, const AuthSnapshot* previous,
                     AuthSnapshot* snapshot) {
  std::set<std::string> unused;
  for (const auto& given : sources.given_keys) unused.insert(given.first);
  for (const v1::Issuer& issuer : snapshot->config.config.issuers()) {
    const std::string& name = issuer.name();
    const auto given = sources.given_keys.find(name);
    if (given != sources.given_keys.end()) {
      unused.erase(name);
      snapshot->keys[name] = {"", given->second};
      continue;
    }
    std::string made_from = KeysMadeFrom(issuer);
    if (previous != nullptr) {
      const auto old = previous->keys.find(name);
      if (old != previous->keys.end() && old->second.made_from == made_from) {
        snapshot->keys[name] = old->second;
        continue;
      }
    }
    auto source = KeysOf(issuer, sources.https, sources.clock);
    if (!source.ok()) {
      return absl::Status(source.status().code(),
                          absl::StrCat("issuer \"", name, "\": ", source.status().message()));
    }
    snapshot->keys[name] = {std::move(made_from), *std::move(source)};
  }
  if (unused.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "ServerAuthOptions.key_sources: the config has no issuer named \"", *unused.begin(), "\""));
}

absl::StatusOr<AuthSnapshot::Revocations> RevocationsOf(const v1::Issuer& issuer,
                                                        const SnapshotSources& sources,
                                                        const AuthSnapshot* previous) {
  const std::string& file = issuer.revocations().file();
  const auto given = sources.given_revocations.find(issuer.name());
  if (given != sources.given_revocations.end()) {
    if (file.empty() && given->second != nullptr) {
      return AuthSnapshot::Revocations{"", given->second};
    }
    return absl::InvalidArgumentError(
        file.empty()
            ? "ServerAuthOptions.revocation_sources: the source is null"
            : "revocations.file: ServerAuthOptions.revocation_sources has a source for this "
              "issuer as well; only one of them");
  }
  if (file.empty()) {
    return absl::InvalidArgumentError(
        "revocations: name a file, or give ServerAuthOptions.revocation_sources a source for this "
        "issuer");
  }
  std::string made_from =
      absl::StrCat(IssuerText(issuer), "\n", issuer.revocations().SerializeAsString());
  if (previous != nullptr) {
    const auto old = previous->revocations.find(issuer.name());
    if (old != previous->revocations.end() && old->second.made_from == made_from) {
      return old->second;
    }
  }
  FileRevocationSourceOptions options;
  options.path = file;
  options.issuer = IssuerText(issuer);
  options.max_revocation_age = MaxRevocationAge(issuer.revocations());
  options.clock = sources.clock;
  auto source = FileRevocationSource::Create(std::move(options));
  if (!source.ok()) return source.status();
  return AuthSnapshot::Revocations{std::move(made_from), *std::move(source)};
}

absl::Status AddRevocations(const SnapshotSources& sources, const AuthSnapshot* previous,
                            AuthSnapshot* snapshot) {
  std::set<std::string> unused;
  for (const auto& given : sources.given_revocations) unused.insert(given.first);
  for (const v1::Issuer& issuer : snapshot->config.config.issuers()) {
    const bool is_given = unused.erase(issuer.name()) > 0;
    if (!issuer.has_revocations() && !is_given) continue;
    auto revocations = RevocationsOf(issuer, sources, previous);
    if (!revocations.ok()) {
      return absl::Status(
          revocations.status().code(),
          absl::StrCat("issuer \"", issuer.name(), "\": ", revocations.status().message()));
    }
    snapshot->revocations[issuer.name()] = *std::move(revocations);
  }
  if (unused.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("ServerAuthOptions.revocation_sources: the config has no issuer named \"",
                   *unused.begin(), "\""));
}

// Null for an issuer without.
std::shared_ptr<const RevocationSource> RevocationsIn(const AuthSnapshot& snapshot,
                                                      const std::string& issuer) {
  const auto found = snapshot.revocations.find(issuer);
  return found == snapshot.revocations.end() ? nullptr : found->second.source;
}

// Whether verdicts of one would be those of the other.
bool SameIssuers(const AuthSnapshot& a, const AuthSnapshot& b) {
  const v1::ServerConfig &x = a.config.config, &y = b.config.config;
  if (x.issuers_size() != y.issuers_size() || MaxTokenBytes(x) != MaxTokenBytes(y)) return false;
  for (int i = 0; i < x.issuers_size(); ++i) {
    const std::string& name = x.issuers(i).name();
    if (x.issuers(i).SerializeAsString() != y.issuers(i).SerializeAsString() ||
        a.keys.at(name).source != b.keys.at(name).source ||
        RevocationsIn(a, name) != RevocationsIn(b, name)) {
      return false;
    }
  }
  return true;
}

absl::Status AddVerifier(const SnapshotSources& sources, const AuthSnapshot* previous,
                         AuthSnapshot* snapshot) {
  if (previous != nullptr && SameIssuers(*previous, *snapshot)) {
    snapshot->verifier = previous->verifier;
    return absl::OkStatus();
  }
  VerifierOptions options;
  options.clock = sources.clock;
  options.cache_bytes = sources.cache_bytes;
  options.max_token_bytes = MaxTokenBytes(snapshot->config.config);
  for (const v1::Issuer& issuer : snapshot->config.config.issuers()) {
    const std::string& name = issuer.name();
    options.issuers.push_back(
        {issuer, snapshot->keys.at(name).source, RevocationsIn(*snapshot, name)});
  }
  auto verifier = Verifier::Create(std::move(options));
  if (!verifier.ok()) return verifier.status();
  snapshot->verifier = *std::move(verifier);
  WarnOfTwinKeys(*snapshot);
  return absl::OkStatus();
}

absl::Status AddPolicies(const Services& services, absl::Time now, AuthSnapshot* snapshot) {
  auto policy = Policy::Create(snapshot->config, services, now);
  if (!policy.ok()) return policy.status();
  snapshot->policy = *std::move(policy);
  snapshot->shadow = nullptr;
  if (!snapshot->shadow_config.has_value()) return absl::OkStatus();
  auto shadow = Policy::Create(*snapshot->shadow_config, services, now);
  if (shadow.ok()) {
    snapshot->shadow = *std::move(shadow);
  } else {
    LogLine(absl::StrCat("the shadow config is left out: ", shadow.status().message()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AuthSnapshot::Health(const std::string& issuer) const {
  absl::Status health = keys.at(issuer).source->Health();
  const auto source = RevocationsIn(*this, issuer);
  if (health.ok() && source != nullptr) health = source->Health();
  return health;
}

uint32_t MaxTokenBytes(const v1::ServerConfig& config) {
  return config.max_token_bytes() == 0 ? kDefaultTokenBytes : config.max_token_bytes();
}

absl::StatusOr<std::shared_ptr<const AuthSnapshot>> LoadSnapshot(const SnapshotSources& sources,
                                                                 const Services& services,
                                                                 const AuthSnapshot* previous) {
  auto snapshot = std::make_shared<AuthSnapshot>();
  auto config = LoadConfig(sources.config_files, sources.config_text);
  if (!config.ok()) return config.status();
  snapshot->config = *std::move(config);
  snapshot->trusted_proxies = PeerPatterns(snapshot->config.config.trusted_proxies());
  if (absl::Status s = AddKeys(sources, previous, snapshot.get()); !s.ok()) return s;
  if (absl::Status s = AddRevocations(sources, previous, snapshot.get()); !s.ok()) return s;
  if (absl::Status s = AddVerifier(sources, previous, snapshot.get()); !s.ok()) return s;
  if (!sources.shadow_config_files.empty()) {
    auto shadow = LoadConfig(sources.shadow_config_files, "");
    if (shadow.ok()) {
      snapshot->shadow_config = *std::move(shadow);
    } else {
      LogLine(absl::StrCat("the shadow config is left out: ", shadow.status().message()));
    }
  }
  if (absl::Status s = AddPolicies(services, sources.clock->Now(), snapshot.get()); !s.ok()) {
    return s;
  }
  return std::shared_ptr<const AuthSnapshot>(std::move(snapshot));
}

absl::StatusOr<std::shared_ptr<const AuthSnapshot>> WithServices(const AuthSnapshot& snapshot,
                                                                 const Services& services,
                                                                 absl::Time now) {
  auto copy = std::make_shared<AuthSnapshot>(snapshot);
  if (absl::Status s = AddPolicies(services, now, copy.get()); !s.ok()) return s;
  return std::shared_ptr<const AuthSnapshot>(std::move(copy));
}

}  // namespace lanyard::internal
