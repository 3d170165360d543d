// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ACCESS_TOKENS_H_
#define LANYARD_ISSUER_ACCESS_TOKENS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/issuer/grants.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::internal {

// The longest that an access token can be good after it was issued, with the longest leeway that a
// verifier may have: as long must revocations last.
inline constexpr absl::Duration kLongestTokenUse = absl::Minutes(65);

// What an access token is to say.
struct AccessTokenFacts {
  std::string subject, client, audience;
  Scopes scopes;

  // iat: a time before it was looked who may have the token. What is withdrawn at that moment or
  // later then takes the token with it, however long it took to make.
  absl::Time issued_at;

  // sid. Empty: the token is a session of its own, and sid is its jti.
  std::string session_id;

  std::optional<absl::Time> authenticated_at;  // auth_time.
  std::map<std::string, v1::Value> claims;
  std::string certificate_sha256;  // cnf, unless empty.
  std::optional<v1::Actor> actor;
  absl::Time not_after = absl::InfiniteFuture();
};

struct AccessToken {
  std::string text;
  absl::Duration expires_in;
};

// Makes an issuer's access tokens (RFC 9068), and knows its own again. Thread-safe.
class AccessTokens {
 public:
  // `lifetime` of those that are made.
  AccessTokens(std::string issuer, std::shared_ptr<const KeyDirectory> keys,
               std::unique_ptr<Signer> signer, absl::Duration lifetime,
               std::shared_ptr<const Clock> clock);

  // invalid_grant if not_after has come, invalid_scope for one that would be too long for a server.
  absl::StatusOr<AccessToken> Make(const AccessTokenFacts& facts) const;

  // One of these tokens, whomever it is for, that is good now but for revocation, on a connection
  // that gives the proof that it asks for.
  absl::StatusOr<Identity> Verify(absl::string_view token, TokenConnection& connection) const;

  // The same whatever connection it is for: to say what is known of it, not to let anybody in.
  absl::StatusOr<Identity> VerifyUnbound(absl::string_view token) const;

  const std::string& issuer() const { return rules_->issuer; }

 private:
  const std::shared_ptr<const KeyDirectory> keys_;
  const std::unique_ptr<Signer> signer_;
  const absl::Duration lifetime_;
  const std::shared_ptr<const Clock> clock_;
  std::shared_ptr<const IssuerRules> rules_;
};

// The string claim of that name; empty if there is none.
std::string TextClaim(const Identity& identity, const std::string& name);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_ACCESS_TOKENS_H_
