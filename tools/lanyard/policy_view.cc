// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_view.h"

#include <google/protobuf/descriptor.h>

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/sdk/internal/rule_names.h"
#include "lanyard/sdk/internal/utc_text.h"

namespace lanyard::tools {
namespace {

// What the rule has replaced at that path: its annotation, else the default of its service.
const v1::Rule* ReplacedAt(const internal::EffectiveRule& rule, const std::string& path) {
  const v1::Rule* found = nullptr;
  for (const v1::Rule& replaced : rule.replaced) {
    if (replaced.method() == path) return &replaced;
    if (replaced.method() == internal::ServiceOf(path)) found = &replaced;
  }
  return found;
}

std::string ChangeText(const internal::EffectiveRule& rule, const std::string& path) {
  const v1::Rule* replaced = ReplacedAt(rule, path);
  if (replaced == nullptr) return "";
  switch (internal::Compare(*replaced, rule.rule)) {
    case internal::RuleChange::kSame:
      return "the same as its annotation";
    case internal::RuleChange::kWider:
      return "WIDER than its annotation";
    case internal::RuleChange::kNarrower:
      return "NARROWER than its annotation";
    case internal::RuleChange::kOther:
      return "OTHER than its annotation";
  }
  return "";
}

bool IsLibrary(absl::string_view service) {
  return absl::StartsWith(service, "google.") || absl::StartsWith(service, "grpc.");
}

}  // namespace

std::vector<std::string> MethodView::Callers() const {
  std::vector<std::string> callers;
  if (rule == nullptr) return callers;
  for (const v1::Allow& allow : rule->rule.allow()) callers.push_back(internal::AllowText(allow));
  return callers;
}

std::string PolicyView::EnforcementAt(const std::string& path) const {
  if (!policy->Observes(path, now)) return "";
  return absl::StrCat("OBSERVED until ", internal::UtcText(policy->ObserveUntil(path)));
}

absl::StatusOr<PolicyView> LoadPolicyView(const std::string& path, const Arguments& arguments,
                                          absl::Time now) {
  PolicyView view;
  view.now = now;
  std::vector<std::string> files = {path};
  for (const std::string& file : arguments.Values("--with")) files.push_back(file);
  auto config = LoadConfig(files, "");
  if (!config.ok()) return config.status();
  view.config = *std::move(config);
  auto descriptors = internal::DescriptorFiles::Read(arguments.Values("--descriptors"));
  if (!descriptors.ok()) return descriptors.status();
  view.descriptors = *std::move(descriptors);
  auto policy = Policy::Create(view.config, view.descriptors->services(), now);
  if (!policy.ok()) return policy.status();
  view.policy = *std::move(policy);

  std::set<std::string> services, paths;
  for (const auto* service : view.descriptors->services()) {
    const std::string name(service->full_name());
    services.insert(name);
    if (IsLibrary(name)) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      paths.insert(absl::StrCat("/", name, "/", std::string(service->method(i)->name())));
    }
  }
  absl::Status named = internal::CheckRuleNames(view.config, *view.descriptors,
                                                services.empty() ? nullptr : &services);
  if (!named.ok()) return named;
  for (const internal::EffectiveRule& rule : view.policy->rules()) {
    const std::string& method = rule.rule.method();
    const bool known = services.count(method.substr(1, method.rfind('/') - 1)) > 0;
    // A service's rule is shown at each method where those are known.
    if (!known || method.back() != '*') paths.insert(method);
  }
  for (const std::string& method : paths) {
    MethodView shown;
    shown.path = method;
    shown.rule = view.policy->RuleOf(method);
    if (shown.rule != nullptr) shown.change = ChangeText(*shown.rule, method);
    shown.enforcement = view.EnforcementAt(method);
    view.methods.push_back(std::move(shown));
  }
  for (const v1::Deny& deny : view.config.config.deny()) {
    view.denied.push_back(internal::DenyText(deny));
  }
  return view;
}

std::vector<Option> PolicyOptions() {
  return {{"--with", "FILE", "one more file of the same config", /*required=*/false,
           /*repeatable=*/true},
          {"--descriptors", "FILE",
           "the services, by protoc --include_imports --descriptor_set_out=FILE",
           /*required=*/false, /*repeatable=*/true}};
}

}  // namespace lanyard::tools
