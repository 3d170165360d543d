// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor_policy.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/rule_compare.h"

namespace lanyard::tools {
namespace {

using internal::NamePatterns;
using internal::Strings;

constexpr char kCheck[] = "policy";
constexpr absl::Duration kObservationAhead = absl::Hours(7 * 24);
constexpr size_t kMostShown = 8;

bool NeedsToken(const v1::Allow& allow) { return !allow.anyone() && !allow.without_token(); }

// "a, b, c and 4 more".
std::string Some(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostShown);
  return absl::StrCat(
      absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
      shown < names.size() ? absl::StrCat(" and ", names.size() - shown, " more") : "");
}

bool AnyMatches(const Strings& names, const NamePatterns& patterns) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return patterns.Match(name); });
}

bool AllMatch(const Strings& names, const NamePatterns& patterns) {
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return patterns.Match(name); });
}

// Whether some subject is in both lists.
bool Overlap(const Strings& a, const Strings& b) {
  for (const std::string& one : a) {
    for (const std::string& other : b) {
      if (NamePatterns::Covers(one, other, internal::kSubjectSeparators) ||
          NamePatterns::Covers(other, one, internal::kSubjectSeparators)) {
        return true;
      }
    }
  }
  return false;
}

bool IsDenied(const std::string& issuer, const v1::ServerConfig& config) {
  return std::any_of(config.deny().begin(), config.deny().end(), [&](const v1::Deny& deny) {
    return deny.subjects().empty() && deny.clients().empty() &&
           std::find(deny.issuers().begin(), deny.issuers().end(), issuer) != deny.issuers().end();
  });
}

// Why no token of the issuer can match; empty if one may.
std::string WhyNot(const v1::Allow& allow, const v1::Issuer& issuer,
                   const v1::ServerConfig& config) {
  if (IsDenied(issuer.name(), config)) return "deny has all its callers";
  if (!allow.token_types().empty()) {
    const internal::IssuerRules rules = internal::RulesOf(issuer);
    const bool known = std::any_of(
        allow.token_types().begin(), allow.token_types().end(), [&](const std::string& type) {
          const std::string lower = absl::AsciiStrToLower(type);
          const std::string plain(absl::StripPrefix(lower, "application/"));
          return std::find(rules.types.begin(), rules.types.end(), plain) != rules.types.end();
        });
    if (!known) return "its tokens are of other types";
  }
  if (!issuer.has_may_assert() || issuer.may_assert().anything()) return "";
  const v1::MayAssert& may = issuer.may_assert();
  const NamePatterns scopes(may.scopes(), internal::kScopeSeparators);
  const NamePatterns roles(may.roles(), internal::kScopeSeparators);
  if (!allow.subjects().empty() && !Overlap(allow.subjects(), may.subjects())) {
    return "it may not assert these subjects";
  }
  if (!AllMatch(allow.all_scopes(), scopes) ||
      (!allow.any_scopes().empty() && !AnyMatches(allow.any_scopes(), scopes))) {
    return "it may not assert these scopes";
  }
  if (!AllMatch(allow.all_roles(), roles) ||
      (!allow.any_roles().empty() && !AnyMatches(allow.any_roles(), roles))) {
    return "it may not assert these roles";
  }
  return "";
}

// The issuers that an alternative means.
std::vector<const v1::Issuer*> IssuersOf(const v1::Allow& allow, const v1::ServerConfig& config) {
  std::vector<const v1::Issuer*> issuers;
  for (const v1::Issuer& issuer : config.issuers()) {
    const auto& names = allow.issuers();
    if (names.empty() || std::find(names.begin(), names.end(), issuer.name()) != names.end()) {
      issuers.push_back(&issuer);
    }
  }
  return issuers;
}

// Why no caller can match; empty if one may.
std::string WhyNobody(const v1::Allow& allow, const v1::ServerConfig& config,
                      bool asks_for_certificates) {
  if ((!allow.peers().empty() || allow.certificate_bound()) && !asks_for_certificates) {
    return "it asks for a client certificate, and without --tls-roots the server has none";
  }
  if (!NeedsToken(allow)) return "";
  std::vector<std::string> reasons;
  for (const v1::Issuer* issuer : IssuersOf(allow, config)) {
    const std::string reason = WhyNot(allow, *issuer, config);
    if (reason.empty()) return "";
    reasons.push_back(absl::StrCat("issuer ", issuer->name(), ": ", reason));
  }
  return absl::StrJoin(reasons, "; ");
}

void CheckRules(const PolicyView& view, bool asks_for_certificates, Findings* findings) {
  for (const internal::EffectiveRule& rule : view.policy->rules()) {
    for (const v1::Allow& allow : rule.rule.allow()) {
      const std::string why = WhyNobody(allow, view.config.config, asks_for_certificates);
      if (why.empty()) continue;
      findings->Warn(kCheck,
                     absl::StrCat(rule.source, ": no caller can be { ", internal::AllowText(allow),
                                  " }: ", why),
                     "correct the rule, or what it contradicts");
    }
  }
}

void CheckIssuersAreNamed(const PolicyView& view, bool knows_services, Findings* findings) {
  const v1::ServerConfig& config = view.config.config;
  std::set<std::string> named;
  for (const internal::EffectiveRule& rule : view.policy->rules()) {
    for (const v1::Allow& allow : rule.rule.allow()) {
      for (const v1::ActorCondition& actor : allow.actors()) named.insert(actor.issuer());
      if (!NeedsToken(allow)) continue;
      for (const v1::Issuer* issuer : IssuersOf(allow, config)) named.insert(issuer->name());
    }
  }
  for (const v1::Issuer& issuer : config.issuers()) {
    if (named.count(issuer.name()) > 0) continue;
    const std::string text =
        absl::StrCat("issuer ", issuer.name(), ": no rule lets its callers in");
    if (knows_services) {
      findings->Warn(kCheck, text, "take the issuer out, or write a rule that names it");
    } else {
      findings->Ok(kCheck, absl::StrCat(text, ", unless an annotation does (--descriptors)"));
    }
  }
}

void CheckObservation(const PolicyView& view, Findings* findings) {
  const LoadedConfig& loaded = view.config;
  for (int i = 0; i < loaded.config.settings_size(); ++i) {
    const v1::MethodSettings& settings = loaded.config.settings(i);
    if (settings.enforcement() != v1::OBSERVE) continue;
    const auto until = internal::ObserveUntil(settings);
    if (!until.ok()) continue;  // LoadConfig() has refused it.
    const std::string text =
        absl::StrCat(loaded.settings_locations[i], ": observation of ", settings.method());
    if (*until <= view.now) {
      findings->Warn(
          kCheck,
          absl::StrCat(text, " is over since ", settings.observe_until(), ": it is enforced"),
          "take enforcement: OBSERVE out");
    } else if (*until - view.now <= kObservationAhead) {
      findings->Warn(kCheck,
                     absl::StrCat(text, " ends at ", settings.observe_until(),
                                  ": it is enforced from then on"),
                     "see that lanyard_decisions_total{decision=\"would_deny\"} stands still, or "
                     "move observe_until");
    } else {
      findings->Ok(kCheck, absl::StrCat(text, " goes on until ", settings.observe_until()));
    }
  }
}

}  // namespace

void CheckPolicy(const PolicyView& view, const PolicyCheckOptions& options, Findings* findings) {
  findings->Ok(kCheck, absl::StrCat("hash ", view.policy->hash(), ", ", view.methods.size(),
                                    view.methods.size() == 1 ? " method" : " methods",
                                    options.knows_services ? "" : ", without annotations"));
  std::vector<std::string> closed;
  for (const MethodView& method : view.methods) {
    if (method.Callers().empty()) closed.push_back(method.path);
  }
  if (!closed.empty()) {
    findings->Ok(kCheck, absl::StrCat("nobody may call ", Some(closed)));
  }
  CheckRules(view, options.asks_for_certificates, findings);
  CheckIssuersAreNamed(view, options.knows_services, findings);
  CheckObservation(view, findings);
}

}  // namespace lanyard::tools
