// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/policy.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard {
namespace {

using Strings = google::protobuf::RepeatedPtrField<std::string>;

constexpr absl::string_view kHealthMethods[] = {
    "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"};

// SPIFFE IDs are cut at a slash only: "spiffe:*" would be every trust domain.
bool IsPrefix(absl::string_view subject) {
  return absl::EndsWith(subject, "/*") ||
         (absl::EndsWith(subject, ":*") && !absl::StartsWith(subject, "spiffe:"));
}

// "/package.Service/Method": two slashes, and the characters of protobuf names between them.
bool IsMethodPath(absl::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  const size_t slash = path.find('/', 1);
  if (slash == path.npos || slash == 1 || slash + 1 == path.size()) return false;
  for (size_t i = 1; i < path.size(); ++i) {
    const char c = path[i];
    const bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || (c == '.' && i < slash);
    if (!name && i != slash) return false;
  }
  return true;
}

// Whether it says more about a caller than whose token it has.
bool NamesCallers(const v1::Allow& allow) {
  return allow.subjects_size() + allow.all_scopes_size() + allow.any_scopes_size() +
             allow.any_roles_size() + allow.all_roles_size() + allow.clients_size() >
         0;
}

absl::Status ValidateAllow(const v1::Allow& allow) {
  const bool conditions = NamesCallers(allow) || !allow.issuers().empty();
  if (allow.anyone() && (conditions || allow.any_authenticated())) {
    return absl::InvalidArgumentError(
        "allow: \"anyone\" stands beside other conditions; it would "
        "make them mean nothing");
  }
  if (allow.any_authenticated() && NamesCallers(allow)) {
    return absl::InvalidArgumentError(
        "allow: only \"issuers\" may stand beside \"any_authenticated\"");
  }
  if (!allow.anyone() && !allow.any_authenticated() && !NamesCallers(allow)) {
    return absl::InvalidArgumentError(
        "allow: it names no caller; write subjects, all_scopes, any_scopes, any_roles, all_roles, "
        "clients, "
        "any_authenticated: true or anyone: true");
  }
  for (const Strings* list :
       {&allow.issuers(), &allow.subjects(), &allow.all_scopes(), &allow.any_scopes(),
        &allow.any_roles(), &allow.all_roles(), &allow.clients()}) {
    for (const std::string& value : *list) {
      if (value.empty()) return absl::InvalidArgumentError("allow: an empty string in a condition");
    }
  }
  for (const std::string& subject : allow.subjects()) {
    const size_t star = subject.find('*');
    const bool bad =
        star != std::string::npos && (star + 1 != subject.size() || !IsPrefix(subject) ||
                                      star < 2 || absl::EndsWith(subject, "//*"));
    if (bad) {
      return absl::InvalidArgumentError(absl::StrCat(
          "allow: subjects: \"", subject,
          "\": a * stands only at the end, after a separator with something before it, as in "
          "\"team:*\" or \"spiffe://domain/*\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRule(const v1::Rule& rule) {
  if (!IsMethodPath(rule.method())) {
    return absl::InvalidArgumentError(absl::StrCat("rule: method: \"", rule.method(),
                                                   "\" is not of the form "
                                                   "\"/package.Service/Method\""));
  }
  if (rule.nobody() && !rule.allow().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("rule for ", rule.method(), ": \"nobody\" stands beside allow"));
  }
  if (!rule.nobody() && rule.allow().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rule for ", rule.method(), ": it names no caller; add allow { … }, or nobody: true"));
  }
  for (const v1::Allow& allow : rule.allow()) {
    if (absl::Status status = ValidateAllow(allow); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("rule for ", rule.method(), ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRuleIssuers(const v1::Rule& rule, const v1::ServerConfig& config) {
  for (const v1::Allow& allow : rule.allow()) {
    for (const std::string& name : allow.issuers()) {
      const bool known =
          std::any_of(config.issuers().begin(), config.issuers().end(),
                      [&name](const v1::Issuer& issuer) { return issuer.name() == name; });
      if (!known) {
        return absl::InvalidArgumentError(
            absl::StrCat("rule for ", rule.method(), ": no issuer is named \"", name, "\""));
      }
    }
    for (const v1::Issuer& issuer : config.issuers()) {
      const bool meant = allow.issuers().empty() ||
                         std::count(allow.issuers().begin(), allow.issuers().end(), issuer.name());
      if (meant && issuer.roles().empty() && allow.any_roles_size() + allow.all_roles_size() > 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "rule for ", rule.method(), ": it names roles, and issuer \"", issuer.name(),
            "\" does not say where they stand: give it roles { path: … }"));
      }
    }
    if (config.issuers_size() > 1 && allow.issuers().empty() && !allow.anyone() &&
        !allow.any_authenticated()) {
      return absl::InvalidArgumentError(
          absl::StrCat("rule for ", rule.method(),
                       ": with several issuers, an allow must say whose subjects, "
                       "scopes, roles or clients it means: add issuers: \"",
                       config.issuers(0).name(), "\""));
    }
  }
  return absl::OkStatus();
}

Policy::MethodRule Policy::Compile(const google::protobuf::RepeatedPtrField<v1::Allow>& allow,
                                   std::string source) {
  MethodRule rule;
  rule.source = std::move(source);
  for (const v1::Allow& alternative : allow) {
    Condition condition;
    condition.anyone = alternative.anyone();
    rule.anyone = rule.anyone || condition.anyone;
    condition.issuers.assign(alternative.issuers().begin(), alternative.issuers().end());
    condition.names_subjects = !alternative.subjects().empty();
    for (const std::string& subject : alternative.subjects()) {
      if (IsPrefix(subject)) {
        condition.subject_prefixes.push_back(subject.substr(0, subject.size() - 1));
      } else {
        condition.subjects.push_back(subject);
      }
    }
    condition.all_scopes.assign(alternative.all_scopes().begin(), alternative.all_scopes().end());
    condition.any_scopes.assign(alternative.any_scopes().begin(), alternative.any_scopes().end());
    condition.any_roles.assign(alternative.any_roles().begin(), alternative.any_roles().end());
    condition.all_roles.assign(alternative.all_roles().begin(), alternative.all_roles().end());
    condition.clients.assign(alternative.clients().begin(), alternative.clients().end());
    rule.alternatives.push_back(std::move(condition));
  }
  return rule;
}

absl::StatusOr<std::shared_ptr<const Policy>> Policy::Create(
    const LoadedConfig& config,
    const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::shared_ptr<Policy> policy(new Policy());
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor* method = service->method(i);
      if (method->options().ExtensionSize(v1::allow) == 0) continue;
      v1::Rule rule;
      rule.set_method(
          absl::StrCat("/", std::string(service->full_name()), "/", std::string(method->name())));
      *rule.mutable_allow() = method->options().GetRepeatedExtension(v1::allow);
      const std::string source = absl::StrCat("annotation of ", rule.method());
      const bool replaced =
          std::any_of(config.config.rules().begin(), config.config.rules().end(),
                      [&rule](const v1::Rule& other) { return other.method() == rule.method(); });
      if (replaced) continue;
      absl::Status status = ValidateRule(rule);
      if (status.ok()) status = CheckRuleIssuers(rule, config.config);
      if (!status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(source, ": ", status.message()));
      }
      policy->rules_.emplace(rule.method(), Compile(rule.allow(), source));
    }
  }
  for (int i = 0; i < config.config.rules_size(); ++i) {
    const v1::Rule& rule = config.config.rules(i);
    policy->rules_.insert_or_assign(rule.method(), Compile(rule.allow(), config.rule_locations[i]));
  }
  if (config.config.health() == v1::ANYONE) {
    v1::Rule rule;
    rule.add_allow()->set_anyone(true);
    for (const absl::string_view method : kHealthMethods) {
      MethodRule compiled = Compile(rule.allow(), "health: ANYONE");
      compiled.bad_token_as_anonymous = true;
      policy->rules_.emplace(std::string(method), std::move(compiled));
    }
  }
  return std::shared_ptr<const Policy>(std::move(policy));
}

bool Policy::Condition::Matches(const Identity& caller) const {
  if (anyone) return true;
  // A token that one caller uses for another opens nothing that was not written for such tokens.
  if (!caller.authenticated() || caller.has_actor()) return false;
  auto contains = [](const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  if (!issuers.empty() && !contains(issuers, caller.issuer_name())) return false;
  if (names_subjects && !contains(subjects, caller.subject())) {
    const bool prefixed = std::any_of(subject_prefixes.begin(), subject_prefixes.end(),
                                      [&caller](const std::string& prefix) {
                                        return caller.subject().size() > prefix.size() &&
                                               absl::StartsWith(caller.subject(), prefix);
                                      });
    if (!prefixed) return false;
  }
  if (!clients.empty() && !contains(clients, caller.client_id())) {
    return false;
  }
  const auto has_scope = [&caller](const std::string& scope) { return caller.HasScope(scope); };
  const auto has_role = [&caller](const std::string& role) { return caller.HasRole(role); };
  const auto any = [](const std::vector<std::string>& list, const auto& has) {
    return list.empty() || std::any_of(list.begin(), list.end(), has);
  };
  return std::all_of(all_scopes.begin(), all_scopes.end(), has_scope) &&
         std::all_of(all_roles.begin(), all_roles.end(), has_role) && any(any_scopes, has_scope) &&
         any(any_roles, has_role);
}

const Policy::MethodRule* Policy::Find(absl::string_view path) const {
  const auto it = rules_.find(path);
  return it == rules_.end() ? nullptr : &it->second;
}

Policy::Decision Policy::Decide(absl::string_view path, const Identity& caller) const {
  const MethodRule* rule = Find(path);
  if (rule == nullptr) return {};
  for (const Condition& condition : rule->alternatives) {
    if (condition.Matches(caller)) return {true, rule->source};
  }
  return {false, rule->source};
}

bool Policy::AllowsAnyone(absl::string_view path) const {
  const MethodRule* rule = Find(path);
  return rule != nullptr && rule->anyone;
}

bool Policy::TreatsBadTokenAsAnonymous(absl::string_view path) const {
  const MethodRule* rule = Find(path);
  return rule != nullptr && rule->bad_token_as_anonymous;
}

}  // namespace lanyard
