// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/istio_denials.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/sdk/internal/rule_compare.h"

namespace lanyard::tools {
namespace {

using internal::Strings;
using Texts = std::vector<std::string>;

// The conditions on whose token it is, or whose actor: one without any where every issuer's counts,
// and none at all where nobody with a token of these issuers is let in anyway.
std::vector<std::vector<IstioCondition>> IssuerChoices(const v1::Deny& deny,
                                                       const v1::ServerConfig& config,
                                                       bool of_actor) {
  if (deny.issuers().empty()) return {{}};
  Texts iss, actor_iss;
  for (const v1::Issuer& issuer : config.issuers()) {
    for (const std::string& name : deny.issuers()) {
      if (issuer.name() != name) continue;
      actor_iss.push_back(internal::IssuerText(issuer));
      if (UnsayableIssuer(issuer).empty()) iss.push_back(issuer.issuer());
    }
  }
  std::vector<std::vector<IstioCondition>> choices;
  if (!iss.empty()) choices.push_back({ClaimIs({"iss"}, iss)});
  if (of_actor) choices.push_back({ClaimIs({"act", "iss"}, actor_iss)});
  return choices;
}

// A subject is denied as an actor too, and a client by either claim that may name it.
IstioDenial DenialOf(const v1::Deny& deny, const v1::ServerConfig& config) {
  IstioDenial denial{absl::StrCat("deny { ", internal::DenyText(deny), " }"), {}};
  const std::vector<Texts> none = {{}};
  for (const Texts& subject :
       deny.subjects().empty() ? none : std::vector<Texts>{{"sub"}, {"act", "sub"}}) {
    for (const auto& issuer : IssuerChoices(deny, config, subject.size() == 2)) {
      for (const Texts& client :
           deny.clients().empty() ? none : std::vector<Texts>{{"client_id"}, {"azp"}}) {
        IstioCallers& callers = denial.callers.emplace_back();
        callers.when = issuer;
        if (!subject.empty()) callers.when.push_back(ClaimIs(subject, ToTexts(deny.subjects())));
        if (!client.empty()) callers.when.push_back(ClaimIs(client, ToTexts(deny.clients())));
      }
    }
  }
  return denial;
}

// What a token asserts that its issuer is not believed about.
void AddMayAssert(const v1::Issuer& issuer, IstioDenial* denial, Texts* not_told) {
  if (!issuer.has_may_assert() || issuer.may_assert().anything()) return;
  const v1::MayAssert& may = issuer.may_assert();
  const IstioCondition iss = ClaimIs({"iss"}, {issuer.issuer()});
  for (const Texts& path : {Texts{"sub"}, Texts{"act", "sub"}}) {
    denial->callers.push_back({{}, {}, {iss, ClaimIs(path, {"*"}, ToTexts(may.subjects()))}});
    const Texts stems = BareStems(may.subjects());
    if (!stems.empty()) denial->callers.push_back({{}, {}, {iss, ClaimIs(path, stems)}});
  }
  denial->callers.push_back({{}, {}, {iss, ClaimIs({"act", "iss"}, {"*"}, {issuer.issuer()})}});
  const auto none_or_told = [&](const Strings& names, const std::vector<Texts>& paths,
                                const char* what) {
    if (!names.empty()) {
      not_told->push_back(absl::StrCat("tokens of issuer ", issuer.name(), " with ", what,
                                       " beside those that it may assert"));
      return;
    }
    for (const Texts& path : paths) {
      if (!ClaimKey(path).empty()) {
        denial->callers.push_back({{}, {}, {iss, ClaimIs(path, {"*"})}});
      }
    }
  };
  none_or_told(may.scopes(), {{"scope"}, {"scp"}}, "scopes");
  std::vector<Texts> roles;
  for (const v1::RolesClaim& claim : issuer.roles()) roles.push_back(ToTexts(claim.path()));
  if (!roles.empty()) none_or_told(may.roles(), roles, "roles");
}

// What a token of the issuer lacks, or has and must not have.
IstioDenial TokensOf(const v1::Issuer& issuer, Texts* not_told) {
  IstioDenial denial{
      absl::StrCat("tokens of issuer ", issuer.name(), " that are not what the config asks for"),
      {}};
  const internal::IssuerRules rules = internal::RulesOf(issuer);
  const auto refuse = [&](IstioCondition condition) {
    denial.callers.push_back({{}, {}, {ClaimIs({"iss"}, {rules.issuer}), std::move(condition)}});
  };
  refuse({"request.auth.audiences", {}, rules.audiences});
  if (rules.require_client_id) refuse(ClaimIs({"client_id"}, {}, {"*"}));
  if (rules.require_token_id) refuse(ClaimIs({"jti"}, {}, {"*"}));
  bool typ_decides = false;
  for (const v1::ClaimCondition& claim : rules.required_claims) {
    const Texts path = ToTexts(claim.path());
    typ_decides = typ_decides || path == Texts{"typ"};
    if (claim.exists()) refuse(ClaimIs(path, {}, {"*"}));
    if (!claim.any_of().empty()) refuse(ClaimIs(path, {}, ToTexts(claim.any_of())));
    for (const std::string& value : claim.all_of()) refuse(ClaimIs(path, {}, {value}));
  }
  if (rules.refuse_other_kinds) {
    for (const char* name : {"nonce", "at_hash", "c_hash", "s_hash"})
      refuse(ClaimIs({name}, {"*"}));
    if (!typ_decides) {
      refuse(ClaimIs({"typ"}, {"*"}, {"Bearer", "bearer", "JWT", "jwt", "at+jwt", "access"}));
    }
  }
  if (rules.single_audience_only) {
    not_told->push_back(absl::StrCat("tokens of issuer ", issuer.name(),
                                     " for others beside us (single_audience_only)"));
  }
  AddMayAssert(issuer, &denial, not_told);
  return denial;
}

}  // namespace

std::vector<IstioDenial> DenialsOf(const v1::ServerConfig& config, Texts* not_told) {
  std::vector<IstioDenial> denials;
  for (const v1::Deny& deny : config.deny()) denials.push_back(DenialOf(deny, config));
  IstioDenial bound{"tokens that are bound to a key or a certificate, which Istio does not check",
                    {}};
  for (const Texts& path : {Texts{"cnf", "x5t#S256"}, Texts{"cnf", "jkt"}, Texts{"cnf", "kid"},
                            Texts{"cnf", "jwk", "kty"}}) {
    bound.callers.push_back({{}, {}, {ClaimIs(path, {"*"})}});
  }
  denials.push_back(std::move(bound));
  for (const v1::Issuer& issuer : config.issuers()) {
    if (UnsayableIssuer(issuer).empty()) denials.push_back(TokensOf(issuer, not_told));
  }
  return denials;
}

}  // namespace lanyard::tools
