// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/policy.h"

namespace lanyard {
namespace {

using google::protobuf::TextFormat;

constexpr size_t kMaxConfigBytes = 1 << 20;

// Keeps the first error, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view file) : file_(file) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ",
                         internal::WithoutSecrets(message));
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
         {std::pair("issuers", part.issuers_size()), std::pair("rules", part.rules_size())}) {
      if (!places.HasEach(field, count)) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": write ", field, " { … } once for each, not as a list ", field,
                         ": [ … ], so that messages can name their lines"));
      }
    }
    for (int i = 0; i < part.issuers_size(); ++i) {
      if (absl::Status status = AddIssuer(part.issuers(i), places.Of("issuers", i), folder);
          !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < part.rules_size(); ++i) {
      if (absl::Status status = AddRule(part.rules(i), places.Of("rules", i)); !status.ok()) {
        return status;
      }
    }
    if (part.has_health()) {
      const std::string place = places.Of("health", -1);
      if (part.health() != v1::ANYONE) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": health: must be ANYONE, or left out"));
      }
      if (absl::Status status = Once("health", place); !status.ok()) return status;
      loaded_.config.set_health(part.health());
    }
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
    for (int i = 0; i < loaded_.config.rules_size(); ++i) {
      if (absl::Status status = CheckRuleIssuers(loaded_.config.rules(i), loaded_.config);
          !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(loaded_.rule_locations[i], ": ", status.message()));
      }
    }
    return std::move(loaded_);
  }

 private:
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
    const std::pair<const char*, std::string> names[] = {{"name", issuer.name()},
                                                         {"iss", internal::IssuerText(issuer)},
                                                         {"trust_domain", issuer.trust_domain()}};
    for (const auto& [what, value] : names) {
      if (value.empty()) continue;
      const auto added = seen_.emplace(absl::StrCat(what, " ", value), place);
      if (!added.second) {
        return absl::InvalidArgumentError(absl::StrCat(place, ": issuer \"", issuer.name(),
                                                       "\" has the same ", what, " as the one at ",
                                                       added.first->second));
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

  absl::Status AddRule(const v1::Rule& rule, const std::string& place) {
    if (absl::Status status = ValidateRule(rule); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
    }
    const auto added = seen_.emplace("method " + rule.method(), place);
    if (!added.second) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": a rule for ", rule.method(),
                                                     " stands already at ", added.first->second));
    }
    *loaded_.config.add_rules() = rule;
    loaded_.rule_locations.push_back(place);
    return absl::OkStatus();
  }

  absl::Status Once(const std::string& what, const std::string& place) {
    const auto added = seen_.emplace(what, place);
    if (added.second) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": ", what, " stands already at ", added.first->second));
  }

  LoadedConfig loaded_;
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
