// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_SIMPLE_EVALUATOR_H_
#define LANYARD_TESTS_SDK_SIMPLE_EVALUATOR_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/v1/config.pb.h"

// A second evaluator of policies, to compare with: slow, simple, and written from the comments of
// annotations.proto and policy.proto alone. It knows the values that policy_property_test.cc makes.
namespace lanyard::testing::simple {

using List = std::vector<std::string>;

constexpr int64_t kNow = 1900000000;

// What a call says of its caller; claims as JSON texts.
struct Facts {
  bool token = false;
  std::string issuer;  // Its name in the config; its iss is IssOf(name).
  std::optional<std::string> subject, client_id, azp, typ, acr, tier, namespace_;
  List scopes, roles;
  bool bound = false;
  List actors;  // From the outside in.
  std::optional<std::string> actor_iss;
  std::optional<int64_t> iat, auth_time, exp;
  bool jti = false;
  PeerNames peers;
};

inline std::string IssOf(const std::string& name) {
  return absl::StrCat("https://", name, ".test");
}

// By method, or by "/package.Service/*".
using Annotations = std::map<std::string, std::vector<v1::Allow>>;

template <typename Names>
bool Has(const Names& names, const std::string& name) {
  for (const std::string& each : names) {
    if (each == name) return true;
  }
  return false;
}

inline bool IsNamed(const std::string& pattern, const std::string& name) {
  const bool slash = absl::EndsWith(pattern, "/*");
  const bool colon = absl::EndsWith(pattern, ":*") && !absl::StartsWith(pattern, "spiffe:");
  if (!slash && !colon) return pattern == name;
  const std::string stem = pattern.substr(0, pattern.size() - 1);
  return name.substr(0, stem.size()) == stem && name != stem;
}
template <typename Patterns>
bool AnyNames(const Patterns& patterns, const std::optional<std::string>& name) {
  for (const std::string& pattern : patterns) {
    if (name.has_value() && IsNamed(pattern, *name)) return true;
  }
  return false;
}

// A claim's text and a condition's, both of the few forms that are made below.
inline bool Holds(const v1::ClaimCondition& condition, const std::optional<std::string>& json) {
  if (!json.has_value()) return false;
  List elements = {*json};
  if (*json == "[1,\"y\"]") elements = {"1", "\"y\""};
  if (*json == "[[\"x\"],\"y\",\"z\"]") elements = {"[\"x\"]", "\"y\"", "\"z\""};
  const auto text = [&](const std::string& t) { return Has(elements, "\"" + t + "\""); };
  if (condition.exists()) return *json != "null";
  if (condition.has_boolean()) return *json == (condition.boolean() ? "true" : "false");
  for (const int64_t integer : condition.any_of_integers()) {
    if (Has(elements, absl::StrCat(integer))) return true;
  }
  for (const std::string& t : condition.any_of()) {
    if (text(t)) return true;
  }
  bool all = condition.all_of_size() > 0;
  for (const std::string& t : condition.all_of()) all = all && text(t);
  return all;
}

inline bool YoungEnough(const std::optional<int64_t>& from, int64_t seconds) {
  return from.has_value() && kNow - *from <= seconds;
}

inline bool Matches(const v1::Allow& allow, const Facts& facts) {
  if (allow.anyone()) return true;
  bool peer = allow.peers().empty();
  for (const std::string& pattern : allow.peers()) {
    const bool uri = absl::StartsWith(pattern, "spiffe://");
    for (const std::string& name : uri ? facts.peers.uris : facts.peers.dns) {
      peer = peer || (uri ? IsNamed(pattern, name) : pattern == name);
    }
  }
  if (!peer) return false;
  if (allow.without_token()) return true;
  if (!facts.token) return false;

  if (!facts.actors.empty() && !allow.any_actor()) {
    bool actor = false;
    for (const v1::ActorCondition& condition : allow.actors()) {
      const std::string iss = facts.actor_iss.value_or(IssOf(facts.issuer));
      actor = actor || (iss == IssOf(condition.issuer()) &&
                        AnyNames(condition.subjects(), facts.actors.front()));
    }
    if (!actor) return false;
  }
  if (facts.actors.empty() && !allow.actors().empty()) return false;

  if (!allow.issuers().empty() && !Has(allow.issuers(), facts.issuer)) return false;
  if (!allow.subjects().empty() && !AnyNames(allow.subjects(), facts.subject)) return false;
  const std::string client = facts.client_id.value_or(facts.azp.value_or(""));
  if (!allow.clients().empty() && !Has(allow.clients(), client)) return false;
  bool any_scope = allow.any_scopes().empty(), any_role = allow.any_roles().empty();
  for (const std::string& scope : facts.scopes) {
    any_scope = any_scope || Has(allow.any_scopes(), scope);
  }
  for (const std::string& role : facts.roles) any_role = any_role || Has(allow.any_roles(), role);
  if (!any_scope || !any_role) return false;
  for (const std::string& scope : allow.all_scopes()) {
    if (!Has(facts.scopes, scope)) return false;
  }
  for (const std::string& role : allow.all_roles()) {
    if (!Has(facts.roles, role)) return false;
  }
  const auto plain = [](std::string type) {
    type = absl::AsciiStrToLower(type);
    return absl::StartsWith(type, "application/") ? type.substr(12) : type;
  };
  bool type = allow.token_types().empty();
  for (const std::string& good : allow.token_types()) {
    type = type || (facts.typ.has_value() && plain(good) == plain(*facts.typ));
  }
  if (!type) return false;
  if (allow.certificate_bound() && !facts.bound) return false;
  if (allow.one_time() &&
      !(facts.jti && facts.exp.has_value() && *facts.exp - facts.iat.value_or(kNow) <= 300)) {
    return false;
  }
  if (allow.has_max_token_age() && !YoungEnough(facts.iat, allow.max_token_age().seconds())) {
    return false;
  }
  if (allow.has_max_authentication_age() &&
      !YoungEnough(facts.auth_time, allow.max_authentication_age().seconds())) {
    return false;
  }
  if (!allow.any_acr().empty() && !(facts.acr.has_value() && Has(allow.any_acr(), *facts.acr))) {
    return false;
  }
  for (const v1::ClaimCondition& condition : allow.claims()) {
    if (!Holds(condition, condition.path(0) == "tier" ? facts.tier : facts.namespace_)) {
      return false;
    }
  }
  return true;
}

inline Policy::Verdict Evaluate(const v1::ServerConfig& config, const Annotations& annotations,
                                const std::string& path, const Facts& facts) {
  for (const v1::Deny& deny : config.deny()) {
    if (!facts.token) continue;
    std::optional<std::string> actor;
    if (!facts.actors.empty()) actor = facts.actors.front();
    const std::string client = facts.client_id.value_or(facts.azp.value_or(""));
    if (!deny.clients().empty() && !Has(deny.clients(), client)) continue;
    bool knows_actor = deny.issuers().empty() || Has(deny.issuers(), facts.issuer);
    if (knows_actor && (deny.subjects().empty() || AnyNames(deny.subjects(), facts.subject))) {
      return Policy::Verdict::kDenied;
    }
    for (const std::string& issuer : deny.issuers()) {
      knows_actor = knows_actor || facts.actor_iss == IssOf(issuer);
    }
    if (knows_actor && AnyNames(deny.subjects(), actor)) return Policy::Verdict::kDenied;
  }
  std::string service;  // "/package.Service/*"; none of a path that is no method's.
  if (absl::StartsWith(path, "/") && path.find('/', 1) == path.rfind('/') && path.back() != '/') {
    service = path.substr(0, path.rfind('/') + 1) + "*";
  }
  for (const std::string& method : {path, service}) {
    for (const v1::Rule& rule : config.rules()) {
      if (rule.method() != method) continue;
      for (const v1::Allow& allow : rule.allow()) {
        if (Matches(allow, facts)) return Policy::Verdict::kAllowed;
      }
      return Policy::Verdict::kNoMatch;
    }
  }
  for (const std::string& method : {path, service}) {
    const auto found = annotations.find(method);
    if (found == annotations.end()) continue;
    for (v1::Allow allow : found->second) {
      if (allow.issuers().empty()) *allow.mutable_issuers() = config.annotation_issuers();
      if (Matches(allow, facts)) return Policy::Verdict::kAllowed;
    }
    return Policy::Verdict::kNoMatch;
  }
  return Policy::Verdict::kNoRule;
}

}  // namespace lanyard::testing::simple

#endif  // LANYARD_TESTS_SDK_SIMPLE_EVALUATOR_H_
