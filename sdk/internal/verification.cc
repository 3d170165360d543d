// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/verification.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/spiffe_id.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

absl::Status Fail(AuthFailure failure, absl::string_view detail) {
  return AuthFailureStatus(failure, detail);
}

template <typename T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

absl::Status CheckType(const UnverifiedJws& jws, const IssuerRules& rules) {
  if (rules.any_type_unchecked) return absl::OkStatus();
  const bool good = jws.type.has_value() ? Contains(rules.types, NormalizedType(*jws.type))
                                         : rules.accept_no_type;
  if (good) return absl::OkStatus();
  return Fail(AuthFailure::kWrongType,
              jws.type.has_value()
                  ? "typ in the header is not one that this issuer's access "
                    "tokens have"
                  : "the header has no typ, and this issuer's access tokens have one");
}

absl::string_view KeyTypeOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs256:
    case Algorithm::kHs384:
    case Algorithm::kHs512:
      return "oct";
    case Algorithm::kRs256:
    case Algorithm::kRs384:
    case Algorithm::kRs512:
    case Algorithm::kPs256:
    case Algorithm::kPs384:
    case Algorithm::kPs512:
      return "RSA";
    case Algorithm::kEs256:
    case Algorithm::kEs384:
    case Algorithm::kEs512:
      return "EC";
    case Algorithm::kEdDsa:
      return "OKP";
  }
  return "";
}

// The one key that can have signed this token; never a second try with another.
absl::StatusOr<const Key*> FindKey(const UnverifiedJws& jws, Algorithm algorithm,
                                   const IssuerRules& rules, const KeySet& keys) {
  const Key* found = nullptr;
  bool named = false;  // A key of this kid and of the algorithm's type exists.
  bool other_use = false;
  for (const Key& key : keys.keys()) {
    if (jws.key_id.has_value() && key.id() != *jws.key_id) continue;
    if (key.use() != rules.key_use) {
      other_use = true;
      continue;
    }
    named = named || key.type() == KeyTypeOf(algorithm);
    const bool usable = key.algorithm().has_value()
                            ? *key.algorithm() == algorithm
                            : rules.bind_keys_to_token_unchecked && key.Fits(algorithm);
    if (!usable) continue;
    if (found != nullptr) {
      return Fail(AuthFailure::kUnknownKey,
                  "several keys fit, and the header has no kid that tells them apart");
    }
    found = &key;
  }
  if (found != nullptr) return found;
  if (jws.key_id.has_value() && named) {
    return Fail(AuthFailure::kUnsupportedAlgorithm,
                "the key that kid names is not for the algorithm in the header");
  }
  if (other_use) {
    return Fail(
        AuthFailure::kUnknownKey,
        "the key's \"use\" is not for this issuer's tokens (sig, or jwt-svid for JWT-SVIDs)");
  }
  return Fail(AuthFailure::kUnknownKey, jws.key_id.has_value()
                                            ? "no key of this issuer has the header's kid"
                                            : "no key of this issuer fits the header's alg");
}

bool HasKey(const KeySet& keys, const std::string& id) {
  return std::any_of(keys.keys().begin(), keys.keys().end(),
                     [&id](const Key& key) { return key.id() == id; });
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

// What to change where the tokens come from.
std::string WantedAudience(const IssuerRules& rules) {
  return absl::StrCat("let the issuer name \"", Printable(rules.audiences[0], 128),
                      "\" (an audience mapper, or the resource that the client asks for)");
}

absl::Status CheckAudience(const RegisteredClaims& claims, const IssuerRules& rules) {
  if (!claims.audiences.has_value()) {
    return Fail(AuthFailure::kWrongAudience,
                absl::StrCat("the token has no \"aud\"; ", WantedAudience(rules)));
  }
  bool ours = false;
  for (const std::string& audience : *claims.audiences) {
    ours = ours || Contains(rules.audiences, audience);
  }
  if (!ours) {
    return Fail(AuthFailure::kWrongAudience,
                absl::StrCat("\"aud\" names none of our audiences; ", WantedAudience(rules)));
  }
  if (rules.single_audience_only && claims.audiences->size() > 1) {
    return Fail(AuthFailure::kWrongAudience,
                "\"aud\" names others beside us, and single_audience_only is set");
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const RegisteredClaims& claims, const IssuerRules& rules, absl::Time now) {
  const absl::Time expires_at = *claims.expires_at;
  if (now >= expires_at + rules.leeway) return Fail(AuthFailure::kExpired, "\"exp\" has passed");
  if (claims.not_before.has_value() && *claims.not_before > now + rules.leeway) {
    return Fail(AuthFailure::kNotYetValid, "\"nbf\" is in the future");
  }
  if (claims.issued_at.has_value() && *claims.issued_at > now + rules.leeway) {
    return Fail(AuthFailure::kNotYetValid, "\"iat\" is in the future");
  }
  if ((claims.issued_at.has_value() && expires_at - *claims.issued_at > rules.max_lifetime) ||
      expires_at - now > rules.max_lifetime + rules.leeway) {
    return Fail(
        AuthFailure::kLifetimeTooLong,
        absl::StrCat("the token lives longer than ", absl::FormatDuration(rules.max_lifetime)));
  }
  return absl::OkStatus();
}

// Whether a condition names what the claim that says the kind of a token must be.
bool IsOfKind(const v1::ClaimCondition& condition) {
  return condition.path_size() == 1 && condition.path(0) == "typ" &&
         (!condition.any_of().empty() || !condition.all_of().empty());
}

// The strings of the claims that hold roles; anything else there is none.
std::vector<std::string> RolesIn(const JsonValue& claims, const IssuerRules& rules) {
  std::vector<std::string> roles;
  const auto add = [&roles](const JsonValue& value) {
    if (value.is(JsonValue::Kind::kString)) roles.emplace_back(value.string());
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
absl::Status CheckMayAssert(const RegisteredClaims& claims, const std::vector<std::string>& roles,
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
  for (const std::string& scope : claims.scopes) {
    if (!may.scopes.Match(scope)) return refuse("scope", scope);
  }
  for (const std::string& role : roles) {
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

absl::StatusOr<const Key*> VerifySignature(const UnverifiedJws& jws, const IssuerRules& rules,
                                           const KeySet* keys, TokenConnection& connection) {
  const auto algorithm = AlgorithmFromName(jws.algorithm_name);
  if (!algorithm.has_value() || !Contains(rules.algorithms, *algorithm)) {
    return Fail(AuthFailure::kUnsupportedAlgorithm,
                "alg in the header is not in this issuer's list");
  }
  if (keys == nullptr) {
    return Fail(AuthFailure::kKeysUnavailable, "this issuer's keys are not loaded yet");
  }
  auto key = FindKey(jws, *algorithm, rules, *keys);
  if (!key.ok()) return key.status();
  if (!connection.BeginSignatureCheck()) {
    return Fail(AuthFailure::kTooManyBadTokens,
                "not checked: the connection has just sent too many bad signatures");
  }
  if (!(*key)->material().Verify(*algorithm, jws.signing_input, jws.signature)) {
    return Fail(AuthFailure::kBadSignature, "the signature is not by the key that it names");
  }
  connection.OnGoodSignature();
  return key;
}

absl::StatusOr<IssuerKeys> FindIssuer(const JsonValue& claims, const IssuerLookup& issuers) {
  const auto issuer = claims.Find("iss");
  if (issuer.has_value()) {
    if (!issuer->is(JsonValue::Kind::kString)) {
      return Fail(AuthFailure::kMalformedToken, "\"iss\" is not a string");
    }
    IssuerKeys found = issuers.Find(issuer->string());
    if (found.rules != nullptr) return found;
    return Fail(AuthFailure::kUnknownIssuer, "\"iss\" is none of the configured issuers");
  }
  const auto subject = claims.Find("sub");
  if (subject.has_value() && subject->is(JsonValue::Kind::kString)) {
    const auto trust_domain = TrustDomainOf(subject->string());
    IssuerKeys found =
        trust_domain.has_value() ? issuers.FindTrustDomain(*trust_domain) : IssuerKeys();
    if (found.rules != nullptr) return found;
  }
  return Fail(AuthFailure::kUnknownIssuer,
              "the token has no \"iss\", and \"sub\" is in no configured trust domain");
}

absl::StatusOr<std::shared_ptr<IdentityState>> BelieveClaims(const JsonValue& root,
                                                             const IssuerRules& rules,
                                                             absl::Time now) {
  auto claims = ReadClaims(root);
  if (!claims.ok()) return claims.status();
  if (absl::Status status = CheckIssuer(*claims, rules); !status.ok()) return status;
  if (absl::Status status = CheckPresence(*claims, rules); !status.ok()) return status;
  if (absl::Status status = CheckTimes(*claims, rules, now); !status.ok()) return status;
  if (absl::Status status = CheckAudience(*claims, rules); !status.ok()) return status;
  if (rules.require_subject && !claims->subject.has_value()) {
    return Fail(AuthFailure::kMissingClaim,
                "the token has no \"sub\"; let the issuer write it (Keycloak leaves it out of "
                "lightweight tokens), or set accept_subjectless_tokens");
  }
  if (rules.refuse_other_kinds) {
    if (absl::Status status = CheckKind(*claims, root, rules); !status.ok()) {
      return status;
    }
  }
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    if (!Meets(root, condition)) {
      return Fail(IsOfKind(condition) ? AuthFailure::kWrongType : AuthFailure::kMissingClaim,
                  absl::StrCat("the claim ", PathText(condition),
                               " is absent, or not what required_claims or the profile asks for"));
    }
  }
  std::vector<std::string> roles = RolesIn(root, rules);
  if (absl::Status status = CheckMayAssert(*claims, roles, rules); !status.ok()) return status;

  auto state = std::make_shared<IdentityState>();
  state->authenticated = true;
  state->issuer_name = rules.name;
  state->issuer =
      rules.issuer.empty() ? absl::StrCat("spiffe://", rules.trust_domain) : rules.issuer;
  // A value that no token can carry, so that it equals no name, not even the empty one.
  state->subject = claims->subject.value_or(std::string("\0none", 5));
  if (claims->has_actor) {
    state->actor_subject = claims->actor_subject;
    state->actor_issuer = claims->actor_issuer.value_or(state->issuer);
  }
  state->issuer_fingerprint = rules.fingerprint;
  state->client_id = claims->client_id.value_or(claims->authorized_party.value_or(""));
  state->token_id = claims->token_id.value_or("");
  state->roles = std::move(roles);
  state->audiences = *claims->audiences;
  state->usable_until = *claims->expires_at + rules.leeway;
  state->registered = *std::move(claims);
  return state;
}

absl::StatusOr<Verdict> VerifyToken(absl::string_view token, size_t max_bytes,
                                    const IssuerLookup& issuers, TokenConnection& connection,
                                    absl::Time now, absl::Duration since_boot) {
  auto jws = ParseJws(token, max_bytes);
  if (!jws.ok()) return jws.status();

  auto document = JsonDocument::ParseObject(jws->payload);
  if (!document.ok()) {
    return Fail(AuthFailure::kMalformedToken,
                absl::StrCat("claims: ", document.status().message()));
  }
  auto issuer = FindIssuer(document->root(), issuers);
  if (!issuer.ok()) return issuer.status();
  const IssuerRules& rules = *issuer->rules;

  if (absl::Status status = CheckType(*jws, rules); !status.ok()) return status;
  const auto key = VerifySignature(*jws, rules, issuer->keys.get(), connection);
  if (const absl::Status status = key.status(); !status.ok()) {
    // Only where no key at all has that id: one of another type is no reason to look for more.
    const bool unknown_id = FailureOf(status) == AuthFailure::kUnknownKey &&
                            jws->key_id.has_value() && issuer->source != nullptr &&
                            !HasKey(*issuer->keys, *jws->key_id);
    if (unknown_id && issuer->source->MayArrive(*jws->key_id)) {
      return Fail(AuthFailure::kKeysUnavailable,
                  "no key of this issuer has the header's kid yet; it has been asked");
    }
    return status;
  }

  auto identity = BelieveClaims(document->root(), rules, now);
  if (!identity.ok()) return identity.status();
  IdentityState& state = **identity;
  state.key_thumbprint = (*key)->shared_thumbprint();
  state.token_type = NormalizedType(jws->type.value_or(""));
  state.key_id = jws->key_id.value_or("");
  state.claims_json = std::move(jws->payload);
  state.ends_since_boot = since_boot + (state.usable_until - now);
  return Verdict{IdentityAccess::Make(*std::move(identity)), *std::move(issuer)};
}

absl::Status CheckTime(const Identity& identity, const IssuerRules& rules, absl::Time now) {
  return CheckTimes(IdentityAccess::StateOf(identity).registered, rules, now);
}

absl::Status CheckStillTrusted(const Identity& identity, const IssuerRules& rules,
                               const KeySet* keys) {
  const IdentityState& state = IdentityAccess::StateOf(identity);
  if (state.issuer_fingerprint != rules.fingerprint) {
    return Fail(AuthFailure::kUnknownIssuer, "the issuer's config has changed");
  }
  if (keys == nullptr) return absl::OkStatus();
  const bool there =
      std::any_of(keys->keys().begin(), keys->keys().end(),
                  [&state](const Key& key) { return key.Thumbprint() == *state.key_thumbprint; });
  return there ? absl::OkStatus()
               : Fail(AuthFailure::kUnknownKey, "the key that signed the token has been withdrawn");
}

absl::Status CheckBinding(const Identity& identity, TokenConnection& connection) {
  const RegisteredClaims& claims = IdentityAccess::StateOf(identity).registered;
  if (!claims.has_confirmation) return absl::OkStatus();
  if (!claims.confirmation_is_checkable) {
    return Fail(AuthFailure::kNotBound,
                "\"cnf\" holds something else than x5t#S256 alone, which cannot be checked");
  }
  if (!ConstantTimeEquals(claims.certificate_sha256, connection.CertificateSha256())) {
    return Fail(AuthFailure::kNotBound,
                "the token is bound to a client certificate that this connection does not have");
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
