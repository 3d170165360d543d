// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/access_tokens.h"

#include <algorithm>
#include <utility>

#include "lanyard/issuer/oauth_error.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxTokenBytes = 16 * 1024;

class OwnKeys final : public IssuerLookup {
 public:
  OwnKeys(std::shared_ptr<const IssuerRules> rules, const KeySource& source)
      : rules_(std::move(rules)), source_(source) {}
  IssuerKeys Find(absl::string_view issuer) const override {
    if (issuer != rules_->issuer) return {};
    return {rules_, source_.Current(), &source_};
  }

 private:
  const std::shared_ptr<const IssuerRules> rules_;
  const KeySource& source_;
};

}  // namespace

AccessTokens::AccessTokens(std::string issuer, std::shared_ptr<const KeyDirectory> keys,
                           std::unique_ptr<Signer> signer, absl::Duration lifetime,
                           std::shared_ptr<const Clock> clock)
    : keys_(std::move(keys)),
      signer_(std::move(signer)),
      lifetime_(lifetime),
      clock_(std::move(clock)) {
  auto rules = std::make_shared<IssuerRules>();
  rules->name = "self";
  rules->issuer = std::move(issuer);
  rules->any_audience_unchecked = true;  // Whoever asks looks.
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (!IsHmac(algorithm)) rules->algorithms.push_back(algorithm);
  }
  rules->types = {"at+jwt"};
  rules->require_issued_at = rules->require_token_id = rules->require_client_id = true;
  rules->max_lifetime = absl::Hours(1);
  rules_ = std::move(rules);
}

absl::StatusOr<AccessToken> AccessTokens::Make(const AccessTokenFacts& facts) const {
  const int64_t now = absl::ToUnixSeconds(facts.issued_at);
  const absl::Time issued_at = absl::FromUnixSeconds(now);
  const absl::Time expires_at =
      absl::FromUnixSeconds(absl::ToUnixSeconds(std::min(issued_at + lifetime_, facts.not_after)));
  if (expires_at <= std::max(issued_at, clock_->Now()))
    return InvalidGrant("what it follows from has expired");
  v1::Claims claims;
  claims.set_issuer(issuer());
  claims.set_subject(facts.subject);
  claims.add_audiences(facts.audience);
  claims.set_client_id(facts.client);
  claims.set_token_id(Base64UrlEncode(RandomBytes(16)));
  claims.mutable_issued_at()->set_seconds(now);
  claims.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(expires_at));
  for (const std::string& scope : facts.scopes) claims.add_scopes(scope);
  if (facts.actor.has_value()) *claims.mutable_actor() = *facts.actor;
  if (!facts.certificate_sha256.empty()) {
    claims.mutable_confirmation()->set_certificate_sha256(facts.certificate_sha256);
  }
  auto& others = *claims.mutable_private_claims();
  for (const auto& [name, value] : facts.claims) others[name] = value;
  others["sid"].set_string_value(facts.session_id.empty() ? claims.token_id() : facts.session_id);
  if (facts.authenticated_at.has_value()) {
    others["auth_time"].set_int_value(absl::ToUnixSeconds(*facts.authenticated_at));
  }
  auto text = signer_->Sign(claims);
  if (!text.ok()) return text.status();
  if (text->size() > kMaxTokenBytes) {
    return InvalidScope("the token would be longer than 16 KiB: ask for fewer");
  }
  return AccessToken{*std::move(text),
                     absl::FromUnixSeconds(claims.expires_at().seconds()) - issued_at};
}

absl::StatusOr<Identity> AccessTokens::Verify(absl::string_view token,
                                              TokenConnection& connection) const {
  auto identity = VerifyUnbound(token);
  if (!identity.ok()) return identity.status();
  if (absl::Status status = CheckBinding(*identity, connection); !status.ok()) return status;
  return identity;
}

absl::StatusOr<Identity> AccessTokens::VerifyUnbound(absl::string_view token) const {
  const OwnKeys keys(rules_, *keys_);
  TokenConnection connection;
  auto verdict = VerifyToken(token, kMaxTokenBytes, keys, connection, clock_->Now());
  if (!verdict.ok()) return verdict.status();
  return std::move(verdict->identity);
}

std::string TextClaim(const Identity& identity, const std::string& name) {
  const auto& claims = identity.claims().private_claims();
  const auto claim = claims.find(name);
  return claim == claims.end() ? std::string() : claim->second.string_value();
}

}  // namespace lanyard::internal
