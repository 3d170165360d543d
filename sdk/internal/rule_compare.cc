// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/rule_compare.h"

#include <google/protobuf/text_format.h>

#include <algorithm>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/name_patterns.h"

namespace lanyard::internal {
namespace {

bool Contains(const Strings& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// A condition of which one value is enough: absent, it lets in everybody.
bool CoversValues(const Strings& wide, const Strings& narrow) {
  return wide.empty() ||
         (!narrow.empty() && std::all_of(narrow.begin(), narrow.end(),
                                         [&](const std::string& v) { return Contains(wide, v); }));
}

bool CoversPatterns(const Strings& wide, const Strings& narrow, absl::string_view separators) {
  const auto covered = [&](const std::string& pattern) {
    return std::any_of(wide.begin(), wide.end(), [&](const std::string& other) {
      return NamePatterns::Covers(other, pattern, separators);
    });
  };
  return wide.empty() || (!narrow.empty() && std::all_of(narrow.begin(), narrow.end(), covered));
}

// Scopes or roles, of which all_ must all be there and any_ at least one.
bool CoversSets(const Strings& wide_all, const Strings& wide_any, const Strings& narrow_all,
                const Strings& narrow_any) {
  const bool all = std::all_of(wide_all.begin(), wide_all.end(), [&](const std::string& value) {
    return Contains(narrow_all, value) || (narrow_any.size() == 1 && narrow_any[0] == value);
  });
  const bool any = CoversValues(wide_any, narrow_any) ||
                   std::any_of(narrow_all.begin(), narrow_all.end(),
                               [&](const std::string& value) { return Contains(wide_any, value); });
  return all && any;
}

// Whether what meets `narrow` meets `wide`.
bool CoversClaim(const v1::ClaimCondition& wide, const v1::ClaimCondition& narrow) {
  if (!std::equal(wide.path().begin(), wide.path().end(), narrow.path().begin(),
                  narrow.path().end())) {
    return false;
  }
  if (wide.exists()) return true;
  if (wide.has_boolean()) return narrow.has_boolean() && wide.boolean() == narrow.boolean();
  if (!wide.any_of_integers().empty()) {
    const auto& integers = wide.any_of_integers();
    return !narrow.any_of_integers().empty() &&
           std::all_of(narrow.any_of_integers().begin(), narrow.any_of_integers().end(),
                       [&](int64_t value) {
                         return std::find(integers.begin(), integers.end(), value) !=
                                integers.end();
                       });
  }
  return CoversSets(wide.all_of(), wide.any_of(), narrow.all_of(), narrow.any_of());
}

bool CoversActors(const v1::Allow& wide, const v1::Allow& narrow) {
  if (wide.any_actor()) return true;
  if (wide.actors().empty()) return narrow.actors().empty() && !narrow.any_actor();
  const auto covered = [&](const v1::ActorCondition& actor) {
    return std::any_of(
        wide.actors().begin(), wide.actors().end(), [&](const v1::ActorCondition& other) {
          return other.issuer() == actor.issuer() &&
                 CoversPatterns(other.subjects(), actor.subjects(), kSubjectSeparators);
        });
  };
  return !narrow.actors().empty() &&
         std::all_of(narrow.actors().begin(), narrow.actors().end(), covered);
}

bool CoversAge(bool has_wide, const google::protobuf::Duration& wide, bool has_narrow,
               const google::protobuf::Duration& narrow) {
  return !has_wide || (has_narrow && DurationOf(narrow) <= DurationOf(wide));
}

std::string OneLine(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

bool Covers(const v1::Allow& wide, const v1::Allow& narrow) {
  // Where a bad token counts as none, its holder gets in as well.
  if (wide.anyone()) return wide.has_bad_token() || !narrow.has_bad_token();
  if (narrow.anyone()) return false;
  if (!CoversPatterns(wide.peers(), narrow.peers(), kUriSeparators)) return false;
  if (wide.without_token()) return true;
  if (narrow.without_token()) return false;
  const auto claims_covered = std::all_of(
      wide.claims().begin(), wide.claims().end(), [&](const v1::ClaimCondition& condition) {
        return std::any_of(
            narrow.claims().begin(), narrow.claims().end(),
            [&](const v1::ClaimCondition& other) { return CoversClaim(condition, other); });
      });
  return claims_covered && CoversActors(wide, narrow) &&
         CoversValues(wide.issuers(), narrow.issuers()) &&
         CoversPatterns(wide.subjects(), narrow.subjects(), kSubjectSeparators) &&
         CoversValues(wide.clients(), narrow.clients()) &&
         CoversValues(wide.token_types(), narrow.token_types()) &&
         CoversValues(wide.any_acr(), narrow.any_acr()) &&
         (!wide.certificate_bound() || narrow.certificate_bound()) &&
         (!wide.one_time() || narrow.one_time()) &&
         CoversSets(wide.all_scopes(), wide.any_scopes(), narrow.all_scopes(),
                    narrow.any_scopes()) &&
         CoversSets(wide.all_roles(), wide.any_roles(), narrow.all_roles(), narrow.any_roles()) &&
         CoversAge(wide.has_max_token_age(), wide.max_token_age(), narrow.has_max_token_age(),
                   narrow.max_token_age()) &&
         CoversAge(wide.has_max_authentication_age(), wide.max_authentication_age(),
                   narrow.has_max_authentication_age(), narrow.max_authentication_age());
}

std::vector<v1::Allow> NotCovered(const v1::Rule& rule, const v1::Rule& by) {
  std::vector<v1::Allow> rest;
  for (const v1::Allow& allow : rule.allow()) {
    const bool covered = std::any_of(by.allow().begin(), by.allow().end(),
                                     [&](const v1::Allow& other) { return Covers(other, allow); });
    if (!covered) rest.push_back(allow);
  }
  return rest;
}

RuleChange Compare(const v1::Rule& before, const v1::Rule& after) {
  const bool loses = !NotCovered(before, after).empty();
  const bool gains = !NotCovered(after, before).empty();
  if (loses && gains) return RuleChange::kOther;
  if (gains) return RuleChange::kWider;
  return loses ? RuleChange::kNarrower : RuleChange::kSame;
}

std::string AllowText(const v1::Allow& allow) { return OneLine(allow); }
std::string DenyText(const v1::Deny& deny) { return OneLine(deny); }

}  // namespace lanyard::internal
