// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_SIMPLE_ISTIO_H_
#define LANYARD_TESTS_TOOLS_LANYARD_SIMPLE_ISTIO_H_

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/tools/istio_rules.h"

// What Istio does with a rule of an AuthorizationPolicy, by its reference and the matchers of its
// pilot/pkg/security/authz, as far as istio_rules.h uses them.
namespace lanyard::testing::istio {

using List = std::vector<std::string>;

inline bool Matches(const std::string& pattern, const std::string& text) {
  if (pattern == "*") return !text.empty();
  if (absl::StartsWith(pattern, "*")) return absl::EndsWith(text, pattern.substr(1));
  if (absl::EndsWith(pattern, "*")) {
    return absl::StartsWith(text, absl::StripSuffix(pattern, "*"));
  }
  return pattern == text;
}
inline bool AnyMatches(const List& patterns, const List& texts) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return Matches(pattern, text); });
  });
}

// The strings of a claim: itself, or those of a list. Two claims are split at spaces.
inline List TextsAt(const std::string& key, const internal::JsonValue& claims) {
  std::string path(absl::StripPrefix(key, "request.auth.claims["));
  const List names = absl::StrSplit(absl::StripSuffix(path, "]"), "][");
  std::optional<internal::JsonValue> value = claims;
  for (const std::string& name : names) {
    value = value->Find(name);
    if (!value.has_value()) return {};
  }
  using Kind = internal::JsonValue::Kind;
  List texts;
  if (value->is(Kind::kString)) {
    if (names == List{"scope"} || names == List{"permission"}) {
      return absl::StrSplit(value->string(), ' ', absl::SkipEmpty());
    }
    texts.emplace_back(value->string());
  } else if (value->is(Kind::kArray)) {
    for (const internal::JsonValue element : *value) {
      if (element.is(Kind::kString)) texts.emplace_back(element.string());
    }
  }
  return texts;
}

// Whether the rule means a call with these claims, none without a token, and with a certificate of
// these SPIFFE IDs.
inline bool Means(const tools::IstioCallers& rule, const std::optional<internal::JsonValue>& claims,
                  const List& spiffe_ids) {
  if (!rule.principals.empty()) {
    List principals;
    for (const std::string& id : spiffe_ids) principals.push_back(id.substr(9));
    if (!AnyMatches(rule.principals, principals)) return false;
  }
  const auto claim = [&](const std::string& name) {
    const List texts = claims.has_value() ? TextsAt(name, *claims) : List();
    return texts.empty() ? std::string() : texts.front();
  };
  if (!rule.request_principals.empty()) {
    const std::string sub = claim("request.auth.claims[sub]");
    if (sub.empty() ||
        !AnyMatches(rule.request_principals, {claim("request.auth.claims[iss]") + "/" + sub})) {
      return false;
    }
  }
  return std::all_of(
      rule.when.begin(), rule.when.end(), [&](const tools::IstioCondition& condition) {
        const List texts = claims.has_value() ? TextsAt(condition.key, *claims) : List();
        return (condition.values.empty() || AnyMatches(condition.values, texts)) &&
               !AnyMatches(condition.not_values, texts);
      });
}

}  // namespace lanyard::testing::istio

#endif  // LANYARD_TESTS_TOOLS_LANYARD_SIMPLE_ISTIO_H_
