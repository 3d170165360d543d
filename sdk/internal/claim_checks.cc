// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/claim_checks.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/sdk/internal/spiffe_id.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

absl::Status Fail(AuthFailure failure, absl::string_view detail) {
  return AuthFailureStatus(failure, detail);
}

// That the claims are of the issuer whose key verified.
absl::Status CheckIssuer(const RegisteredClaims& claims, const IssuerRules& rules) {
  const bool is_svid = !rules.trust_domain.empty();
  if (claims.issuer.has_value() ? *claims.issuer != rules.issuer : !is_svid) {
    return Fail(AuthFailure::kUnknownIssuer, "\"iss\" is not the issuer whose key verified");
  }
  if (is_svid && TrustDomainOf(claims.subject.value_or("")) != rules.trust_domain) {
    return Fail(AuthFailure::kUnknownIssuer,
                "\"sub\" is no SPIFFE ID of the trust domain whose key verified");
  }
  return absl::OkStatus();
}

absl::Status CheckPresence(const RegisteredClaims& claims, const IssuerRules& rules) {
  const struct {
    const char* name;
    bool missing;
  } required[] = {
      {"exp", !claims.expires_at.has_value()},
      {"iat", rules.require_issued_at && !claims.issued_at.has_value()},
      {"jti", rules.require_token_id && claims.token_id.value_or("").empty()},
      {"client_id", rules.require_client_id && claims.client_id.value_or("").empty()},
  };
  for (const auto& claim : required) {
    if (claim.missing) {
      return Fail(AuthFailure::kMissingClaim,
                  absl::StrCat("the token has no \"", claim.name, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status WrongAudience(absl::string_view what, const ClaimStrings& seen,
                           const IssuerRules& rules) {
  return Fail(AuthFailure::kWrongAudience,
              absl::StrCat(what, ": aud_seen ",
                           PrintableNames(std::vector<std::string>(seen.begin(), seen.end())),
                           ", want ", PrintableNames(rules.audiences)));
}

absl::Status CheckAudience(const RegisteredClaims& claims, const IssuerRules& rules) {
  if (!claims.audiences.has_value()) {
    return WrongAudience("the token has no \"aud\"", {}, rules);
  }
  bool ours = rules.any_audience_unchecked;
  for (const absl::string_view audience : *claims.audiences) {
    ours = ours || std::count(rules.audiences.begin(), rules.audiences.end(), audience) > 0;
  }
  if (!ours) {
    return WrongAudience("\"aud\" names none of our audiences", *claims.audiences, rules);
  }
  if (rules.single_audience_only && claims.audiences->size() > 1) {
    return WrongAudience("\"aud\" names others beside us, and single_audience_only is set",
                         *claims.audiences, rules);
  }
  return absl::OkStatus();
}

// In whole seconds: what is finer helps nobody.
std::string Span(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

// What is told of a token's times.
struct Times {
  absl::Time expires_at;
  std::optional<absl::Time> not_before, issued_at;
};

absl::Status CheckTimes(const Times& claims, const IssuerRules& rules, absl::Time now) {
  const absl::Time expires_at = claims.expires_at;
  if (now >= expires_at + rules.leeway) {
    return Fail(AuthFailure::kExpired,
                absl::StrCat("\"exp\" was ", Span(now - expires_at), " ago"));
  }
  if (claims.not_before.has_value() && *claims.not_before > now + rules.leeway) {
    return Fail(AuthFailure::kNotYetValid,
                absl::StrCat("\"nbf\" is ", Span(*claims.not_before - now), " in the future"));
  }
  if (claims.issued_at.has_value() && *claims.issued_at > now + rules.leeway) {
    return Fail(AuthFailure::kNotYetValid,
                absl::StrCat("\"iat\" is ", Span(*claims.issued_at - now), " in the future"));
  }
  if ((claims.issued_at.has_value() && expires_at - *claims.issued_at > rules.max_lifetime) ||
      expires_at - now > rules.max_lifetime + rules.leeway) {
    return Fail(
        AuthFailure::kLifetimeTooLong,
        absl::StrCat("the token lives ",
                     Span(expires_at - std::min(now, claims.issued_at.value_or(now))),
                     ", longer than max_lifetime, ", absl::FormatDuration(rules.max_lifetime)));
  }
  return absl::OkStatus();
}

// Whether a condition names what the claim that says the kind of a token must be.
bool IsOfKind(const v1::ClaimCondition& condition) {
  return condition.path_size() == 1 && condition.path(0) == "typ" &&
         (!condition.any_of().empty() || !condition.all_of().empty());
}

// The strings of the claims that hold roles; anything else there is none.
ClaimStrings RolesIn(const JsonValue& claims, const IssuerRules& rules) {
  ClaimStrings roles;
  const auto add = [&roles](const JsonValue& value) {
    if (value.is(JsonValue::Kind::kString)) roles.push_back(value.string());
  };
  for (const ClaimPath& path : rules.roles) {
    const auto found = FindClaim(claims, path);
    if (!found.has_value()) continue;
    if (!found->is(JsonValue::Kind::kArray)) {
      add(*found);
      continue;
    }
    for (const JsonValue role : *found) add(role);
  }
  return roles;
}

// That the issuer is believed about all that rules may look at.
absl::Status CheckMayAssert(const RegisteredClaims& claims, const ClaimStrings& roles,
                            const IssuerRules& rules) {
  if (!rules.may_assert.has_value()) return absl::OkStatus();
  const auto refuse = [&rules](absl::string_view what, absl::string_view name) {
    return Fail(AuthFailure::kDeniedByPolicy,
                absl::StrCat("issuer ", rules.name, " may not assert the ", what, " \"",
                             Printable(name, 128), "\" (may_assert)"));
  };
  const IssuerRules::MayAssert& may = *rules.may_assert;
  if (claims.subject.has_value() && !may.subjects.Match(*claims.subject)) {
    return refuse("subject", *claims.subject);
  }
  if (claims.has_actor && !may.subjects.Match(claims.actor_subject)) {
    return refuse("actor", claims.actor_subject);
  }
  if (claims.actor_issuer.has_value() && *claims.actor_issuer != claims.issuer.value_or("")) {
    return refuse("actor of another issuer,", claims.actor_subject);
  }
  for (const absl::string_view scope : claims.scopes) {
    if (!may.scopes.Match(scope)) return refuse("scope", scope);
  }
  for (const absl::string_view role : roles) {
    if (!may.roles.Match(role)) return refuse("role", role);
  }
  return absl::OkStatus();
}

// Access tokens under a header type that other kinds have too.
absl::Status CheckKind(const RegisteredClaims& claims, const JsonValue& root,
                       const IssuerRules& rules) {
  if (claims.has_other_kinds_claim) {
    return Fail(AuthFailure::kWrongType,
                "the claims are those of an ID, logout or security-event token");
  }
  // Keycloak's way to say what a token is: "Bearer", "ID", "Refresh", "Offline", …
  const auto type = root.Find("typ");
  if (!type.has_value()) return absl::OkStatus();
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    if (IsOfKind(condition)) return absl::OkStatus();  // Which decides.
  }
  constexpr absl::string_view kAccess[] = {"bearer", "jwt", "at+jwt", "access", "access_token"};
  if (type->is(JsonValue::Kind::kString)) {
    for (const absl::string_view access : kAccess) {
      if (absl::EqualsIgnoreCase(type->string(), access)) return absl::OkStatus();
    }
  }
  return Fail(AuthFailure::kWrongType,
              "the claim typ says that this is no access token; required_claims may name another");
}

}  // namespace

absl::StatusOr<IdentityFacts> BelieveClaims(const JsonDocument& document,
                                            std::shared_ptr<const IssuerRules> issuer,
                                            absl::Time now) {
  const JsonValue root = document.root();
  const IssuerRules& rules = *issuer;
  auto read = ReadClaims(root);
  if (!read.ok()) return read.status();
  const RegisteredClaims& claims = *read;
  if (absl::Status status = CheckIssuer(claims, rules); !status.ok()) return status;
  if (absl::Status status = CheckPresence(claims, rules); !status.ok()) return status;
  const Times times{*claims.expires_at, claims.not_before, claims.issued_at};
  if (absl::Status status = CheckTimes(times, rules, now); !status.ok()) return status;
  if (absl::Status status = CheckAudience(claims, rules); !status.ok()) return status;
  if (rules.require_subject && !claims.subject.has_value()) {
    return Fail(AuthFailure::kMissingClaim,
                "the token has no \"sub\"; let the issuer write it (Keycloak leaves it out of "
                "lightweight tokens), or set accept_subjectless_tokens");
  }
  if (rules.refuse_other_kinds) {
    if (absl::Status status = CheckKind(claims, root, rules); !status.ok()) return status;
  }
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    if (!Meets(root, condition)) {
      return Fail(IsOfKind(condition) ? AuthFailure::kWrongType : AuthFailure::kMissingClaim,
                  absl::StrCat("the claim ", PathText(condition),
                               " is absent, or not what required_claims or the profile asks for"));
    }
  }
  ClaimStrings roles = RolesIn(root, rules);
  if (absl::Status status = CheckMayAssert(claims, roles, rules); !status.ok()) return status;

  absl::StatusOr<IdentityFacts> facts(absl::in_place);
  facts->issuer = std::move(issuer);
  facts->claims = *std::move(read);
  facts->roles = std::move(roles);
  facts->claims_json = document.text();
  facts->document = document.bytes();
  return facts;
}

absl::Status CheckTime(const Identity& identity, const IssuerRules& rules, absl::Time now) {
  const IdentityState& token = IdentityAccess::StateOf(identity);
  return CheckTimes({*token.expires_at(), token.not_before(), token.issued_at()}, rules, now);
}

absl::Status CheckBinding(const Identity& identity, TokenConnection& connection) {
  const IdentityState& token = IdentityAccess::StateOf(identity);
  if (!token.has_confirmation()) return absl::OkStatus();
  if (!token.confirmation_is_checkable()) {
    return Fail(AuthFailure::kNotBound,
                "\"cnf\" holds something else than x5t#S256 alone, which cannot be checked");
  }
  if (!ConstantTimeEquals(token.certificate_sha256(), connection.CertificateSha256())) {
    return Fail(AuthFailure::kNotBound,
                "the token is bound to a client certificate that this connection does not have");
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
