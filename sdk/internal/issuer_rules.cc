// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/issuer_rules.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/short_name.h"
#include "lanyard/sdk/internal/spiffe_id.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kNoType = "NO_TYP";
constexpr absl::Duration kMaxLeeway = absl::Minutes(5);
constexpr absl::Duration kShortestRevocationAge = absl::Seconds(10);
constexpr absl::Duration kLongestRevocationAge = absl::Hours(24);
constexpr absl::Duration kLongestLifetime = absl::Hours(24 * 31);

bool IsSvid(const v1::Issuer& issuer) {
  return issuer.has_profile() && issuer.profile() == v1::JWT_SVID;
}

absl::Status FieldError(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

// Where the keys come from.
absl::Status ValidateKeys(const v1::Issuer& issuer, bool hmac) {
  const v1::Fetch& fetch = issuer.fetch();
  const bool remote = !issuer.jwks_url().empty() || !issuer.discovery_url().empty();
  if (!issuer.jwks().empty() + !issuer.jwks_file().empty() + !issuer.jwks_url().empty() +
          !issuer.discovery_url().empty() >
      1) {
    return FieldError("jwks, jwks_file, jwks_url, discovery_url", "only one of them");
  }
  if (!issuer.jwks().empty() && hmac) {
    return FieldError("jwks_file", "required: HMAC secrets do not stand in a config");
  }
  if (!remote && issuer.has_fetch()) {
    return FieldError("fetch", "is only for jwks_url and discovery_url");
  }
  if (!remote) return absl::OkStatus();
  if (hmac) return FieldError("jwks_file", "required: HMAC secrets never come over the network");
  const auto check = [](absl::string_view field, const std::string& url, bool plaintext) {
    if (url.empty()) return absl::OkStatus();
    const auto parsed = ParseHttpUrl(url, plaintext);
    return parsed.ok() ? absl::OkStatus() : FieldError(field, parsed.status().message());
  };
  const bool plaintext = fetch.plaintext_http_is_trusted();
  if (absl::Status s = check("jwks_url", issuer.jwks_url(), plaintext); !s.ok()) return s;
  if (absl::Status s = check("discovery_url", issuer.discovery_url(), plaintext); !s.ok()) return s;
  for (const auto& [field, hosts, plain] :
       {std::tuple("fetch.key_hosts", &fetch.key_hosts(), plaintext),
        std::tuple("fetch.bearer_hosts", &fetch.bearer_hosts(), false)}) {
    const auto origins = ParseHttpOrigins({hosts->begin(), hosts->end()}, field, plain);
    if (!origins.ok()) return origins.status();
  }
  if (absl::Status s = check("fetch.proxy", fetch.proxy(), true); !s.ok()) return s;
  if (!fetch.key_hosts().empty() && issuer.discovery_url().empty()) {
    return FieldError("fetch.key_hosts", "is only for discovery_url");
  }
  if (fetch.bearer_token_file().empty() != fetch.bearer_hosts().empty()) {
    return FieldError("fetch.bearer_token_file and fetch.bearer_hosts", "each needs the other");
  }
  const absl::Duration refresh =
      fetch.has_refresh() ? DurationOf(fetch.refresh()) : absl::Minutes(5);
  if (refresh < absl::Minutes(1) || refresh > absl::Hours(1)) {
    return FieldError("fetch.refresh", "must be 1 min to 1 h");
  }
  const absl::Duration max_stale =
      fetch.has_max_stale() ? DurationOf(fetch.max_stale()) : absl::Hours(1);
  if (max_stale < 2 * refresh || max_stale > absl::Hours(24)) {
    return FieldError("fetch.max_stale", "must be at least twice refresh, and at most 24 h");
  }
  return absl::OkStatus();
}

absl::Status ValidateRevocations(const v1::Revocations& revocations) {
  if (!revocations.has_max_revocation_age()) return absl::OkStatus();
  if (revocations.file().empty()) {
    return FieldError("revocations.max_revocation_age",
                      "is only for a file; a source of the server's code has its own");
  }
  const absl::Duration age = DurationOf(revocations.max_revocation_age());
  if (age < kShortestRevocationAge || age > kLongestRevocationAge) {
    return FieldError("revocations.max_revocation_age", "must be 10 s to 24 h");
  }
  return absl::OkStatus();
}

// What profile JWT_SVID asks for, and what only it may have.
absl::Status ValidateTrustDomain(const v1::Issuer& issuer,
                                 const std::vector<Algorithm>& algorithms) {
  if (!IsSvid(issuer)) {
    return issuer.trust_domain().empty() ? absl::OkStatus()
                                         : FieldError("trust_domain", "needs profile: JWT_SVID");
  }
  if (!IsTrustDomain(issuer.trust_domain())) {
    return FieldError("trust_domain",
                      "required with profile JWT_SVID, as in \"prod.example\": a-z 0-9 . _ -");
  }
  if (!issuer.discovery_url().empty()) {
    return FieldError("discovery_url", "a SPIFFE bundle is fetched from its jwks_url");
  }
  if (issuer.accept_subjectless_tokens()) {
    return FieldError("accept_subjectless_tokens", "a JWT-SVID has a sub");
  }
  for (const Algorithm algorithm : algorithms) {
    if (IsHmac(algorithm) || algorithm == Algorithm::kEdDsa) {
      return FieldError("algorithms", "JWT-SVIDs are signed with RS, PS and ES algorithms only");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateMayAssert(const v1::Issuer& issuer) {
  if (!issuer.has_may_assert()) return absl::OkStatus();
  const v1::MayAssert& may = issuer.may_assert();
  const bool some =
      may.subjects_size() + may.scopes_size() + may.roles_size() + may.claims_size() > 0;
  if (may.anything()) {
    return some ? FieldError("may_assert", "\"anything\" stands beside others, which mean nothing")
                : absl::OkStatus();
  }
  if (may.subjects().empty() && !issuer.accept_subjectless_tokens()) {
    return FieldError("may_assert.subjects",
                      "required: the subjects that the issuer is believed about, as in "
                      "\"team:*\"; or may_assert { anything: true }");
  }
  for (const auto& [field, list, separators] :
       {std::tuple("may_assert.subjects", &may.subjects(), kSubjectSeparators),
        std::tuple("may_assert.scopes", &may.scopes(), kScopeSeparators),
        std::tuple("may_assert.roles", &may.roles(), kScopeSeparators)}) {
    for (const std::string& pattern : *list) {
      if (absl::Status s = NamePatterns::Validate(pattern, separators); !s.ok()) {
        return FieldError(field, s.message());
      }
    }
  }
  return absl::OkStatus();
}

// That the claim is there, or is that text.
v1::ClaimCondition ConditionOf(const std::vector<std::string>& path, const char* text = nullptr) {
  v1::ClaimCondition condition;
  for (const std::string& name : path) condition.add_path(name);
  if (text == nullptr) {
    condition.set_exists(true);
  } else {
    condition.add_any_of(text);
  }
  return condition;
}

}  // namespace

std::vector<Algorithm> AlgorithmsOf(const v1::Issuer& issuer) {
  std::vector<Algorithm> algorithms;
  for (const int value : issuer.algorithms()) {
    const auto algorithm = AlgorithmFromName(v1::Algorithm_Name(static_cast<v1::Algorithm>(value)));
    if (algorithm.has_value()) algorithms.push_back(*algorithm);
  }
  return algorithms;
}

std::string IssuerText(const v1::Issuer& issuer) {
  return issuer.issuer().empty() ? absl::StrCat("spiffe://", issuer.trust_domain())
                                 : issuer.issuer();
}

IssuerRules RulesOf(const v1::Issuer& issuer) {
  IssuerRules rules;
  rules.name = issuer.name();
  rules.fingerprint = std::hash<std::string>()(issuer.SerializeAsString());
  rules.issuer = issuer.issuer();
  rules.audiences.assign(issuer.audiences().begin(), issuer.audiences().end());
  rules.algorithms = AlgorithmsOf(issuer);
  rules.require_subject = !issuer.accept_subjectless_tokens();
  rules.single_audience_only = issuer.single_audience_only();
  if (issuer.has_leeway()) rules.leeway = DurationOf(issuer.leeway());
  if (issuer.has_max_lifetime()) rules.max_lifetime = DurationOf(issuer.max_lifetime());
  rules.required_claims.assign(issuer.required_claims().begin(), issuer.required_claims().end());
  for (const v1::RolesClaim& roles : issuer.roles()) rules.roles.push_back(roles.path());
  if (issuer.has_may_assert() && !issuer.may_assert().anything()) {
    const v1::MayAssert& may = issuer.may_assert();
    rules.may_assert = {NamePatterns(may.subjects(), kSubjectSeparators),
                        NamePatterns(may.scopes(), kScopeSeparators),
                        NamePatterns(may.roles(), kScopeSeparators)};
  }
  switch (issuer.has_profile() ? issuer.profile() : v1::RFC9068) {
    case v1::KUBERNETES:
      rules.types = {"jwt"};
      rules.accept_no_type = true;
      rules.require_issued_at = true;
      rules.required_claims.push_back(ConditionOf({"kubernetes.io", "namespace"}));
      break;
    case v1::KEYCLOAK:
      rules.types = {"jwt", "at+jwt"};
      rules.require_issued_at = true;
      rules.require_token_id = true;
      rules.required_claims.push_back(ConditionOf({"typ"}, "Bearer"));
      rules.required_claims.push_back(ConditionOf({"azp"}));
      break;
    case v1::JWT_SVID:
      rules.trust_domain = issuer.trust_domain();
      rules.trust_domain_uri = absl::StrCat("spiffe://", issuer.trust_domain());
      rules.key_use = KeyUse::kJwtSvid;
      rules.types = {"jwt", "jose"};
      rules.accept_no_type = true;
      break;
    case v1::CUSTOM:
      for (const std::string& type : issuer.custom_types()) {
        if (type == kNoType) {
          rules.accept_no_type = true;
        } else {
          rules.types.push_back(NormalizedType(type));
        }
      }
      break;
    default:
      rules.types = {"at+jwt"};
      rules.require_issued_at = true;
      rules.require_token_id = true;
      rules.require_client_id = true;
      rules.refuse_other_kinds = false;
      break;
  }
  return rules;
}

absl::Duration MaxRevocationAge(const v1::Revocations& revocations) {
  return revocations.has_max_revocation_age() ? DurationOf(revocations.max_revocation_age())
                                              : absl::Minutes(5);
}

absl::Status ValidateIssuer(const v1::Issuer& issuer) {
  constexpr auto error = FieldError;
  if (!IsShortName(issuer.name())) {
    return error("name", "required, 1 to 64 characters of a-z 0-9 . _ -");
  }
  if (issuer.issuer().empty() && !IsSvid(issuer))
    return error("issuer", "required: the exact iss of its tokens");
  if (issuer.audiences().empty()) {
    return error("audiences", "required: what aud must name for a token to be meant for us");
  }
  for (const std::string& audience : issuer.audiences()) {
    if (audience.empty()) return error("audiences", "an empty string matches nothing");
  }
  const std::vector<Algorithm> algorithms = AlgorithmsOf(issuer);
  if (algorithms.empty() || static_cast<int>(algorithms.size()) != issuer.algorithms_size()) {
    return error("algorithms", "required, there is no default: for example ES256");
  }
  for (const Algorithm algorithm : algorithms) {
    if (std::count(algorithms.begin(), algorithms.end(), algorithm) > 1) {
      return error("algorithms", absl::StrCat(AlgorithmName(algorithm), " is listed twice"));
    }
  }
  const auto hmacs = std::count_if(algorithms.begin(), algorithms.end(), IsHmac);
  if (hmacs != 0 && static_cast<size_t>(hmacs) != algorithms.size()) {
    return error("algorithms",
                 "HMAC and public-key algorithms in one list invite key confusion (RFC 8725 "
                 "section 3.1); make two issuers");
  }
  if ((hmacs != 0) != issuer.every_verifier_can_mint()) {
    return error("every_verifier_can_mint",
                 hmacs != 0 ? "must be true with HMAC algorithms: whoever can verify such a token "
                              "can also make one"
                            : "is only for HMAC algorithms");
  }
  if (absl::Status s = ValidateTrustDomain(issuer, algorithms); !s.ok()) return s;
  if (absl::Status status = ValidateKeys(issuer, hmacs != 0); !status.ok()) return status;
  if (issuer.has_profile() && issuer.profile() == v1::PROFILE_UNSPECIFIED) {
    return error("profile", "must be RFC9068, KUBERNETES, KEYCLOAK, JWT_SVID or CUSTOM");
  }
  const bool custom = issuer.has_profile() && issuer.profile() == v1::CUSTOM;
  if (custom == issuer.custom_types().empty()) {
    return error("custom_types", custom ? "required with profile CUSTOM; \"NO_TYP\" stands for none"
                                        : "needs profile: CUSTOM");
  }
  for (const std::string& type : issuer.custom_types()) {
    if (NormalizedType(type).empty())
      return error("custom_types", "an empty string; \"NO_TYP\" stands for none");
  }
  for (const v1::ClaimCondition& condition : issuer.required_claims()) {
    if (absl::Status status = ValidateClaimCondition(condition); !status.ok()) {
      return error("required_claims", status.message());
    }
  }
  for (const v1::RolesClaim& roles : issuer.roles()) {
    if (absl::Status status = ValidateClaimPath(roles.path()); !status.ok()) {
      return error("roles", status.message());
    }
  }
  if (absl::Status s = ValidateMayAssert(issuer); !s.ok()) return s;
  if (absl::Status s = ValidateRevocations(issuer.revocations()); !s.ok()) return s;
  const bool shared_type = std::any_of(
      issuer.custom_types().begin(), issuer.custom_types().end(),
      [](const std::string& type) { return type == kNoType || NormalizedType(type) == "jwt"; });
  if (issuer.issuer_signs_access_tokens_only() && !shared_type) {
    return error("issuer_signs_access_tokens_only",
                 "is only for custom_types \"JWT\" and \"NO_TYP\"");
  }
  if (shared_type && issuer.required_claims().empty() &&
      !issuer.issuer_signs_access_tokens_only()) {
    return error("required_claims",
                 "required, because ID tokens have typ \"JWT\" or none as well: name a claim that "
                 "only access tokens have, for example { path: \"scope\" exists: true }; or say "
                 "issuer_signs_access_tokens_only: true");
  }
  if (issuer.has_leeway() && (DurationOf(issuer.leeway()) < absl::ZeroDuration() ||
                              DurationOf(issuer.leeway()) > kMaxLeeway)) {
    return error("leeway", "must be 0 to 5 minutes");
  }
  if (issuer.has_max_lifetime() && (DurationOf(issuer.max_lifetime()) <= absl::ZeroDuration() ||
                                    DurationOf(issuer.max_lifetime()) > kLongestLifetime)) {
    return error("max_lifetime", "must be above 0 and at most 31 days");
  }
  return absl::OkStatus();
}

absl::Status CompleteMayAssert(v1::Issuer* issuer) {
  if (issuer->has_may_assert()) return absl::OkStatus();
  if (issuer->trust_domain().empty()) {
    return FieldError(
        "may_assert",
        "required where there are several issuers: what this one is believed about, "
        "as in may_assert { subjects: \"team:*\" }; or may_assert { anything: true }");
  }
  issuer->mutable_may_assert()->add_subjects(
      absl::StrCat("spiffe://", issuer->trust_domain(), "/*"));
  return absl::OkStatus();
}

}  // namespace lanyard::internal
