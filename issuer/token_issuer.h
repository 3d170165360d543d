// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_TOKEN_ISSUER_H_
#define LANYARD_ISSUER_TOKEN_ISSUER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_peer.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/v1/issuer.pb.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard {

struct TokenIssuerOptions {
  // Required. Its store is not opened here: `store` stands for it.
  v1::IssuerConfig config;

  // Required.
  std::shared_ptr<IssuerStore> store;

  std::shared_ptr<const Clock> clock = SystemClock();

  // How dear a password is to check: the exponent of scrypt's N. Tests take less.
  int cheaper_passwords_for_tests = 0;
};

// An issuer of access tokens, without the network: what lanyard.v1.TokenService does, request by
// request. Errors as lanyard/v1/token_service.proto has them; their texts may go to the client, and
// what the store says does not stand in them.
//
// Thread-safe. Every call may block, on the store, and SignIn() on a derivation of half a second
// and 128 MiB: how many run at once is the caller's to bound (internal::WorkQueue).
class TokenIssuer {
 public:
  // Fails, naming the field, for a config that is not good, and for files that cannot be read.
  static absl::StatusOr<std::unique_ptr<TokenIssuer>> Create(TokenIssuerOptions options);
  ~TokenIssuer();

  absl::StatusOr<v1::TokenResponse> SignIn(const v1::SignInRequest& request,
                                           const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> IssueForService(const v1::IssueForServiceRequest& request,
                                                    const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> Refresh(const v1::RefreshRequest& request,
                                            const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> Exchange(const v1::ExchangeRequest& request,
                                             const IssuerPeer& peer);
  absl::Status Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer);

  // Whoever asks must have been authorized.
  absl::StatusOr<v1::IntrospectResponse> Introspect(const v1::IntrospectRequest& request);

  // The keys that tokens are signed with, as a JWK Set, and as a source for verifiers.
  absl::StatusOr<std::string> Jwks() const;
  std::shared_ptr<const KeySource> keys() const;

  // What is revoked.
  std::shared_ptr<RevocationFeed> revocations() const;

  // Of the config's sign_in: how many derivations may run at once, 0 for one a core.
  int parallel_derivations() const;

  // What passwords have cost so far: N * r * p of all derivations. For metrics, and for tests that
  // ask whether all sign-ins cost the same.
  uint64_t password_work() const;

  const std::string& issuer() const;
  const std::shared_ptr<IssuerStore>& store() const;

  // Frees what has expired in the store. Called now and then by whoever runs the issuer.
  absl::Status RemoveExpired();

 private:
  struct State;
  explicit TokenIssuer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_TOKEN_ISSUER_H_
