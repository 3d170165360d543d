// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/config.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/config_variables.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/peer_patterns.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/version.h"

namespace lanyard {
namespace {

using google::protobuf::TextFormat;

constexpr size_t kMaxConfigBytes = 1 << 20;

// What the text format's parser says, with the field that was most likely meant where it knows none
// of that name: Message type "lanyard.v1.Allow" has no field named "all_scope".
std::string WithNearestField(const std::string& message) {
  const std::vector<std::string> parts = absl::StrSplit(message, '"');
  if (parts.size() != 5 || parts[2] != " has no field named ") return message;
  const auto* pool = v1::ServerConfig::descriptor()->file()->pool();
  const auto* type = pool->FindMessageTypeByName(parts[1]);
  if (type == nullptr) return message;
  std::vector<std::string> fields;
  for (int i = 0; i < type->field_count(); ++i) fields.emplace_back(type->field(i)->name());
  const std::string meant = internal::DidYouMean(parts[3], fields);
  return meant.empty() ? message : absl::StrCat(absl::StripSuffix(message, "."), meant);
}

// Keeps the first error, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view file) : file_(file) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ",
                         WithNearestField(internal::WithoutSecrets(message)));
  }
  // Newer protobufs call this one, and take string views.
  void RecordError(int line, int column, absl::string_view message) {
    AddError(line, column, std::string(message));
  }
  const std::string& text() const { return text_; }

 private:
  std::string file_;
  std::string text_;
};

// Where the parts of one text stand.
class Places {
 public:
  Places(absl::string_view file, const TextFormat::ParseInfoTree* tree)
      : file_(file), tree_(tree) {}
  // Whether every element has a place of its own; in list syntax they share one.
  bool HasEach(const char* field, int count) const {
    const auto* descriptor = v1::ServerConfig::descriptor()->FindFieldByName(field);
    return count == 0 || tree_->GetLocation(descriptor, count - 1).line >= 0;
  }
  std::string Of(const char* field, int index) const {
    const auto* descriptor = v1::ServerConfig::descriptor()->FindFieldByName(field);
    return absl::StrCat(file_, ":", tree_->GetLocation(descriptor, index).line + 1);
  }

 private:
  std::string file_;
  const TextFormat::ParseInfoTree* tree_;  // Not owned.
};

class Loader {
 public:
  absl::Status Add(absl::string_view text, const std::string& file, const std::string& folder) {
    last_file_ = file;
    v1::ServerConfig part;
    TextFormat::ParseInfoTree tree;
    if (absl::Status status = CheckVersion(text, file); !status.ok()) return status;
    FirstError error(file);
    TextFormat::Parser parser;
    parser.RecordErrorsTo(&error);
    parser.WriteLocationsTo(&tree);
    if (!parser.ParseFromString(std::string(text), &part)) {
      return absl::InvalidArgumentError(error.text().empty() ? absl::StrCat(file, ": not a config")
                                                             : error.text());
    }
    const Places places(file, &tree);
    for (const auto& [field, count] :
         {std::pair("issuers", part.issuers_size()), std::pair("rules", part.rules_size()),
          std::pair("deny", part.deny_size()), std::pair("settings", part.settings_size())}) {
      if (!places.HasEach(field, count)) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": write ", field, " { … } once for each, not as a list ", field,
                         ": [ … ], so that messages can name their lines"));
      }
    }
    for (int i = 0; i < part.issuers_size(); ++i) {
      absl::Status status = Expanded(part.mutable_issuers(i), places.Of("issuers", i),
                                     absl::StrCat("issuer \"", part.issuers(i).name(), "\""));
      if (!status.ok()) return status;
      if (status = AddIssuer(part.issuers(i), places.Of("issuers", i), folder); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.rules_size(); ++i) {
      absl::Status status = Expanded(part.mutable_rules(i), places.Of("rules", i),
                                     absl::StrCat("rule for ", part.rules(i).method()));
      if (!status.ok()) return status;
      if (status = AddRule(part.rules(i), places.Of("rules", i)); !status.ok()) return status;
    }
    for (int i = 0; i < part.deny_size(); ++i) {
      absl::Status variables = Expanded(part.mutable_deny(i), places.Of("deny", i), "deny");
      if (!variables.ok()) return variables;
      if (absl::Status status = AddDeny(part.deny(i), places.Of("deny", i)); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.settings_size(); ++i) {
      absl::Status variables = Expanded(part.mutable_settings(i), places.Of("settings", i),
                                        absl::StrCat("settings of ", part.settings(i).method()));
      if (!variables.ok()) return variables;
      if (absl::Status status = AddSettings(part.settings(i), places.Of("settings", i));
          !status.ok()) {
        return status;
      }
    }
    if (part.has_health()) {
      const std::string place = places.Of("health", -1);
      if (part.health() != v1::ANYONE && part.health() != v1::ANYONE_MAY_WATCH) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": health: must be ANYONE or ANYONE_MAY_WATCH, or left out"));
      }
      if (absl::Status status = Once("health", place); !status.ok()) return status;
      loaded_.config.set_health(part.health());
    }
    if (part.has_reflection()) {
      const std::string place = places.Of("reflection", -1);
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
      const std::string place = places.Of("on_audit_failure", -1);
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
    if (absl::Status status = Expanded(&rest, file, "config"); !status.ok()) return status;
    absl::Status proxies = internal::PeerPatterns::Validate(rest.trusted_proxies());
    if (!proxies.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(places.Of("trusted_proxies", 0), ": trusted_proxies: ", proxies.message()));
    }
    loaded_.config.MergeFrom(rest);
    if (part.local_proxy_is_trusted()) loaded_.config.set_local_proxy_is_trusted(true);
    if (part.has_max_token_bytes()) {
      const std::string place = places.Of("max_token_bytes", -1);
      if (part.max_token_bytes() < 256 || part.max_token_bytes() > 65536) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": max_token_bytes must be 256 to 65536"));
      }
      if (absl::Status status = Once("max_token_bytes", place); !status.ok()) return status;
      loaded_.config.set_max_token_bytes(part.max_token_bytes());
    }
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
      if (absl::Status status = internal::CheckRuleIssuers(config.rules(i), config); !status.ok()) {
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
  // Looked at before all else: what a newer Lanyard reads may be a mystery to this one.
  static absl::Status CheckVersion(absl::string_view text, const std::string& file) {
    const std::string text_of_version = MinVersionIn(text, file);
    if (text_of_version.empty()) return absl::OkStatus();
    const auto wanted = VersionOf(text_of_version);
    if (!wanted.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": min_lanyard_version: \"",
                                                     text_of_version,
                                                     "\" is not a version, as in \"0.2.0\""));
    }
    if (*wanted <= *VersionOf(kLanyardVersion)) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(file, ": this config needs Lanyard ", text_of_version,
                     " or newer (min_lanyard_version), and this is ", kLanyardVersion));
  }

  // What min_lanyard_version says, by the words alone: the rest may be a mystery. Empty without it.
  static std::string MinVersionIn(absl::string_view text, const std::string& file) {
    FirstError ignored(file);  // The parser will name it.
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    google::protobuf::io::Tokenizer tokens(&stream, &ignored);
    tokens.set_comment_style(google::protobuf::io::Tokenizer::SH_COMMENT_STYLE);
    int depth = 0;
    int words = 0;  // Of "min_lanyard_version :" seen in a row.
    while (tokens.Next()) {
      const auto& token = tokens.current();
      if (words == 2 && token.type == google::protobuf::io::Tokenizer::TYPE_STRING) {
        std::string version;
        google::protobuf::io::Tokenizer::ParseStringAppend(token.text, &version);
        return version;
      }
      depth += token.text == "{" || token.text == "<";
      depth -= token.text == "}" || token.text == ">";
      words = depth == 0 && token.text == "min_lanyard_version" ? 1
              : words == 1 && token.text == ":"                 ? 2
                                                                : 0;
    }
    return "";
  }

  // "1.2.3" in numbers.
  static std::optional<std::array<int, 3>> VersionOf(absl::string_view text) {
    const std::vector<std::string> parts = absl::StrSplit(text, '.');
    std::array<int, 3> version;
    if (parts.size() != version.size()) return std::nullopt;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!absl::SimpleAtoi(parts[i], &version[i]) || version[i] < 0) return std::nullopt;
    }
    return version;
  }

  // Makes a path relative to the config file's folder.
  static void Anchor(const std::string& folder, std::string* path) {
    if (path->empty() || folder.empty() || absl::StartsWith(*path, "/")) return;
    *path = absl::StrCat(folder, "/", *path);
  }

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
    Anchor(folder, issuer.mutable_jwks_file());
    if (issuer.has_fetch()) {
      Anchor(folder, issuer.mutable_fetch()->mutable_ca_file());
      Anchor(folder, issuer.mutable_fetch()->mutable_bearer_token_file());
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

  // Puts variables into a part of the config; the error names it.
  static absl::Status Expanded(google::protobuf::Message* part, const std::string& place,
                               absl::string_view what) {
    const absl::Status status = internal::ExpandVariables(part);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat(place, ": ", what, ": ", status.message()));
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
    const size_t slash = path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? std::string() : path.substr(0, slash == 0 ? 1 : slash);
    if (absl::Status status = loader.Add(content->view(), path, folder); !status.ok()) {
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
