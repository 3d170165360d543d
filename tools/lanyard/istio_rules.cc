// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/istio_rules.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/name_patterns.h"

namespace lanyard::tools {
namespace {

using internal::Strings;
using Texts = std::vector<std::string>;

// Istio takes a star at either end for a pattern, and has no way to say that it is none.
bool HasStar(const std::string& text) {
  return !text.empty() && (text.front() == '*' || text.back() == '*');
}
bool AnyHasStar(const Strings& texts) { return std::any_of(texts.begin(), texts.end(), HasStar); }

// What Istio has no words for.
Texts Unsayable(const v1::Allow& allow) {
  Texts words;
  const auto add = [&words](bool there, const char* word) {
    if (there) words.emplace_back(word);
  };
  add(!allow.actors().empty(), "actors");
  add(allow.has_max_token_age(), "max_token_age");
  add(allow.has_max_authentication_age(), "max_authentication_age");
  add(!allow.any_acr().empty(), "any_acr");
  add(allow.certificate_bound(), "certificate_bound");
  add(allow.one_time(), "one_time");
  add(!allow.token_types().empty(), "token_types");
  for (const auto& [field, list] :
       {std::pair("all_scopes", &allow.all_scopes()), std::pair("any_scopes", &allow.any_scopes()),
        std::pair("any_roles", &allow.any_roles()), std::pair("all_roles", &allow.all_roles()),
        std::pair("clients", &allow.clients())}) {
    if (AnyHasStar(*list)) words.push_back(absl::StrCat(field, " with a star at an end"));
  }
  return words;
}

// One `when` a value that must be there, and one for those of which one is enough.
void AddAllAndAny(const Texts& path, const Strings& all, const Strings& any,
                  std::vector<IstioCondition>* when) {
  for (const std::string& value : all) when->push_back(ClaimIs(path, {value}));
  if (!any.empty()) when->push_back(ClaimIs(path, ToTexts(any)));
}

// The conditions of a claim; nothing where Istio cannot say it.
std::optional<std::vector<IstioCondition>> WhenOf(const v1::ClaimCondition& claim) {
  const Texts path = ToTexts(claim.path());
  if (ClaimKey(path).empty() || claim.has_boolean() || !claim.any_of_integers().empty() ||
      AnyHasStar(claim.any_of()) || AnyHasStar(claim.all_of())) {
    return std::nullopt;
  }
  std::vector<IstioCondition> when;
  if (claim.exists()) when.push_back(ClaimIs(path, {"*"}));
  AddAllAndAny(path, claim.all_of(), claim.any_of(), &when);
  return when;
}

// Each of `callers` once with each of `choices`.
std::vector<IstioCallers> Product(const std::vector<IstioCallers>& callers,
                                  const std::vector<std::vector<IstioCondition>>& choices) {
  std::vector<IstioCallers> product;
  for (const IstioCallers& each : callers) {
    for (const std::vector<IstioCondition>& choice : choices) {
      product.push_back(each);
      product.back().when.insert(product.back().when.end(), choice.begin(), choice.end());
    }
  }
  return product;
}

// The client is client_id, or without it azp; where there are both, they are the same.
std::vector<std::vector<IstioCondition>> ClientChoices(const Strings& clients) {
  const Texts names = ToTexts(clients);
  std::vector<std::vector<IstioCondition>> choices = {
      {ClaimIs({"client_id"}, names), ClaimIs({"azp"}, {}, {"*"})},
      {ClaimIs({"azp"}, names), ClaimIs({"client_id"}, {}, {"*"})}};
  for (const std::string& name : names) {
    choices.push_back({ClaimIs({"client_id"}, {name}), ClaimIs({"azp"}, {name})});
  }
  return choices;
}

// SPIFFE IDs without "spiffe://", as Istio writes them.
Texts PrincipalsOf(const v1::Allow& allow, Texts* left_out) {
  Texts principals;
  for (const std::string& peer : allow.peers()) {
    if (absl::StartsWith(peer, "spiffe://") && peer.size() > 9) {
      principals.push_back(peer.substr(9));
    } else {
      left_out->push_back(absl::StrCat("peers \"", peer, "\": Istio knows SPIFFE IDs only"));
    }
  }
  return principals;
}

// Scopes or roles as far as the issuer may assert them: a token with others is refused. Whether
// there is a caller left.
bool KeepAssertable(const internal::NamePatterns& may, Strings* all, Strings* any) {
  const auto asserts = [&may](const std::string& name) { return may.Match(name); };
  const bool none = any->empty();
  const Strings asked = *any;
  any->Clear();
  for (const std::string& name : asked) {
    if (asserts(name)) *any->Add() = name;
  }
  return (none || !any->empty()) && std::all_of(all->begin(), all->end(), asserts);
}

// The callers with a token of one issuer, who may also have to have a certificate.
std::vector<IstioCallers> CallersOfIssuer(v1::Allow allow, const v1::Issuer& issuer,
                                          const Texts& principals, Texts* left_out) {
  const auto leave_out = [&](absl::string_view why) -> std::vector<IstioCallers> {
    left_out->push_back(absl::StrCat("tokens of issuer ", issuer.name(), ": ", why));
    return {};
  };
  if (const std::string why = UnsayableIssuer(issuer); !why.empty()) return leave_out(why);
  const internal::IssuerRules rules = internal::RulesOf(issuer);
  if (rules.may_assert.has_value() &&
      !(KeepAssertable(rules.may_assert->scopes, allow.mutable_all_scopes(),
                       allow.mutable_any_scopes()) &&
        KeepAssertable(rules.may_assert->roles, allow.mutable_all_roles(),
                       allow.mutable_any_roles()))) {
    return leave_out("it may not assert (may_assert) what the rule asks for");
  }

  // The issuer stands apart from the subject: joined by a slash, another cut of the two could read
  // the same.
  IstioCallers caller{principals, {absl::StrCat(issuer.issuer(), "/*")}, {}};
  caller.when.push_back(ClaimIs({"iss"}, {issuer.issuer()}));
  if (!allow.any_actor()) caller.when.push_back(ClaimIs({"act", "sub"}, {}, {"*"}));
  if (!allow.subjects().empty()) {
    caller.when.push_back(ClaimIs({"sub"}, ToTexts(allow.subjects()), BareStems(allow.subjects())));
  }
  AddAllAndAny({"scope"}, allow.all_scopes(), allow.any_scopes(), &caller.when);
  for (const v1::ClaimCondition& claim : allow.claims()) {
    const auto when = WhenOf(claim);
    if (!when.has_value()) {
      return leave_out(
          absl::StrCat("Istio cannot ask for the claim ", internal::PathText(claim), " like that"));
    }
    caller.when.insert(caller.when.end(), when->begin(), when->end());
  }

  std::vector<IstioCallers> callers = {std::move(caller)};
  if (!allow.clients().empty()) callers = Product(callers, ClientChoices(allow.clients()));
  if (allow.any_roles().empty() && allow.all_roles().empty()) return callers;
  // Istio cannot join several claims, so one of them must hold all that is asked for.
  std::vector<std::vector<IstioCondition>> places;
  for (const internal::ClaimPath& path : rules.roles) {
    if (ClaimKey(ToTexts(path)).empty()) continue;
    AddAllAndAny(ToTexts(path), allow.all_roles(), allow.any_roles(), &places.emplace_back());
  }
  if (places.empty()) return leave_out("Istio cannot look where its roles stand");
  if (places.size() < rules.roles.size() ||
      (rules.roles.size() > 1 && allow.all_roles_size() + !allow.any_roles().empty() > 1)) {
    left_out->push_back(absl::StrCat("tokens of issuer ", issuer.name(),
                                     " whose roles do not stand in one claim that Istio reads"));
  }
  return Product(callers, places);
}

}  // namespace

std::string ClaimKey(const Texts& path) {
  // Istio splits the two at spaces, and so would find in them what is not there.
  if (path == Texts{"permission"}) return "";
  for (const std::string& name : path) {
    if (name.find_first_of("[]") != std::string::npos) return "";
  }
  return absl::StrCat("request.auth.claims[", absl::StrJoin(path, "]["), "]");
}

IstioCondition ClaimIs(const Texts& path, Texts values, Texts not_values) {
  return {ClaimKey(path), std::move(values), std::move(not_values)};
}

Texts BareStems(const Strings& subjects) {
  const internal::NamePatterns patterns(subjects, internal::kSubjectSeparators);
  Texts stems;
  for (const std::string& subject : subjects) {
    std::string stem(absl::StripSuffix(subject, "*"));
    if (stem != subject && !patterns.Match(stem)) stems.push_back(std::move(stem));
  }
  return stems;
}

std::string UnsayableIssuer(const v1::Issuer& issuer) {
  if (issuer.issuer().empty() || !issuer.trust_domain().empty()) {
    return "Istio tells issuers by iss, which JWT-SVIDs need not have";
  }
  if (HasStar(issuer.issuer()) || AnyHasStar(issuer.audiences())) {
    return "Istio takes the star in iss or aud for a pattern";
  }
  for (const v1::ClaimCondition& claim : internal::RulesOf(issuer).required_claims) {
    if (!WhenOf(claim).has_value()) {
      return absl::StrCat("Istio cannot ask for the claim ", internal::PathText(claim),
                          " that required_claims has");
    }
  }
  return "";
}

std::vector<IstioCallers> CallersOf(const v1::Allow& allow, const v1::ServerConfig& config,
                                    Texts* left_out) {
  if (allow.anyone()) {
    if (allow.has_bad_token()) {
      left_out->emplace_back("callers with a bad token (bad_token): Istio refuses them");
    }
    return {IstioCallers()};
  }
  const Texts unsayable = Unsayable(allow);
  if (!unsayable.empty()) {
    left_out->push_back(
        absl::StrCat("the whole alternative: Istio cannot say ", absl::StrJoin(unsayable, ", ")));
    return {};
  }
  const Texts principals = PrincipalsOf(allow, left_out);
  if (!allow.peers().empty() && principals.empty()) return {};
  if (allow.without_token()) return {IstioCallers{principals, {}, {}}};
  std::vector<IstioCallers> callers;
  for (const v1::Issuer& issuer : config.issuers()) {
    const auto& names = allow.issuers();
    if (!names.empty() && std::find(names.begin(), names.end(), issuer.name()) == names.end()) {
      continue;
    }
    for (IstioCallers& each : CallersOfIssuer(allow, issuer, principals, left_out)) {
      callers.push_back(std::move(each));
    }
  }
  return callers;
}

}  // namespace lanyard::tools
