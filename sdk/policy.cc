// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/policy.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/rule_checks.h"

namespace lanyard {
namespace {

constexpr absl::Duration kLongestObservation = absl::Hours(24 * 90);

bool Contains(const std::vector<std::string>& list, absl::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// "/package.Service/" of a path that has exactly that and a name after it; else empty.
absl::string_view ServicePrefix(absl::string_view path) {
  return internal::IsMethodPath(path) ? path.substr(0, path.rfind('/') + 1) : absl::string_view();
}

// "/etc/sso.jwks" as "sso.jwks": how somebody spells the way to a file changes nothing.
std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Of the config, and of the rules that stand beside methods.
std::string HashOf(v1::ServerConfig config, const std::vector<internal::EffectiveRule>& rules) {
  for (v1::Issuer& issuer : *config.mutable_issuers()) {
    issuer.set_jwks_file(FileName(issuer.jwks_file()));
    if (issuer.has_revocations()) {
      v1::Revocations& revocations = *issuer.mutable_revocations();
      revocations.set_file(FileName(revocations.file()));
    }
    if (!issuer.has_fetch()) continue;
    v1::Fetch& fetch = *issuer.mutable_fetch();
    fetch.set_ca_file(FileName(fetch.ca_file()));
    fetch.set_bearer_token_file(FileName(fetch.bearer_token_file()));
  }
  std::string text = config.SerializeAsString();
  for (const internal::EffectiveRule& effective : rules) {
    const std::string rule = effective.rule.SerializeAsString();
    absl::StrAppend(&text, rule.size(), ":", rule);
  }
  return absl::BytesToHexString(internal::Sha256(text)).substr(0, 12);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Policy>> Policy::Create(const LoadedConfig& config,
                                                             const internal::Services& services,
                                                             absl::Time now) {
  auto rules = internal::EffectiveRules(config, services);
  if (!rules.ok()) return rules.status();
  std::shared_ptr<Policy> policy(new Policy());
  policy->effective_ = *std::move(rules);
  std::map<std::string, std::string> issuers;
  for (const v1::Issuer& issuer : config.config.issuers()) {
    issuers.emplace(issuer.name(), internal::IssuerText(issuer));
  }
  for (const internal::EffectiveRule& effective : policy->effective_) {
    MethodRule rule{&effective, {}, false};
    for (const v1::Allow& allow : effective.rule.allow()) {
      rule.alternatives.emplace_back(allow, issuers);
      rule.bad_token_as_anonymous = rule.bad_token_as_anonymous || allow.has_bad_token();
    }
    const std::string& method = effective.rule.method();
    if (method.back() == '*') {
      policy->services_.emplace(method.substr(0, method.size() - 1), std::move(rule));
    } else {
      policy->methods_.emplace(method, std::move(rule));
    }
  }
  for (const v1::Deny& deny : config.config.deny()) {
    Denied denied;
    denied.issuers.assign(deny.issuers().begin(), deny.issuers().end());
    for (const std::string& name : denied.issuers) denied.issuer_texts.push_back(issuers[name]);
    denied.clients.assign(deny.clients().begin(), deny.clients().end());
    denied.subjects = internal::NamePatterns(deny.subjects(), internal::kSubjectSeparators);
    policy->denied_.push_back(std::move(denied));
  }
  if (absl::Status status = policy->AddSettings(config, now); !status.ok()) return status;
  policy->hash_ = HashOf(config.config, policy->effective_);
  return std::shared_ptr<const Policy>(std::move(policy));
}

absl::Status Policy::AddSettings(const LoadedConfig& config, absl::Time now) {
  // The widest first, so that each begins with what the wider ones say.
  std::vector<int> sorted(config.config.settings_size());
  std::iota(sorted.begin(), sorted.end(), 0);
  const auto width = [&config](int i) {
    const std::string& method = config.config.settings(i).method();
    return method == "*" ? 0 : method.back() == '*' ? 1 : 2;
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) { return width(a) < width(b); });
  for (const int i : sorted) {
    const v1::MethodSettings* settings = &config.config.settings(i);
    const std::string& method = settings->method();
    Settings all = SettingsOf(method);
    if (settings->has_enforcement()) {
      all.observe_until = absl::InfinitePast();
      if (settings->enforcement() == v1::OBSERVE) {
        const auto until = internal::ObserveUntil(*settings);
        if (!until.ok()) return until.status();
        if (*until - now > kLongestObservation) {
          return absl::InvalidArgumentError(
              absl::StrCat(config.settings_locations[i], ": settings of ", method,
                           ": observe_until: must be at most 90 days ahead"));
        }
        all.observe_until = *until;
      }
    }
    if (settings->has_max_stream_age_past_expiry()) {
      all.stream_age_past_expiry = internal::DurationOf(settings->max_stream_age_past_expiry());
    }
    settings_[method] = all;
  }
  return absl::OkStatus();
}

absl::Time Policy::NextObservationEnd(absl::Time now) const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [method, settings] : settings_) {
    if (settings.observe_until > now) next = std::min(next, settings.observe_until);
  }
  return next;
}

Policy::Settings Policy::SettingsOf(absl::string_view path) const {
  if (settings_.empty()) return {};
  auto found = settings_.find(path);
  if (found == settings_.end() && path != "*") found = settings_.find(internal::ServiceOf(path));
  if (found == settings_.end()) found = settings_.find("*");
  return found == settings_.end() ? Settings() : found->second;
}

bool Policy::Denied::Matches(const Identity& identity) const {
  const internal::IdentityState& caller = internal::IdentityAccess::StateOf(identity);
  if (!clients.empty() && !Contains(clients, caller.client_id())) return false;
  const bool of_issuer = issuers.empty() || Contains(issuers, caller.issuer_name());
  if (of_issuer && (subjects.empty() || subjects.Match(caller.subject()))) return true;
  return caller.has_actor() && subjects.Match(caller.actor_subject()) &&
         (of_issuer || Contains(issuer_texts, caller.actor_issuer()));
}

const Policy::MethodRule* Policy::Find(absl::string_view path) const {
  const auto method = methods_.find(path);
  if (method != methods_.end()) return &method->second;
  if (services_.empty()) return nullptr;
  const auto service = services_.find(ServicePrefix(path));
  return service == services_.end() ? nullptr : &service->second;
}

const internal::EffectiveRule* Policy::RuleOf(absl::string_view path) const {
  if (absl::EndsWith(path, "/*")) {
    const auto service = services_.find(path.substr(0, path.size() - 1));
    return service == services_.end() ? nullptr : service->second.source;
  }
  const MethodRule* rule = Find(path);
  return rule == nullptr ? nullptr : rule->source;
}

Policy::Decision Policy::Decide(absl::string_view path, const Identity& caller,
                                TokenConnection& connection, absl::Time now) const {
  const MethodRule* rule = Find(path);
  Decision decision;
  if (rule != nullptr) {
    decision.rule = rule->source->source;
    decision.names_method = rule->source->rule.method() == path;
  }
  if (caller.authenticated() &&
      std::any_of(denied_.begin(), denied_.end(),
                  [&caller](const Denied& denied) { return denied.Matches(caller); })) {
    decision.verdict = Verdict::kDenied;
    return decision;
  }
  if (rule == nullptr) return decision;
  const auto matches = [&](bool one_time) {
    return std::any_of(rule->alternatives.begin(), rule->alternatives.end(),
                       [&](const internal::CallerCondition& condition) {
                         return condition.one_time() == one_time &&
                                condition.Matches(caller, connection, now, /*why=*/nullptr);
                       });
  };
  const bool lasting = matches(/*one_time=*/false);
  decision.one_time = !lasting && matches(/*one_time=*/true);
  decision.verdict = lasting || decision.one_time ? Verdict::kAllowed : Verdict::kNoMatch;
  return decision;
}

Policy::Decision Policy::Decide(absl::string_view path, const Identity& caller) const {
  TokenConnection connection;
  return Decide(path, caller, connection, absl::InfiniteFuture());
}

std::string Policy::Explain(absl::string_view path, const Identity& caller,
                            TokenConnection& connection, absl::Time now) const {
  switch (Decide(path, caller, connection, now).verdict) {
    case Verdict::kNoRule:
      return "no rule covers that method";
    case Verdict::kDenied:
      return "the config denies the caller everywhere (deny)";
    case Verdict::kAllowed:
    case Verdict::kNoMatch:
      break;
  }
  const MethodRule* rule = Find(path);
  if (rule->alternatives.empty()) return "nobody may call that method";
  std::vector<std::string> reasons;
  for (const internal::CallerCondition& condition : rule->alternatives) {
    std::string why = "it matches";
    condition.Matches(caller, connection, now, &why);
    reasons.push_back(rule->alternatives.size() == 1
                          ? why
                          : absl::StrCat("allow ", reasons.size() + 1, ": ", why));
  }
  return absl::StrJoin(reasons, "; ");
}

bool Policy::TreatsBadTokenAsAnonymous(absl::string_view path) const {
  const MethodRule* rule = Find(path);
  return rule != nullptr && rule->bad_token_as_anonymous;
}

}  // namespace lanyard
