// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/effective_rules.h"

#include <google/protobuf/descriptor.h>

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::internal {
namespace {

using Allows = google::protobuf::RepeatedPtrField<v1::Allow>;
using RuleMap = std::map<std::string, EffectiveRule>;  // By method.

class Resolver {
 public:
  explicit Resolver(const LoadedConfig& config) : config_(config) {
    for (int i = 0; i < config.config.rules_size(); ++i) {
      const v1::Rule& rule = config.config.rules(i);
      rules_[rule.method()] = {rule, config.rule_locations[i], {}};
    }
  }

  // Says that the method has an annotation of its own, so that its service's default is none of it.
  void SetAnnotated(const std::string& method) { own_annotation_.insert(method); }

  // Adds an annotation, unless the operator has a rule that covers it.
  absl::Status Annotate(const std::string& method, Allows allow) {
    v1::Rule rule;
    rule.set_method(method);
    *rule.mutable_allow() = std::move(allow);
    for (v1::Allow& alternative : *rule.mutable_allow()) {
      if (alternative.issuers().empty() && !alternative.anyone() && !alternative.without_token()) {
        *alternative.mutable_issuers() = config_.config.annotation_issuers();
      }
    }
    bool replaced = false;
    for (auto& [name, own] : rules_) {
      if (!Covers(name, method)) continue;
      if (!own.rule.replaces_annotation()) {
        return absl::InvalidArgumentError(
            absl::StrCat(own.source, ": rule for ", name, ": the .proto has an annotation for ",
                         method, "; to rule in its place, add replaces_annotation: true"));
      }
      own.replaced.push_back(rule);
      // A rule for one method leaves the others what their service has.
      replaced = replaced || name == method || name == ServiceOf(method);
    }
    if (replaced) return absl::OkStatus();
    const std::string source = absl::StrCat("annotation of ", method);
    absl::Status status = ValidateRule(rule);
    if (status.ok()) status = CheckRuleIssuers(rule, config_.config);
    if (status.ok()) status = CheckOneTime(rule, config_.config);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(source, ": ", status.message()));
    }
    annotated_[method] = {std::move(rule), source, {}};
    return absl::OkStatus();
  }

  // Adds a shortcut of the config, unless there is a rule.
  void Shortcut(const std::string& method, const v1::Allow& allow, const std::string& source) {
    if (rules_.count(method) > 0 || rules_.count(ServiceOf(method)) > 0) return;
    v1::Rule rule;
    rule.set_method(method);
    *rule.add_allow() = allow;
    annotated_[method] = {std::move(rule), source, {}};
  }

  std::vector<EffectiveRule> Finish() {
    std::vector<EffectiveRule> all;
    rules_.merge(annotated_);
    for (auto& [method, rule] : rules_) all.push_back(std::move(rule));
    return all;
  }

 private:
  // Whether the operator's rule rules what the annotation of `method` would.
  bool Covers(const std::string& rule, const std::string& method) const {
    const bool default_of_service = method == ServiceOf(method);
    return rule == method || rule == ServiceOf(method) ||
           (default_of_service && ServiceOf(rule) == method && own_annotation_.count(rule) == 0);
  }

  const LoadedConfig& config_;
  RuleMap rules_, annotated_;
  std::set<std::string> own_annotation_;  // Methods.
};

std::string PathOf(const google::protobuf::ServiceDescriptor& service, absl::string_view method) {
  return absl::StrCat("/", std::string(service.full_name()), "/", method);
}

void AddShortcuts(const v1::ServerConfig& config, Resolver* resolver) {
  if (config.has_health()) {
    v1::Allow anyone;
    anyone.set_anyone(true);
    anyone.set_bad_token(v1::TREAT_AS_ANONYMOUS);
    const std::string source = absl::StrCat("health: ", v1::HealthAccess_Name(config.health()));
    resolver->Shortcut("/grpc.health.v1.Health/Check", anyone, source);
    resolver->Shortcut("/grpc.health.v1.Health/List", anyone, source);
    if (config.health() == v1::ANYONE_MAY_WATCH) {
      resolver->Shortcut("/grpc.health.v1.Health/Watch", anyone, source);
    }
  }
  if (config.has_reflection()) {
    v1::Allow allow;
    allow.set_anyone(config.reflection() == v1::REFLECTION_FOR_ANYONE);
    allow.set_any_authenticated(config.reflection() == v1::ANY_AUTHENTICATED);
    const std::string source =
        absl::StrCat("reflection: ", v1::ReflectionAccess_Name(config.reflection()));
    for (const char* version : {"v1", "v1alpha"}) {
      resolver->Shortcut(
          absl::StrCat("/grpc.reflection.", version, ".ServerReflection/ServerReflectionInfo"),
          allow, source);
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<EffectiveRule>> EffectiveRules(const LoadedConfig& config,
                                                          const Services& services) {
  Resolver resolver(config);
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      if (method->options().ExtensionSize(v1::allow) > 0) {
        resolver.SetAnnotated(PathOf(*service, std::string(method->name())));
      }
    }
    const auto& options = service->options();
    if (options.ExtensionSize(v1::default_allow) > 0) {
      absl::Status status =
          resolver.Annotate(PathOf(*service, "*"), options.GetRepeatedExtension(v1::default_allow));
      if (!status.ok()) return status;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      if (method->options().ExtensionSize(v1::allow) == 0) continue;
      absl::Status status = resolver.Annotate(PathOf(*service, std::string(method->name())),
                                              method->options().GetRepeatedExtension(v1::allow));
      if (!status.ok()) return status;
    }
  }
  AddShortcuts(config.config, &resolver);
  return resolver.Finish();
}

}  // namespace lanyard::internal
