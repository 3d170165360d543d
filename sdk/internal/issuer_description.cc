// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/issuer_description.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/weakenings.h"

namespace lanyard::internal {
namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

template <typename Texts>
std::string AnyOf(const Texts& texts) {
  return absl::StrJoin(texts, " or ",
                       [](std::string* out, const std::string& t) { out->append(Quoted(t)); });
}

std::string TypesOf(const IssuerRules& rules) {
  std::string text = AnyOf(rules.types);
  if (rules.accept_no_type) absl::StrAppend(&text, text.empty() ? "" : " or ", "none");
  return text;
}

std::string KeysOf(const v1::Issuer& issuer) {
  const v1::Fetch& fetch = issuer.fetch();
  if (!issuer.jwks().empty()) return "in the config";
  if (!issuer.jwks_file().empty()) return absl::StrCat("file ", issuer.jwks_file());
  const bool discovery = !issuer.discovery_url().empty();
  if (!discovery && issuer.jwks_url().empty()) return "given by the server's code";
  const absl::Duration refresh =
      fetch.has_refresh() ? DurationOf(fetch.refresh()) : absl::Minutes(5);
  const absl::Duration max_stale =
      fetch.has_max_stale() ? DurationOf(fetch.max_stale()) : absl::Hours(1);
  return absl::StrCat(discovery ? "by the metadata at " : "at ",
                      discovery ? issuer.discovery_url() : issuer.jwks_url(), ", every ",
                      absl::FormatDuration(refresh), ", at most ", absl::FormatDuration(max_stale),
                      " old");
}

std::string RevocationsOf(const v1::Issuer& issuer) {
  if (!issuer.has_revocations()) return "";
  const v1::Revocations& revocations = issuer.revocations();
  if (revocations.file().empty()) return "given by the server's code";
  return absl::StrCat("file ", revocations.file(), ", at most ",
                      absl::FormatDuration(MaxRevocationAge(revocations)), " old");
}

std::string RequiredClaimsOf(const IssuerRules& rules) {
  std::vector<std::string> names = {"exp"};
  if (rules.require_issued_at) names.push_back("iat");
  if (rules.require_token_id) names.push_back("jti");
  if (rules.require_subject) names.push_back("sub");
  if (rules.require_client_id) names.push_back("client_id");
  return absl::StrJoin(names, ", ");
}

std::string ConditionText(const v1::ClaimCondition& condition) {
  const std::string path = PathText(condition);
  if (condition.exists()) return absl::StrCat(path, " is there");
  if (condition.has_boolean()) {
    return absl::StrCat(path, " is ", condition.boolean() ? "true" : "false");
  }
  if (!condition.any_of().empty()) return absl::StrCat(path, " is ", AnyOf(condition.any_of()));
  if (!condition.all_of().empty()) {
    return absl::StrCat(
        path, " has ",
        absl::StrJoin(condition.all_of(), " and ", [](std::string* out, const std::string& text) {
          out->append(Quoted(text));
        }));
  }
  return absl::StrCat(path, " is ", absl::StrJoin(condition.any_of_integers(), " or "));
}

std::string WeakeningsText(const v1::Issuer& issuer) {
  return absl::StrJoin(
      WeakeningsOf(issuer), ", ",
      [](std::string* out, const Weakening& weakening) { out->append(weakening.word); });
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DescribeIssuer(const v1::Issuer& issuer) {
  const IssuerRules rules = RulesOf(issuer);
  std::vector<std::string> algorithms, claims, roles;
  for (const Algorithm algorithm : rules.algorithms) {
    algorithms.emplace_back(AlgorithmName(algorithm));
  }
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    claims.push_back(ConditionText(condition));
  }
  for (const v1::RolesClaim& claim : issuer.roles()) {
    v1::ClaimCondition condition;
    *condition.mutable_path() = claim.path();
    roles.push_back(PathText(condition));
  }
  const bool is_svid = !rules.trust_domain.empty();
  std::vector<std::pair<std::string, std::string>> lines = {
      {"profile", v1::Profile_Name(issuer.has_profile() ? issuer.profile() : v1::RFC9068)},
      {"keys", KeysOf(issuer)},
      {"revocations", RevocationsOf(issuer)},
      {"key use", is_svid ? "jwt-svid" : "sig"},
      {"algorithms", absl::StrJoin(algorithms, " or ")},
      {"typ", TypesOf(rules)},
      {"iss", !is_svid               ? Quoted(rules.issuer)
              : rules.issuer.empty() ? "absent"
                                     : absl::StrCat(Quoted(rules.issuer), " or absent")},
      {"sub", is_svid ? absl::StrCat("a SPIFFE ID of ", Quoted(rules.trust_domain)) : ""},
      {"aud",
       absl::StrCat(AnyOf(rules.audiences), rules.single_audience_only ? ", and nobody else" : "")},
      {"must have", RequiredClaimsOf(rules)},
      {"claims", absl::StrJoin(claims, "; ")},
      {"other kinds", rules.refuse_other_kinds
                          ? "no nonce, at_hash, c_hash, s_hash or events; a claim typ says that it "
                            "is an access token"
                          : ""},
      {"leeway", absl::FormatDuration(rules.leeway)},
      {"longest life", absl::FormatDuration(rules.max_lifetime)},
      {"roles", absl::StrJoin(roles, ", ")},
      {"weakened by", WeakeningsText(issuer)},
  };
  std::vector<std::pair<std::string, std::string>> filled;
  for (auto& line : lines) {
    if (!line.second.empty()) filled.push_back(std::move(line));
  }
  return filled;
}

}  // namespace lanyard::internal
