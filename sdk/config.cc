// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/config.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/config_text.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/peer_patterns.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxConfigBytes = 1 << 20;

class Loader {
 public:
  absl::Status Add(absl::string_view text, const std::string& file, const std::string& folder) {
    last_file_ = file;
    v1::ServerConfig part;
    internal::ConfigText places;
    if (absl::Status status = places.Parse(text, file, &part); !status.ok()) return status;
    for (const auto& [field, count] :
         {std::pair("issuers", part.issuers_size()), std::pair("rules", part.rules_size()),
          std::pair("deny", part.deny_size()), std::pair("settings", part.settings_size())}) {
      if (absl::Status status = places.CheckEachHasItsLine(field, count); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.issuers_size(); ++i) {
      absl::Status status =
          internal::ExpandConfigPart(part.mutable_issuers(i), places.PlaceOf("issuers", i),
                                     absl::StrCat("issuer \"", part.issuers(i).name(), "\""));
      if (!status.ok()) return status;
      if (status = AddIssuer(part.issuers(i), places.PlaceOf("issuers", i), folder); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.rules_size(); ++i) {
      absl::Status status =
          internal::ExpandConfigPart(part.mutable_rules(i), places.PlaceOf("rules", i),
                                     absl::StrCat("rule for ", part.rules(i).method()));
      if (!status.ok()) return status;
      if (status = AddRule(part.rules(i), places.PlaceOf("rules", i)); !status.ok()) return status;
    }
    for (int i = 0; i < part.deny_size(); ++i) {
      absl::Status variables =
          internal::ExpandConfigPart(part.mutable_deny(i), places.PlaceOf("deny", i), "deny");
      if (!variables.ok()) return variables;
      if (absl::Status status = AddDeny(part.deny(i), places.PlaceOf("deny", i)); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.settings_size(); ++i) {
      absl::Status variables =
          internal::ExpandConfigPart(part.mutable_settings(i), places.PlaceOf("settings", i),
                                     absl::StrCat("settings of ", part.settings(i).method()));
      if (!variables.ok()) return variables;
      if (absl::Status status = AddSettings(part.settings(i), places.PlaceOf("settings", i));
          !status.ok()) {
        return status;
      }
    }
    if (part.has_health()) {
      const std::string place = places.PlaceOf("health");
      if (part.health() != v1::ANYONE && part.health() != v1::ANYONE_MAY_WATCH) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": health: must be ANYONE or ANYONE_MAY_WATCH, or left out"));
      }
      if (absl::Status status = Once("health", place); !status.ok()) return status;
      loaded_.config.set_health(part.health());
    }
    if (part.has_reflection()) {
      const std::string place = places.PlaceOf("reflection");
      if (part.reflection() != v1::ANY_AUTHENTICATED &&
          part.reflection() != v1::REFLECTION_FOR_ANYONE) {
        return absl::InvalidArgumentError(absl::StrCat(
            place,
            ": reflection: must be ANY_AUTHENTICATED or REFLECTION_FOR_ANYONE, or left out"));
      }
      if (absl::Status status = Once("reflection", place); !status.ok()) return status;
      loaded_.config.set_reflection(part.reflection());
    }
    if (part.has_on_audit_failure()) {
      const std::string place = places.PlaceOf("on_audit_failure");
      if (part.on_audit_failure() != v1::CONTINUE && part.on_audit_failure() != v1::DENY) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": on_audit_failure: must be CONTINUE or DENY, or left out"));
      }
      if (absl::Status status = Once("on_audit_failure", place); !status.ok()) return status;
      loaded_.config.set_on_audit_failure(part.on_audit_failure());
    }
    v1::ServerConfig rest;
    *rest.mutable_annotation_issuers() = part.annotation_issuers();
    *rest.mutable_trusted_proxies() = part.trusted_proxies();
    if (absl::Status status = internal::ExpandConfigPart(&rest, file, "config"); !status.ok())
      return status;
    absl::Status proxies = internal::PeerPatterns::Validate(rest.trusted_proxies());
    if (!proxies.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(places.PlaceOf("trusted_proxies", 0),
                                                     ": trusted_proxies: ", proxies.message()));
    }
    loaded_.config.MergeFrom(rest);
    if (part.local_proxy_is_trusted()) loaded_.config.set_local_proxy_is_trusted(true);
    if (part.has_max_token_bytes()) {
      const std::string place = places.PlaceOf("max_token_bytes");
      if (part.max_token_bytes() < 256 || part.max_token_bytes() > 65536) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": max_token_bytes must be 256 to 65536"));
      }
      if (absl::Status status = Once("max_token_bytes", place); !status.ok()) return status;
      loaded_.config.set_max_token_bytes(part.max_token_bytes());
    }
    if (part.single_replica()) loaded_.config.set_single_replica(true);
    if (part.loopback_is_trusted()) loaded_.config.set_loopback_is_trusted(true);
    return absl::OkStatus();
  }

  absl::StatusOr<LoadedConfig> Finish() {
    if (loaded_.config.issuers().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(last_file_, ": no issuers { … }: no token could be accepted"));
    }
    const v1::ServerConfig& config = loaded_.config;
    for (v1::Issuer& issuer : *loaded_.config.mutable_issuers()) {
      if (config.issuers_size() == 1) break;
      if (absl::Status status = internal::CompleteMayAssert(&issuer); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(seen_["name " + issuer.name()],
                                                       ": issuer \"", issuer.name(),
                                                       "\": ", status.message()));
      }
    }
    for (int i = 0; i < config.rules_size(); ++i) {
      absl::Status status = internal::CheckRuleIssuers(config.rules(i), config);
      if (status.ok()) status = internal::CheckOneTime(config.rules(i), config);
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(loaded_.rule_locations[i], ": ", status.message()));
      }
    }
    for (int i = 0; i < config.deny_size(); ++i) {
      if (absl::Status status = internal::CheckDenyIssuers(config.deny(i), config); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(deny_locations_[i], ": ", status.message()));
      }
    }
    if (absl::Status status = internal::CheckAnnotationIssuers(config); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(last_file_, ": ", status.message()));
    }
    return std::move(loaded_);
  }

 private:
  absl::Status AddIssuer(v1::Issuer issuer, const std::string& place, const std::string& folder) {
    absl::Status status = internal::ValidateIssuer(issuer);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": issuer \"", issuer.name(), "\": ", status.message()));
    }
    if (issuer.replaces()) {
      if (absl::Status s = RemoveIssuer(issuer.name(), place); !s.ok()) return s;
    }
    for (const std::string& what : NamesOf(issuer)) {
      const auto added = seen_.emplace(what, place);
      if (!added.second) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": issuer \"", issuer.name(), "\" has the same ",
                         what.substr(0, what.find(' ')), " as the one at ", added.first->second));
      }
    }
    internal::AnchorPath(folder, issuer.mutable_jwks_file());
    if (issuer.has_fetch()) {
      internal::AnchorPath(folder, issuer.mutable_fetch()->mutable_ca_file());
      internal::AnchorPath(folder, issuer.mutable_fetch()->mutable_bearer_token_file());
    }
    if (issuer.has_revocations()) {
      internal::AnchorPath(folder, issuer.mutable_revocations()->mutable_file());
    }
    *loaded_.config.add_issuers() = std::move(issuer);
    return absl::OkStatus();
  }

  absl::Status AddDeny(const v1::Deny& deny, const std::string& place) {
    if (absl::Status status = internal::ValidateDeny(deny); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
    }
    *loaded_.config.add_deny() = deny;
    deny_locations_.push_back(place);
    return absl::OkStatus();
  }

  absl::Status AddSettings(const v1::MethodSettings& settings, const std::string& place) {
    if (absl::Status status = internal::ValidateSettings(settings); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
    }
    if (absl::Status status = Once("settings of " + settings.method(), place); !status.ok()) {
      return status;
    }
    *loaded_.config.add_settings() = settings;
    loaded_.settings_locations.push_back(place);
    return absl::OkStatus();
  }

  absl::Status AddRule(const v1::Rule& rule, const std::string& place) {
    if (absl::Status status = internal::ValidateRule(rule); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
    }
    const auto [seen, added] = seen_.emplace("method " + rule.method(), place);
    if (!added && !rule.replaces()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": a rule for ", rule.method(),
                                                     " stands already at ", seen->second,
                                                     "; to take its place, say replaces: true"));
    }
    if (rule.replaces() && (added || FileOf(seen->second) == last_file_)) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": replaces: no rule for ",
                                                     rule.method(), " stands in an earlier file"));
    }
    if (added) {
      *loaded_.config.add_rules() = rule;
      loaded_.rule_locations.push_back(place);
      return absl::OkStatus();
    }
    seen->second = place;
    for (int i = 0; i < loaded_.config.rules_size(); ++i) {
      if (loaded_.config.rules(i).method() != rule.method()) continue;
      *loaded_.config.mutable_rules(i) = rule;
      loaded_.rule_locations[i] = place;
    }
    return absl::OkStatus();
  }

  // Of "FILE:LINE".
  static std::string FileOf(const std::string& place) { return place.substr(0, place.rfind(':')); }

  // What only one issuer may have.
  static std::vector<std::string> NamesOf(const v1::Issuer& issuer) {
    std::vector<std::string> names = {"name " + issuer.name(),
                                      "iss " + internal::IssuerText(issuer)};
    if (!issuer.trust_domain().empty()) names.push_back("trust_domain " + issuer.trust_domain());
    return names;
  }

  absl::Status RemoveIssuer(const std::string& name, const std::string& place) {
    auto& issuers = *loaded_.config.mutable_issuers();
    for (int i = 0; i < issuers.size(); ++i) {
      if (issuers[i].name() != name || FileOf(seen_["name " + name]) == last_file_) continue;
      for (const std::string& what : NamesOf(issuers[i])) seen_.erase(what);
      issuers.DeleteSubrange(i, 1);
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(place, ": issuer \"", name,
                                                   "\": replaces: none of that name stands in an "
                                                   "earlier file"));
  }

  absl::Status Once(const std::string& what, const std::string& place) {
    const auto added = seen_.emplace(what, place);
    if (added.second) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": ", what, " stands already at ", added.first->second));
  }

  LoadedConfig loaded_;
  std::vector<std::string> deny_locations_;
  std::map<std::string, std::string> seen_;  // What may stand once, and where it stands.
  std::string last_file_ = "config_text";    // What an error of the whole names.
};

// An error that repeats names of the config, which may be anything.
absl::Status Shown(const absl::Status& status) {
  return absl::Status(status.code(), internal::Printable(status.message(), 1000));
}

}  // namespace

absl::StatusOr<LoadedConfig> LoadConfig(const std::vector<std::string>& paths,
                                        absl::string_view text) {
  Loader loader;
  for (const std::string& path : paths) {
    auto content = internal::ReadFile(path, kMaxConfigBytes);
    if (!content.ok()) return content.status();
    absl::Status status = loader.Add(content->view(), path, internal::FolderOf(path));
    if (!status.ok()) {
      return Shown(status);
    }
  }
  if (!text.empty()) {
    if (absl::Status status = loader.Add(text, "config_text", ""); !status.ok()) {
      return Shown(status);
    }
  }
  auto loaded = loader.Finish();
  if (!loaded.ok()) return Shown(loaded.status());
  return loaded;
}

}  // namespace lanyard
