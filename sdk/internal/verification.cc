// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/verification.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/secret.h"
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

// The commonest difference, in words that repeat nothing of the token.
std::string NearMiss(absl::string_view issuer, const IssuerLookup& issuers) {
  const IssuerKeys near = absl::EndsWith(issuer, "/")
                              ? issuers.Find(issuer.substr(0, issuer.size() - 1))
                              : issuers.Find(absl::StrCat(issuer, "/"));
  if (near.rules == nullptr) return "";
  return absl::StrCat("; it is that of ", near.rules->name, " but for a slash at the end");
}

absl::Status CheckType(const UnverifiedJws& jws, const IssuerRules& rules) {
  if (rules.any_type_unchecked) return absl::OkStatus();
  const bool has_type = jws.header->type.has_value();
  const bool good =
      has_type ? Contains(rules.types, jws.header->normalized_type) : rules.accept_no_type;
  if (good) return absl::OkStatus();
  return Fail(
      AuthFailure::kWrongType,
      absl::StrCat(has_type ? "typ in the header is not one that this issuer's access tokens have"
                            : "the header has no typ, and this issuer's access tokens have one",
                   ": want ", PrintableNames(rules.types)));
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

// What there is, to compare the token with.
std::string KeysText(const IssuerRules& rules, const KeySet& keys) {
  if (keys.keys().empty()) return absl::StrCat("issuer ", rules.name, " publishes no usable key");
  std::vector<std::string> ids;
  for (const Key& key : keys.keys()) {
    if (ids.size() == 8) break;  // More than are shown.
    ids.push_back(key.PrintableId());
  }
  return absl::StrCat("issuer ", rules.name, " has ", PrintableNames(ids));
}

// The one key that can have signed this token; never a second try with another.
absl::StatusOr<const Key*> FindKey(const UnverifiedJws& jws, Algorithm algorithm,
                                   const IssuerRules& rules, const KeySet& keys) {
  const std::optional<std::string>& key_id = jws.header->key_id;
  const Key* found = nullptr;
  bool named = false;  // A key of this kid and of the algorithm's type exists.
  bool other_use = false;
  for (const Key& key : keys.keys()) {
    if (key_id.has_value() && key.id() != *key_id) continue;
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
  if (key_id.has_value() && named) {
    return Fail(AuthFailure::kUnsupportedAlgorithm,
                "the key that kid names is not for the algorithm in the header");
  }
  if (other_use) {
    return Fail(
        AuthFailure::kUnknownKey,
        "the key's \"use\" is not for this issuer's tokens (sig, or jwt-svid for JWT-SVIDs)");
  }
  return Fail(AuthFailure::kUnknownKey,
              absl::StrCat(key_id.has_value() ? "no key of this issuer has the header's kid"
                                              : "no key of this issuer fits the header's alg",
                           ": ", KeysText(rules, keys)));
}

bool HasKey(const KeySet& keys, const std::string& id) {
  return std::any_of(keys.keys().begin(), keys.keys().end(),
                     [&id](const Key& key) { return key.id() == id; });
}

}  // namespace

absl::StatusOr<const Key*> VerifySignature(const UnverifiedJws& jws, const IssuerRules& rules,
                                           const KeySet* keys, TokenConnection& connection) {
  const std::optional<Algorithm> algorithm = jws.header->algorithm;
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
    return Fail(AuthFailure::kUnknownIssuer,
                absl::StrCat("\"iss\" is none of the configured issuers",
                             NearMiss(issuer->string(), issuers)));
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

namespace {

// What a verification needs memory for; a thread's verifications share one after the other.
struct Workspace {
  UnverifiedJws jws;
  JsonDocument claims;
};

absl::StatusOr<Verdict> VerifyTokenIn(Workspace& workspace, absl::string_view token,
                                      size_t max_bytes, const IssuerLookup& issuers,
                                      TokenConnection& connection, absl::Time now,
                                      absl::Duration since_boot) {
  UnverifiedJws& jws = workspace.jws;
  if (absl::Status status = ReadJws(token, max_bytes, &jws); !status.ok()) return status;
  // A signature that stays behind would be half of a token.
  ScopedCleanse cleanse(&jws.signature);

  if (absl::Status status = workspace.claims.ReadObject(jws.payload); !status.ok()) {
    return Fail(AuthFailure::kMalformedToken, absl::StrCat("claims: ", status.message()));
  }
  auto issuer = FindIssuer(workspace.claims.root(), issuers);
  if (!issuer.ok()) return issuer.status();
  const IssuerRules& rules = *issuer->rules;

  if (absl::Status status = CheckType(jws, rules); !status.ok()) return status;
  const auto key = VerifySignature(jws, rules, issuer->keys.get(), connection);
  if (const absl::Status status = key.status(); !status.ok()) {
    if (issuer->keys == nullptr && issuer->source != nullptr &&
        FailureOf(status) == AuthFailure::kKeysUnavailable) {
      return Fail(AuthFailure::kKeysUnavailable,
                  absl::StrCat("issuer ", rules.name, ": ", issuer->source->Health().message()));
    }
    // Only where no key at all has that id: one of another type is no reason to look for more.
    const std::optional<std::string>& key_id = jws.header->key_id;
    const bool unknown_id = FailureOf(status) == AuthFailure::kUnknownKey && key_id.has_value() &&
                            issuer->source != nullptr && !HasKey(*issuer->keys, *key_id);
    if (unknown_id && issuer->source->MayArrive(*key_id)) {
      return Fail(
          AuthFailure::kKeysUnavailable,
          absl::StrCat("no key of this issuer has the header's kid yet, it has been asked: ",
                       KeysText(rules, *issuer->keys)));
    }
    return status;
  }

  auto facts = BelieveClaims(workspace.claims, issuer->rules, now);
  if (!facts.ok()) return facts.status();
  facts->token_type = jws.header->normalized_type;
  facts->keys = std::move(issuer->keys);
  facts->key = *key;
  facts->header_names_key = jws.header->key_id.has_value();
  facts->ends_since_boot = since_boot + (*facts->claims.expires_at + rules.leeway - now);
  return Verdict{IdentityAccess::Make(*facts), issuer->source, issuer->revocations};
}

}  // namespace

absl::StatusOr<Verdict> VerifyToken(absl::string_view token, size_t max_bytes,
                                    const IssuerLookup& issuers, TokenConnection& connection,
                                    absl::Time now, absl::Duration since_boot) {
  thread_local Workspace spare;
  // Taken while it is used, for a source that is asked may verify tokens itself.
  Workspace workspace = std::exchange(spare, Workspace());
  auto verdict = VerifyTokenIn(workspace, token, max_bytes, issuers, connection, now, since_boot);
  spare = std::move(workspace);
  return verdict;
}

absl::Status CheckStillTrusted(const Identity& identity, const IssuerRules& rules,
                               const KeySet* keys) {
  const IdentityState& state = IdentityAccess::StateOf(identity);
  if (state.rules()->fingerprint != rules.fingerprint) {
    return Fail(AuthFailure::kUnknownIssuer, "the issuer's config has changed");
  }
  if (keys == nullptr) return absl::OkStatus();
  const bool there = std::any_of(keys->keys().begin(), keys->keys().end(),
                                 [&state](const Key& key) { return key.SameKeyAs(*state.key()); });
  return there ? absl::OkStatus()
               : Fail(AuthFailure::kUnknownKey, "the key that signed the token has been withdrawn");
}

absl::Status CheckRevocation(const Identity& identity, const RevocationSource* revocations) {
  if (revocations == nullptr) return absl::OkStatus();
  const IdentityState& state = IdentityAccess::StateOf(identity);
  TokenFacts facts;
  facts.issuer = state.issuer();
  facts.token_id = state.token_id();
  if (state.has_subject()) facts.subject = state.subject();
  facts.actor = state.actor_subject();
  facts.session_id = state.session_id();
  if (state.key() != nullptr) facts.key_id = state.key()->id();
  facts.issued_at = state.issued_at();
  switch (revocations->Check(facts)) {
    case RevocationVerdict::kGood:
      return absl::OkStatus();
    case RevocationVerdict::kRevoked:
      return Fail(AuthFailure::kRevoked, "the token, its subject, session or key is revoked");
    case RevocationVerdict::kUnknown:
      break;
  }
  const absl::Status health = revocations->Health();
  return Fail(AuthFailure::kRevocationUnknown,
              absl::StrCat("issuer ", state.issuer_name(), ": ",
                           health.ok() ? "its revocations are unknown" : health.message()));
}

}  // namespace lanyard::internal
