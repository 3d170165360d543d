// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_SESSIONS_H_
#define LANYARD_ISSUER_SESSIONS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/records.pb.h"
#include "lanyard/issuer/refresh_token.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/sdk/clock.h"

namespace lanyard::internal {

// The sessions of an issuer's users, each a family of refresh tokens of which one is good: to use
// one spends it and gives the next. To use a spent one ends the session, since nobody can tell who
// of the two who had it is the thief (RFC 9700 section 4.14.2), but for one thing: while the next
// one is unused, for ten seconds, whoever proves to be the same client gets that very one again, so
// that an answer that was lost costs nobody their session.
//
// A session does not outlive its epoch of the store: once the store has lost something, a token
// that was spent could be good again.
//
// Thread-safe; blocks on the store.
class Sessions {
 public:
  struct Options {
    std::string issuer;  // iss.
    absl::Duration max_life = absl::Hours(24 * 30), max_idle = absl::Hours(24 * 7);
  };

  // `revocations` are the store's: a session that ends here counts there at once.
  Sessions(Options options, std::shared_ptr<IssuerStore> store,
           std::shared_ptr<RevocationFeed> revocations, std::unique_ptr<RefreshTokens> tokens,
           std::shared_ptr<const Clock> clock)
      : options_(std::move(options)),
        store_(std::move(store)),
        revocations_(std::move(revocations)),
        tokens_(std::move(tokens)),
        clock_(std::move(clock)) {}

  // A session and the refresh token that is good for it.
  struct Open {
    std::string id;  // sid, in base64url.
    issuer::Session session;
    std::string refresh_token;
  };

  // Begins one; user, client, audience, scopes, began_at and user_sessions_not_before are given.
  absl::StatusOr<Open> Begin(issuer::Session session);

  using Check = std::function<absl::Status(const issuer::Session&)>;

  // Spends a refresh token that the client `client` shows, who has proved itself by `proof`.
  // invalid_grant for one that is not good. `may_go_on` says whether the session may: invalid_grant
  // ends it. `request` says whether what is asked for may be had: an error is passed on, and
  // changes nothing. Both may be called more than once.
  absl::StatusOr<Open> Refresh(absl::string_view refresh_token, absl::string_view client,
                               absl::string_view proof, const Check& may_go_on,
                               const Check& request);

  // Ends the session of a refresh token, if there is one and it is that client's.
  absl::Status EndOf(absl::string_view refresh_token, absl::string_view client);

  // Whether the text is a refresh token of this issuer, spent or not.
  bool IsRefreshToken(absl::string_view text) const { return tokens_->Read(text).has_value(); }

  // Ends a session by its sid, and revokes all that was issued in it, whether it is still there or
  // not.
  absl::Status End(absl::string_view id);

 private:
  absl::Time EndOfLife(const issuer::Session& session) const;
  absl::StatusOr<std::string> Epoch() const;

  const Options options_;
  const std::shared_ptr<IssuerStore> store_;
  const std::shared_ptr<RevocationFeed> revocations_;
  const std::unique_ptr<RefreshTokens> tokens_;
  const std::shared_ptr<const Clock> clock_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_SESSIONS_H_
