// SPDX-License-Identifier: Apache-2.0
#include "lanyard/fuzz/slow_verify.h"

#include <set>

#include "lanyard/fuzz/naive_base64url.h"
#include "lanyard/fuzz/naive_json.h"

namespace lanyard::fuzz {
namespace {

using Kind = internal::JsonValue::Kind;
using Failure = std::optional<AuthFailure>;

struct Token {
  std::string signed_text, header, payload, signature;
  std::string alg;
  std::optional<std::string> kid, typ;
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

bool TakeApart(const std::string& text, Token* out) {
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() != 3) return false;
  for (const std::string& part : parts) {
    if (part.empty() || !NaiveBase64UrlDecode(part).has_value()) return false;
  }
  out->signed_text = parts[0] + "." + parts[1];
  out->header = *NaiveBase64UrlDecode(parts[0]);
  out->payload = *NaiveBase64UrlDecode(parts[1]);
  out->signature = *NaiveBase64UrlDecode(parts[2]);
  return true;
}

bool OptionalText(const NaiveJson& object, const char* name, std::optional<std::string>* out) {
  const NaiveJson* member = object.Find(name);
  if (member == nullptr) return true;
  if (!member->is(Kind::kString)) return false;
  *out = member->text;
  return true;
}

bool ReadHeader(Token* token) {
  const auto header = NaiveParseObject(token->header);
  if (!header.has_value()) return false;
  for (const char* refused : {"crit", "b64", "zip", "enc", "cty", "jwk", "jku", "x5u", "x5c"}) {
    if (header->Find(refused) != nullptr) return false;
  }
  std::optional<std::string> alg;
  if (!OptionalText(*header, "alg", &alg) || !OptionalText(*header, "kid", &token->kid) ||
      !OptionalText(*header, "typ", &token->typ) || !alg.has_value()) {
    return false;
  }
  token->alg = *alg;
  return !token->kid.has_value() || (!token->kid->empty() && token->kid->size() <= 256);
}

bool TypeIsGood(const Token& token, const internal::IssuerRules& rules) {
  if (rules.any_type_unchecked) return true;
  if (!token.typ.has_value()) return rules.accept_no_type;
  std::string lower;
  for (const char c : *token.typ) {
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (lower.find("application/") == 0) lower = lower.substr(12);
  for (const std::string& type : rules.types) {
    if (type == lower) return true;
  }
  return false;
}

// Looks for the key by the algorithm's first letters, and at each key's own algorithm alone.
Failure CheckSignature(const Token& token, const SlowIssuer& issuer) {
  bool listed = false;
  for (const Algorithm algorithm : issuer.rules.algorithms) {
    listed = listed || std::string(AlgorithmName(algorithm)) == token.alg;
  }
  if (!listed) return AuthFailure::kUnsupportedAlgorithm;
  const std::string start = token.alg.substr(0, 2);
  const std::string type = start == "HS"                    ? "oct"
                           : start == "RS" || start == "PS" ? "RSA"
                           : start == "ES"                  ? "EC"
                                                            : "OKP";
  std::vector<Key> fitting;
  bool named = false;
  for (const Key& key : issuer.keys.keys()) {
    if (token.kid.has_value() && key.id() != *token.kid) continue;
    if (std::string(key.type()) == type) named = true;
    if (key.algorithm().has_value() && std::string(AlgorithmName(*key.algorithm())) == token.alg) {
      fitting.push_back(key);
    }
  }
  if (fitting.empty() && token.kid.has_value() && named) return AuthFailure::kUnsupportedAlgorithm;
  if (fitting.size() != 1) return AuthFailure::kUnknownKey;
  if (!fitting[0].material().Verify(*AlgorithmFromName(token.alg), token.signed_text,
                                    token.signature)) {
    return AuthFailure::kBadSignature;
  }
  return std::nullopt;
}

struct Claims {
  std::optional<std::string> iss, sub, jti, client_id, azp, scope;
  std::optional<absl::Time> exp, nbf, iat;
  std::optional<std::vector<std::string>> aud;
};

bool OptionalTime(const NaiveJson& object, const char* name, std::optional<absl::Time>* out) {
  const NaiveJson* member = object.Find(name);
  if (member == nullptr) return true;
  constexpr int64_t kLast = 253402300799;
  if (member->is(Kind::kInteger)) {
    if (member->integer < 0 || member->integer > kLast) return false;
    *out = absl::FromUnixSeconds(member->integer);
    return true;
  }
  if (!member->is(Kind::kDouble) || member->number < 0 || member->number > kLast) return false;
  *out = absl::UnixEpoch() + absl::Seconds(member->number);
  return true;
}

bool OptionalAudience(const NaiveJson& object, std::optional<std::vector<std::string>>* out) {
  const NaiveJson* member = object.Find("aud");
  if (member == nullptr) return true;
  out->emplace();
  if (member->is(Kind::kString)) (*out)->push_back(member->text);
  if (member->is(Kind::kArray)) {
    for (const NaiveJson& element : member->children) {
      if (!element.is(Kind::kString)) return false;
      (*out)->push_back(element.text);
    }
  }
  for (const std::string& audience : **out) {
    if (audience.empty()) return false;
  }
  return member->is(Kind::kString) || member->is(Kind::kArray);
}

bool ScopesAreGood(const std::string& scope, std::vector<std::string>* out) {
  if (scope.empty()) return true;
  *out = Split(scope, ' ');
  for (const std::string& name : *out) {
    if (name.empty()) return false;
    for (const char c : name) {
      if (c < '!' || c > '~' || c == '"' || c == '\\') return false;
    }
  }
  return true;
}

bool ScpIsGood(const NaiveJson& scp, std::vector<std::string>* out) {
  if (scp.is(Kind::kString)) return ScopesAreGood(scp.text, out);
  if (!scp.is(Kind::kArray)) return false;
  for (const NaiveJson& name : scp.children) {
    std::vector<std::string> one;
    if (!name.is(Kind::kString) || !ScopesAreGood(name.text, &one) || one.size() != 1) return false;
    out->push_back(one[0]);
  }
  return true;
}

bool ActorIsGood(const NaiveJson* actor, int depth) {
  if (actor == nullptr) return depth > 1;
  const NaiveJson* subject = actor->Find("sub");
  return depth <= 4 && actor->is(Kind::kObject) && subject != nullptr &&
         subject->is(Kind::kString) && !subject->text.empty() &&
         ActorIsGood(actor->Find("act"), depth + 1);
}

bool SubjectIsGood(const std::string& subject) {
  if (subject.empty() || subject.size() > 255) return false;
  for (const char c : subject) {
    if ((c >= 0 && c < ' ') || c == 0x7f) return false;
  }
  return true;
}

bool ReadClaims(const NaiveJson& root, Claims* claims, SlowVerdict* verdict) {
  if (!OptionalText(root, "iss", &claims->iss) || !OptionalText(root, "sub", &claims->sub) ||
      !OptionalText(root, "jti", &claims->jti) ||
      !OptionalText(root, "client_id", &claims->client_id) ||
      !OptionalText(root, "azp", &claims->azp) || !OptionalText(root, "scope", &claims->scope) ||
      !OptionalTime(root, "exp", &claims->exp) || !OptionalTime(root, "nbf", &claims->nbf) ||
      !OptionalTime(root, "iat", &claims->iat) || !OptionalAudience(root, &claims->aud)) {
    return false;
  }
  if (claims->sub.has_value() && !SubjectIsGood(*claims->sub)) return false;
  if (!ScopesAreGood(claims->scope.value_or(""), &verdict->scopes)) return false;
  if (const NaiveJson* scp = root.Find("scp"); scp != nullptr) {
    std::vector<std::string> names;
    if (!ScpIsGood(*scp, &names)) return false;
    if (claims->scope.has_value() && names != verdict->scopes) return false;
    verdict->scopes = names;
  }
  const NaiveJson* actor = root.Find("act");
  verdict->has_actor = actor != nullptr;
  if (actor != nullptr && !ActorIsGood(actor, 1)) return false;
  if (claims->client_id.has_value() && claims->azp.has_value() &&
      *claims->client_id != *claims->azp) {
    return false;
  }
  if (claims->exp.has_value() && claims->iat.has_value() && *claims->iat >= *claims->exp) {
    return false;
  }
  if (claims->exp.has_value() && claims->nbf.has_value() && *claims->nbf >= *claims->exp) {
    return false;
  }
  if (const NaiveJson* confirmation = root.Find("cnf"); confirmation != nullptr) {
    verdict->bound = true;
    const NaiveJson* hash = confirmation->Find("x5t#S256");
    if (confirmation->children.size() == 1 && hash != nullptr && hash->is(Kind::kString)) {
      const std::string bytes = NaiveBase64UrlDecode(hash->text).value_or("");
      if (bytes.size() == 32) verdict->certificate_sha256 = bytes;
    }
  }
  return true;
}

bool KindIsGood(const NaiveJson* kind) {
  if (kind == nullptr) return true;
  if (!kind->is(Kind::kString)) return false;
  std::string lower;
  for (const char c : kind->text) {
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  const std::set<std::string> good = {"bearer", "jwt", "at+jwt", "access", "access_token"};
  return good.count(lower) == 1;
}

// The conditions that profiles make: a claim that is there, or one that is a certain text.
bool IsMet(const NaiveJson& root, const v1::ClaimCondition& condition) {
  const NaiveJson* value = &root;
  for (int i = 0; i < condition.path_size() && value != nullptr; ++i) {
    value = value->is(Kind::kObject) ? value->Find(condition.path(i)) : nullptr;
  }
  if (value == nullptr) return false;
  if (condition.exists()) return !value->is(Kind::kNull);
  std::vector<const NaiveJson*> candidates = {value};
  if (value->is(Kind::kArray)) {
    candidates.clear();
    for (const NaiveJson& element : value->children) candidates.push_back(&element);
  }
  for (const NaiveJson* candidate : candidates) {
    if (candidate->is(Kind::kString) && candidate->text == condition.any_of(0)) return true;
  }
  return false;
}

Failure CheckClaims(const NaiveJson& root, const Claims& claims, const internal::IssuerRules& rules,
                    absl::Time now) {
  if (claims.iss != rules.issuer) return AuthFailure::kUnknownIssuer;
  if (!claims.exp.has_value() || (rules.require_issued_at && !claims.iat.has_value()) ||
      (rules.require_token_id && claims.jti.value_or("") == "") ||
      (rules.require_client_id && claims.client_id.value_or("") == "")) {
    return AuthFailure::kMissingClaim;
  }
  if (!(now - *claims.exp < rules.leeway)) return AuthFailure::kExpired;
  for (const auto& start : {claims.nbf, claims.iat}) {
    if (start.has_value() && *start - now > rules.leeway) return AuthFailure::kNotYetValid;
  }
  if (claims.iat.has_value() && *claims.exp - *claims.iat > rules.max_lifetime) {
    return AuthFailure::kLifetimeTooLong;
  }
  if (*claims.exp - now - rules.leeway > rules.max_lifetime) return AuthFailure::kLifetimeTooLong;
  if (!claims.aud.has_value()) return AuthFailure::kWrongAudience;
  const std::set<std::string> ours(rules.audiences.begin(), rules.audiences.end());
  size_t meant = 0;
  for (const std::string& audience : *claims.aud) meant += ours.count(audience);
  if (meant == 0 || (rules.single_audience_only && claims.aud->size() != 1)) {
    return AuthFailure::kWrongAudience;
  }
  if (rules.require_subject && !claims.sub.has_value()) return AuthFailure::kMissingClaim;
  for (const char* other : {"nonce", "at_hash", "c_hash", "s_hash", "events"}) {
    if (rules.refuse_other_kinds && root.Find(other) != nullptr) return AuthFailure::kWrongType;
  }
  bool kind_is_required = false;
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    kind_is_required =
        kind_is_required || (condition.path_size() == 1 && condition.path(0) == "typ");
  }
  if (rules.refuse_other_kinds && !kind_is_required && !KindIsGood(root.Find("typ"))) {
    return AuthFailure::kWrongType;
  }
  for (const v1::ClaimCondition& condition : rules.required_claims) {
    if (IsMet(root, condition)) continue;
    return condition.path_size() == 1 && condition.path(0) == "typ" ? AuthFailure::kWrongType
                                                                    : AuthFailure::kMissingClaim;
  }
  return std::nullopt;
}

}  // namespace

SlowVerdict SlowVerify(const std::string& text, size_t max_bytes,
                       const std::vector<SlowIssuer>& issuers, absl::Time now) {
  SlowVerdict verdict;
  auto refused = [&verdict](AuthFailure failure) {
    verdict.failure = failure;
    return verdict;
  };
  Token token;
  if (text.size() > max_bytes || !TakeApart(text, &token) || !ReadHeader(&token)) {
    return refused(AuthFailure::kMalformedToken);
  }
  const auto root = NaiveParseObject(token.payload);
  if (!root.has_value()) return refused(AuthFailure::kMalformedToken);
  const NaiveJson* iss = root->Find("iss");
  if (iss == nullptr) return refused(AuthFailure::kUnknownIssuer);
  if (!iss->is(Kind::kString)) return refused(AuthFailure::kMalformedToken);
  const SlowIssuer* issuer = nullptr;
  for (const SlowIssuer& candidate : issuers) {
    if (candidate.rules.issuer == iss->text) issuer = &candidate;
  }
  if (issuer == nullptr) return refused(AuthFailure::kUnknownIssuer);
  if (!TypeIsGood(token, issuer->rules)) return refused(AuthFailure::kWrongType);
  if (const Failure failure = CheckSignature(token, *issuer)) return refused(*failure);
  Claims claims;
  if (!ReadClaims(*root, &claims, &verdict)) return refused(AuthFailure::kMalformedToken);
  if (const Failure failure = CheckClaims(*root, claims, issuer->rules, now)) {
    return refused(*failure);
  }
  verdict.issuer_name = issuer->rules.name;
  verdict.issuer = issuer->rules.issuer;
  verdict.subject = claims.sub;
  verdict.client_id = claims.client_id.has_value() ? *claims.client_id : claims.azp.value_or("");
  verdict.token_id = claims.jti.value_or("");
  verdict.key_id = token.kid.value_or("");
  verdict.payload = token.payload;
  verdict.audiences = *claims.aud;
  verdict.expires_at = *claims.exp;
  return verdict;
}

bool SaysTheSame(const Identity& identity, const SlowVerdict& verdict) {
  const bool same_subject = verdict.subject.has_value()
                                ? identity.has_subject() && identity.subject() == *verdict.subject
                                : !identity.has_subject();
  return identity.authenticated() && identity.issuer_name() == verdict.issuer_name &&
         identity.issuer() == verdict.issuer && same_subject &&
         identity.client_id() == verdict.client_id && identity.token_id() == verdict.token_id &&
         identity.key_id() == verdict.key_id && identity.scopes() == verdict.scopes &&
         identity.audiences() == verdict.audiences && identity.expires_at() == verdict.expires_at &&
         identity.has_actor() == verdict.has_actor && identity.claims_json() == verdict.payload &&
         identity.claims().subject() == verdict.subject.value_or("");
}

}  // namespace lanyard::fuzz
