// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_REQUESTS_H_
#define LANYARD_ISSUER_ISSUER_REQUESTS_H_

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/issuer/access_tokens.h"
#include "lanyard/issuer/client_errors.h"
#include "lanyard/issuer/client_proofs.h"
#include "lanyard/issuer/grants.h"
#include "lanyard/issuer/issuer_peer.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/issuer/sessions.h"
#include "lanyard/issuer/sign_in_attempts.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/v1/accounts.pb.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard::internal {

// What an issuer is asked, and what it answers with. Errors are as they are: those of the store are
// not for clients. Thread-safe; blocks.
struct IssuerRequests {
  std::shared_ptr<IssuerStore> store;
  std::shared_ptr<const Clock> clock;
  std::unique_ptr<AccessTokens> tokens;
  std::unique_ptr<ClientProofs> proofs;
  std::shared_ptr<RevocationFeed> revocations;

  // Null where nobody signs in.
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<SignInAttempts> attempts;
  std::unique_ptr<PasswordHashes> passwords;

  // Of users: user_requests.cc. A password record that cannot be read goes to the log.
  absl::StatusOr<v1::TokenResponse> SignIn(const v1::SignInRequest& request, const IssuerPeer& peer,
                                           ClientErrors* errors);
  absl::StatusOr<v1::TokenResponse> Refresh(const v1::RefreshRequest& request,
                                            const IssuerPeer& peer);

  // Of services: service_requests.cc.
  absl::StatusOr<v1::TokenResponse> IssueForService(const v1::IssueForServiceRequest& request,
                                                    const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> Exchange(const v1::ExchangeRequest& request,
                                             const IssuerPeer& peer);

  // About tokens that are out: revoke_requests.cc.
  absl::Status Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer);
  absl::StatusOr<v1::IntrospectResponse> Introspect(const v1::IntrospectRequest& request);

  // cnf for a client whose tokens are bound; invalid_client without its certificate.
  static absl::StatusOr<std::string> BindingOf(const ProvenClient& client, const IssuerPeer& peer);

  // Those of a user's claims that a client's tokens show.
  static std::map<std::string, v1::Value> Visible(
      const google::protobuf::Map<std::string, v1::Value>& claims, const v1::Client& client);

  static Scopes ScopesOf(const google::protobuf::RepeatedPtrField<std::string>& scopes) {
    return Scopes(scopes.begin(), scopes.end());
  }
  static v1::TokenResponse ResponseOf(AccessToken token, const Scopes& scopes,
                                      std::string refresh_token = std::string());

  // Revoked, or not, or UNAVAILABLE.
  absl::StatusOr<bool> IsRevoked(const Identity& token) const;

 private:
  // The access token of a session, for as much as the user and the client may still have.
  absl::StatusOr<v1::TokenResponse> TokenOf(const Sessions::Open& open, absl::Time as_of,
                                            const Scopes& scopes, const v1::User& user,
                                            const ProvenClient& client,
                                            const IssuerPeer& peer) const;

  // Withdraws a token of a client's own, with its session if that is the client's as well.
  absl::Status EndOf(const Identity& token) const;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_ISSUER_REQUESTS_H_
