// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "lanyard/issuer/issuer_requests.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/records.pb.h"
#include "lanyard/issuer/revoke.h"
#include "lanyard/issuer/stored.h"

// What becomes of tokens that are out, and what is known of them.
namespace lanyard::internal {
namespace {

using Kind = IssuerStore::Kind;

}  // namespace

// Whoever has exchanged somebody's token has not begun their session, and cannot end it.
absl::Status IssuerRequests::EndOf(const Identity& token) const {
  const std::string session_id = TextClaim(token, "sid");
  bool is_own = session_id == token.token_id();  // A service's token is a session of its own.
  if (!is_own) {
    const auto session = ReadRecord<issuer::Session>(*store, Kind::kSession, session_id);
    if (!session.ok()) return session.status();
    is_own = session->has_value() && (*session)->value.client() == token.client_id();
  }
  if (is_own) return EndSession(*store, tokens->issuer(), session_id, clock->Now());
  v1::Revocation revocation = NewRevocation(tokens->issuer(), clock->Now());
  revocation.set_token_id(token.token_id());
  return store->Apply({{}, {std::move(revocation)}});
}

absl::Status IssuerRequests::Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer) {
  if (request.token().empty()) return InvalidRequest("token is required");
  const auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  absl::Status ended;
  if (sessions != nullptr && sessions->IsRefreshToken(request.token())) {
    ended = sessions->EndOf(request.token(), client->client.name());
  } else {
    // Whatever connection it is for: the client has proved itself, and may have another
    // certificate.
    const auto token = tokens->VerifyUnbound(request.token());
    if (!token.ok() || token->client_id() != client->client.name()) return absl::OkStatus();
    // Once is enough: the log of revocations must not grow with every time that this is asked.
    const auto is_revoked = IsRevoked(*token);
    if (is_revoked.ok() && *is_revoked) return absl::OkStatus();
    ended = EndOf(*token);
  }
  if (!ended.ok()) return ended;
  (void)revocations->Poll();  // So that it counts here from now on.
  return absl::OkStatus();
}

absl::StatusOr<v1::IntrospectResponse> IssuerRequests::Introspect(
    const v1::IntrospectRequest& request) {
  v1::IntrospectResponse response;
  // Whose connection the token is for is not this one.
  auto token = tokens->VerifyUnbound(request.token());
  if (!token.ok() || token->expires_at() <= clock->Now()) return response;
  const auto is_revoked = IsRevoked(*token);
  if (!is_revoked.ok()) return is_revoked.status();
  if (*is_revoked) return response;
  response.set_active(true);
  *response.mutable_claims() = token->claims();
  return response;
}

}  // namespace lanyard::internal
