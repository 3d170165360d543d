// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "lanyard/issuer/account_names.h"
#include "lanyard/issuer/issuer_requests.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/reserved_claims.h"

// Tokens for services, for themselves and for their callers.
namespace lanyard::internal {
namespace {

// As deep as a verifier takes it.
constexpr int kMaxActors = 4;

// The connection of a request, for tokens that are bound to one.
class PeerConnection final : public TokenConnection {
 public:
  explicit PeerConnection(const IssuerPeer& peer) : peer_(peer) {}
  std::string CertificateSha256() override { return peer_.certificate_sha256; }

 private:
  const IssuerPeer& peer_;
};

int DepthOf(const v1::Actor& actor) {
  int depth = 1;
  for (const v1::Actor* each = &actor; each->has_actor(); each = &each->actor()) ++depth;
  return depth;
}

// Whether may_act lets that client act (RFC 8693 section 4.4): its sub is the client's, and if it
// has an iss, that is the issuer.
bool MayAct(const v1::Value& may_act, const std::string& subject, const std::string& issuer) {
  const auto& members = may_act.object_value().members();
  const auto sub = members.find("sub");
  if (sub == members.end() || sub->second.string_value() != subject) return false;
  const auto iss = members.find("iss");
  return iss == members.end() || iss->second.string_value() == issuer;
}

}  // namespace

absl::StatusOr<v1::TokenResponse> IssuerRequests::IssueForService(
    const v1::IssueForServiceRequest& request, const IssuerPeer& peer) {
  if (request.audience().empty()) return InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (client->proof.empty()) {
    return UnauthorizedClient("a public client has no tokens of its own");
  }
  const auto granted = GrantedScopes({&client->client.grants()}, request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes = ChooseScopes(ScopesOf(request.scopes()), *granted);
  if (!scopes.ok()) return scopes.status();
  auto bound = BindingOf(*client, peer);
  if (!bound.ok()) return bound.status();
  AccessTokenFacts facts;
  facts.subject = SubjectOfClient(client->client.name());
  facts.client = client->client.name();
  facts.audience = request.audience();
  facts.scopes = *scopes;
  facts.issued_at = as_of;
  facts.certificate_sha256 = *std::move(bound);
  auto token = tokens->Make(facts);
  if (!token.ok()) return token.status();
  return ResponseOf(*std::move(token), *scopes);
}

absl::StatusOr<v1::TokenResponse> IssuerRequests::Exchange(const v1::ExchangeRequest& request,
                                                           const IssuerPeer& peer) {
  if (request.audience().empty()) return InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (client->proof.empty()) {
    return UnauthorizedClient("a public client exchanges nothing");
  }
  PeerConnection connection(peer);
  const auto caller = tokens->Verify(request.subject_token(), connection);
  if (!caller.ok()) {
    return InvalidGrant("the subject token is no good access token of this issuer");
  }
  // As of now: what is exchanged from a token is another one, which its revocation may not name.
  if (absl::Status status = revocations->Poll(); !status.ok()) return status;
  const auto is_revoked = IsRevoked(*caller);
  if (!is_revoked.ok()) return is_revoked.status();
  if (*is_revoked) {
    return InvalidGrant("the subject token is no good access token of this issuer");
  }
  // It must have been meant for who shows it: a token that somebody else received opens nothing.
  std::vector<std::string> receives(client->client.receives().begin(),
                                    client->client.receives().end());
  if (receives.empty()) receives.push_back(client->client.name());
  if (caller->audiences().size() != 1 ||
      std::find(receives.begin(), receives.end(), caller->audiences()[0]) == receives.end()) {
    return InvalidGrant("the subject token is for another audience than the client");
  }
  const std::string actor = SubjectOfClient(client->client.name());
  const auto& claims = caller->claims().private_claims();
  const auto may_act = claims.find(kMayAct);
  if (may_act != claims.end() && !MayAct(may_act->second, actor, tokens->issuer())) {
    return InvalidGrant("the subject token says that somebody else may act (may_act)");
  }
  const auto granted = GrantedScopes({&client->client.exchanges()}, request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes =
      ChooseScopes(ScopesOf(request.scopes()), CommonScopes(*granted, caller->scopes()));
  if (!scopes.ok()) return scopes.status();
  auto bound = BindingOf(*client, peer);
  if (!bound.ok()) return bound.status();
  // A token that is bound becomes none that is not.
  if (caller->claims().has_confirmation()) *bound = peer.certificate_sha256;

  AccessTokenFacts facts;
  facts.subject = caller->subject();
  facts.client = client->client.name();
  facts.audience = request.audience();
  facts.scopes = *scopes;
  facts.issued_at = as_of;
  facts.session_id = TextClaim(*caller, "sid");
  if (const auto found = claims.find("auth_time"); found != claims.end()) {
    facts.authenticated_at = absl::FromUnixSeconds(found->second.int_value());
  }
  facts.claims = Visible(claims, client->client);
  facts.certificate_sha256 = *std::move(bound);
  facts.not_after = caller->expires_at();
  if (caller->claims().has_actor()) facts.actor = caller->claims().actor();
  if (!client->client.impersonation_without_trace()) {
    v1::Actor current;
    current.set_subject(actor);
    if (facts.actor.has_value()) *current.mutable_actor() = *facts.actor;
    facts.actor = std::move(current);
  }
  if (facts.actor.has_value() && DepthOf(*facts.actor) > kMaxActors) {
    return InvalidGrant("the subject token has come through too many actors already");
  }
  auto token = tokens->Make(facts);
  if (!token.ok()) return token.status();
  return ResponseOf(*std::move(token), *scopes);
}

}  // namespace lanyard::internal
