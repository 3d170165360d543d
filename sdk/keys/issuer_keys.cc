// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/issuer_keys.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/keys/file_key_source.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {

namespace {

absl::StatusOr<std::shared_ptr<const KeySource>> KeysInConfig(const v1::Issuer& issuer,
                                                              KeyUse use) {
  const auto error = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("jwks: ", what));
  };
  const auto keys = KeySet::FromText(issuer.jwks());
  if (!keys.ok()) return error(keys.status().message());
  for (const Key& key : keys->keys()) {
    if (key.has_private() || key.is_hmac()) {
      return error("it holds a private key or a secret, and a config is for public ones only");
    }
  }
  auto bound = keys->BindTo(internal::AlgorithmsOf(issuer), use);
  if (!bound.ok()) return error(bound.status().message());
  for (const std::string& warning : bound->warnings()) {
    internal::LogLine(absl::StrCat("issuer ", issuer.name(), ": jwks: ", warning));
  }
  return std::make_shared<StaticKeySource>(*std::move(bound));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const KeySource>> KeysOf(
    const v1::Issuer& issuer, std::shared_ptr<const internal::HttpFetcher> https,
    std::shared_ptr<const Clock> clock) {
  const KeyUse use = internal::RulesOf(issuer).key_use;
  if (!issuer.jwks_file().empty()) {
    return FileKeySource::Create({issuer.jwks_file(), internal::AlgorithmsOf(issuer), use});
  }
  if (!issuer.jwks().empty()) return KeysInConfig(issuer, use);
  if (issuer.jwks_url().empty() && issuer.discovery_url().empty()) {
    return absl::InvalidArgumentError(
        "jwks, jwks_file, jwks_url or discovery_url: one of them is required: where the issuer's "
        "keys "
        "are");
  }
  if (https == nullptr) {
    return absl::InvalidArgumentError(
        "jwks_url and discovery_url need ServerAuthOptions.https = lanyard::Https(), of "
        "@lanyard_https//:https");
  }
  return RemoteKeySource::Create(RemoteKeysOf(issuer, std::move(https), std::move(clock)));
}

RemoteKeySourceOptions RemoteKeysOf(const v1::Issuer& issuer,
                                    std::shared_ptr<const internal::HttpFetcher> https,
                                    std::shared_ptr<const Clock> clock) {
  const v1::Fetch& fetch = issuer.fetch();
  RemoteKeySourceOptions options;
  options.name = issuer.name();
  options.algorithms = internal::AlgorithmsOf(issuer);
  options.use = internal::RulesOf(issuer).key_use;
  options.jwks_url = issuer.jwks_url();
  options.discovery_url = issuer.discovery_url();
  options.issuer = issuer.issuer();
  options.key_hosts.assign(fetch.key_hosts().begin(), fetch.key_hosts().end());
  options.bearer_token_file = fetch.bearer_token_file();
  options.bearer_hosts.assign(fetch.bearer_hosts().begin(), fetch.bearer_hosts().end());
  options.ca_file = fetch.ca_file();
  options.proxy = fetch.proxy();
  options.plaintext_http_is_trusted = fetch.plaintext_http_is_trusted();
  if (fetch.has_refresh()) options.refresh = internal::DurationOf(fetch.refresh());
  if (fetch.has_max_stale()) options.max_stale = internal::DurationOf(fetch.max_stale());
  options.https = std::move(https);
  options.clock = std::move(clock);
  return options;
}

}  // namespace lanyard
