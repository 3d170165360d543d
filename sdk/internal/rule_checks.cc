// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/rule_checks.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/caller_condition.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/name_patterns.h"

namespace lanyard::internal {
namespace {

constexpr absl::Duration kLongestStreamAge = absl::Hours(24);

absl::Status Error(absl::string_view what) { return absl::InvalidArgumentError(what); }

// "/package.Service/" in front: two slashes, and the characters of protobuf names between them.
// Gives what follows, or nothing.
absl::string_view AfterService(absl::string_view path) {
  if (path.empty() || path[0] != '/') return {};
  const size_t slash = path.find('/', 1);
  if (slash == path.npos || slash == 1) return {};
  for (const char c : path.substr(1, slash - 1)) {
    const bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.';
    if (!name) return {};
  }
  return path.substr(slash + 1);
}

bool IsServicePath(absl::string_view path) { return AfterService(path) == "*"; }

const v1::Issuer* FindIssuer(const v1::ServerConfig& config, const std::string& name) {
  for (const v1::Issuer& issuer : config.issuers()) {
    if (issuer.name() == name) return &issuer;
  }
  return nullptr;
}

absl::Status CheckNames(const Strings& names, const v1::ServerConfig& config) {
  for (const std::string& name : names) {
    if (FindIssuer(config, name) == nullptr) {
      return Error(absl::StrCat("no issuer is named \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

// What an Allow asks of one of the issuers that it means.
absl::Status CheckAsked(const v1::Allow& allow, const v1::Issuer& issuer) {
  if (issuer.roles().empty() && allow.any_roles_size() + allow.all_roles_size() > 0) {
    return Error(absl::StrCat("it names roles, and issuer \"", issuer.name(),
                              "\" does not say where they stand: give it roles { path: … }"));
  }
  if (!issuer.has_may_assert() || issuer.may_assert().anything()) return absl::OkStatus();
  const Strings& claims = issuer.may_assert().claims();
  for (const v1::ClaimCondition& condition : allow.claims()) {
    if (std::find(claims.begin(), claims.end(), condition.path(0)) == claims.end()) {
      return Error(absl::StrCat("it looks at the claim \"", condition.path(0),
                                "\", which issuer \"", issuer.name(),
                                "\" may not assert: add it to may_assert.claims"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAllowIssuers(const v1::Allow& allow, const v1::ServerConfig& config) {
  if (absl::Status status = CheckNames(allow.issuers(), config); !status.ok()) return status;
  for (const v1::ActorCondition& actor : allow.actors()) {
    if (FindIssuer(config, actor.issuer()) == nullptr) {
      return Error(absl::StrCat("actors: no issuer is named \"", actor.issuer(), "\""));
    }
  }
  for (const v1::Issuer& issuer : config.issuers()) {
    const bool meant = allow.issuers().empty() ||
                       std::count(allow.issuers().begin(), allow.issuers().end(), issuer.name());
    if (!meant) continue;
    if (absl::Status status = CheckAsked(allow, issuer); !status.ok()) return status;
  }
  if (config.issuers_size() > 1 && allow.issuers().empty() && NamesWhatATokenSays(allow)) {
    return Error(absl::StrCat(
        "with several issuers, an allow must say whose subjects, scopes, roles, clients "
        "or claims it means: add issuers: \"",
        config.issuers(0).name(), "\""));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsMethodPath(absl::string_view path) {
  const absl::string_view method = AfterService(path);
  return !method.empty() && std::all_of(method.begin(), method.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string ServiceOf(absl::string_view path) {
  return absl::StrCat(path.substr(0, path.rfind('/') + 1), "*");
}

absl::Status ValidateRule(const v1::Rule& rule) {
  const bool service = IsServicePath(rule.method());
  if (!service && !IsMethodPath(rule.method())) {
    return Error(absl::StrCat(
        "rule: method: \"", rule.method(),
        "\" is not of the form \"/package.Service/Method\" or \"/package.Service/*\""));
  }
  const std::string of = absl::StrCat("rule for ", rule.method(), ": ");
  if (rule.nobody() && !rule.allow().empty()) {
    return Error(absl::StrCat(of, "\"nobody\" stands beside allow"));
  }
  if (!rule.nobody() && rule.allow().empty()) {
    return Error(absl::StrCat(of, "it names no caller; add allow { … }, or nobody: true"));
  }
  for (const v1::Allow& allow : rule.allow()) {
    if (absl::Status status = ValidateAllow(allow); !status.ok()) {
      return Error(absl::StrCat(of, status.message()));
    }
    if (service && allow.anyone()) {
      return Error(absl::StrCat(of,
                                "a whole service, and what will be added to it, is never for "
                                "anyone; name each method"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateDeny(const v1::Deny& deny) {
  if (deny.issuers_size() + deny.subjects_size() + deny.clients_size() == 0) {
    return Error("deny: it names nobody; write issuers, subjects or clients");
  }
  for (const Strings* list : {&deny.issuers(), &deny.clients()}) {
    if (std::find(list->begin(), list->end(), "") != list->end()) {
      return Error("deny: an empty string");
    }
  }
  for (const std::string& subject : deny.subjects()) {
    if (absl::Status s = NamePatterns::Validate(subject, kSubjectSeparators); !s.ok()) {
      return Error(absl::StrCat("deny: subjects: ", s.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateSettings(const v1::MethodSettings& settings) {
  if (settings.method() != "*" && !IsServicePath(settings.method()) &&
      !IsMethodPath(settings.method())) {
    return Error(absl::StrCat("settings: method: \"", settings.method(),
                              "\" is not of the form \"/package.Service/Method\", "
                              "\"/package.Service/*\" or \"*\""));
  }
  const std::string of = absl::StrCat("settings of ", settings.method(), ": ");
  const bool observes = settings.has_enforcement() && settings.enforcement() == v1::OBSERVE;
  if (settings.has_enforcement() && settings.enforcement() != v1::ENFORCE && !observes) {
    return Error(absl::StrCat(of, "enforcement: must be ENFORCE or OBSERVE"));
  }
  if (observes && settings.observe_until().empty()) {
    return Error(absl::StrCat(of, "observe_until: required with OBSERVE, as in \"2027-01-31\""));
  }
  if (!observes && !settings.observe_until().empty()) {
    return Error(absl::StrCat(of, "observe_until: needs enforcement: OBSERVE"));
  }
  if (observes) {
    if (auto until = ObserveUntil(settings); !until.ok()) {
      return Error(absl::StrCat(of, until.status().message()));
    }
  }
  if (settings.has_max_stream_age_past_expiry()) {
    const absl::Duration age = DurationOf(settings.max_stream_age_past_expiry());
    if (age < absl::ZeroDuration() || age > kLongestStreamAge) {
      return Error(absl::StrCat(of, "max_stream_age_past_expiry: must be 0 to 24 h"));
    }
  }
  if (!settings.has_enforcement() && !settings.has_max_stream_age_past_expiry()) {
    return Error(absl::StrCat(of, "it sets nothing"));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> ObserveUntil(const v1::MethodSettings& settings) {
  absl::Time time;
  std::string error;
  const std::string& text = settings.observe_until();
  for (const char* format : {"%Y-%m-%d", absl::RFC3339_full}) {
    // It knows words as well, such as "infinite-future".
    const bool parsed = absl::ParseTime(format, text, &time, &error);
    if (parsed && time != absl::InfiniteFuture() && time != absl::InfinitePast()) return time;
  }
  return Error(absl::StrCat("observe_until: \"", text,
                            "\" is neither a day, as in \"2027-01-31\", nor a time, as in "
                            "\"2027-01-31T12:00:00Z\""));
}

absl::Status CheckRuleIssuers(const v1::Rule& rule, const v1::ServerConfig& config) {
  for (const v1::Allow& allow : rule.allow()) {
    if (absl::Status status = CheckAllowIssuers(allow, config); !status.ok()) {
      return Error(absl::StrCat("rule for ", rule.method(), ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDenyIssuers(const v1::Deny& deny, const v1::ServerConfig& config) {
  absl::Status status = CheckNames(deny.issuers(), config);
  return status.ok() ? status : Error(absl::StrCat("deny: ", status.message()));
}

absl::Status CheckAnnotationIssuers(const v1::ServerConfig& config) {
  absl::Status status = CheckNames(config.annotation_issuers(), config);
  return status.ok() ? status : Error(absl::StrCat("annotation_issuers: ", status.message()));
}

absl::Status CheckOneTime(const v1::Rule& rule, const v1::ServerConfig& config) {
  const bool one_time = std::any_of(rule.allow().begin(), rule.allow().end(),
                                    [](const v1::Allow& allow) { return allow.one_time(); });
  if (!one_time || config.single_replica()) return absl::OkStatus();
  return Error(absl::StrCat("rule for ", rule.method(),
                            ": one_time needs single_replica: true in the config, and that there "
                            "is one server alone: each "
                            "remembers for itself which tokens have been used"));
}

}  // namespace lanyard::internal
