// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/account_names.h"
#include "lanyard/issuer/issuer_requests.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/issuer/records.pb.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/internal/short_name.h"
#include "lanyard/sdk/internal/timestamp.h"

// Sign-in and what follows from it.
namespace lanyard::internal {
namespace {

using Kind = IssuerStore::Kind;

absl::Status SignInRefused() { return InvalidGrant("the sign-in is refused"); }

// Whether all that the user had was withdrawn since the session began. What the session has seen
// of that counts, and not the time alone: the password may have been looked at before it was
// changed, by an issuer whose clock is ahead.
bool HasEnded(const issuer::Session& session, const v1::User& user) {
  const absl::Time until = TimeOf(user.sessions_not_before());
  return TimeOf(session.user_sessions_not_before()) != until ||
         (user.has_sessions_not_before() && TimeOf(session.began_at()) <= until);
}

// UNAVAILABLE in the second in which all that the user had was withdrawn: what is issued in it
// cannot be told from that.
absl::Status CheckSecond(const v1::User& user, absl::Time as_of) {
  if (!user.has_sessions_not_before() ||
      absl::ToUnixSeconds(as_of) > user.sessions_not_before().seconds()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("what the user had was withdrawn in this second");
}

}  // namespace

absl::StatusOr<v1::TokenResponse> IssuerRequests::TokenOf(const Sessions::Open& open,
                                                          absl::Time as_of, const Scopes& scopes,
                                                          const v1::User& user,
                                                          const ProvenClient& client,
                                                          const IssuerPeer& peer) const {
  auto bound = BindingOf(client, peer);
  if (!bound.ok()) return bound.status();
  AccessTokenFacts facts;
  facts.subject = SubjectOfUser(user.name());
  facts.client = client.client.name();
  facts.audience = open.session.audience();
  facts.scopes = scopes;
  facts.issued_at = as_of;
  facts.session_id = open.id;
  facts.authenticated_at = TimeOf(open.session.began_at());
  facts.claims = Visible(user.claims(), client.client);
  facts.certificate_sha256 = *std::move(bound);
  auto token = tokens->Make(facts);
  if (!token.ok()) return token.status();
  return ResponseOf(*std::move(token), scopes, open.refresh_token);
}

absl::StatusOr<v1::TokenResponse> IssuerRequests::SignIn(const v1::SignInRequest& request,
                                                         const IssuerPeer& peer,
                                                         ClientErrors* errors) {
  if (sessions == nullptr) {
    return absl::UnimplementedError("sign-in is off: the config has no sign_in");
  }
  if (request.audience().empty()) return InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (!client->client.signs_users_in()) {
    return UnauthorizedClient("users do not sign in with this client");
  }
  const auto password = PasswordText(request.password());
  if (!password.ok()) return SignInRefused();  // Nobody has such a password.

  const auto begun = attempts->Begin(request.user(), peer.network);
  if (!begun.ok()) return begun.status();
  if (!*begun) return SignInRefused();

  std::optional<Stored<v1::User>> user;
  if (IsShortName(request.user())) {
    auto found = ReadRecord<v1::User>(*store, Kind::kUser, request.user());
    if (!found.ok()) return found.status();
    user = *std::move(found);
  }
  std::optional<absl::string_view> record = PasswordHashes::kNobody;
  if (user.has_value() && !user->value.disabled() && !user->value.password_hash().empty()) {
    record = user->value.password_hash();
  }
  const auto verdict = passwords->Check(record, *password);
  if (absl::IsDataLoss(verdict.status())) {
    // As much work as for others; and whoever asks learns nothing of who is there.
    errors->Report(absl::StrCat("user ", request.user(), ": ", verdict.status().message()));
    return SignInRefused();
  }
  if (!verdict.ok()) return verdict.status();
  if (!verdict->matches) return SignInRefused();

  const absl::Status succeeded = attempts->Succeeded(request.user(), peer.network);
  if (!succeeded.ok()) return succeeded;
  if (verdict->needs_rehash) {
    auto hash = passwords->Hash(*password);
    if (!hash.ok()) return hash.status();
    v1::User changed = user->value;
    changed.set_password_hash(*std::move(hash));
    // Whoever changes the user at the same time wins; the next sign-in tries again.
    const absl::Status kept = store->Apply(
        {{WriteRecord(Kind::kUser, changed.name(), Stored<v1::User>{changed, user->version})}, {}});
    if (!kept.ok() && !absl::IsAborted(kept)) return kept;
  }

  if (absl::Status status = CheckSecond(user->value, as_of); !status.ok()) return status;
  const auto granted =
      GrantedScopes({&user->value.grants(), &client->client.grants()}, request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes = ChooseScopes(ScopesOf(request.scopes()), *granted);
  if (!scopes.ok()) return scopes.status();
  if (const auto bound = BindingOf(*client, peer); !bound.ok()) return bound.status();
  issuer::Session session;
  session.set_user(user->value.name());
  session.set_client(client->client.name());
  session.set_audience(request.audience());
  SetTime(as_of, session.mutable_began_at());
  *session.mutable_user_sessions_not_before() = user->value.sessions_not_before();
  for (const std::string& scope : *scopes) session.add_scopes(scope);
  auto open = sessions->Begin(std::move(session));
  if (!open.ok()) return open.status();
  return TokenOf(*open, as_of, *scopes, user->value, *client, peer);
}

absl::StatusOr<v1::TokenResponse> IssuerRequests::Refresh(const v1::RefreshRequest& request,
                                                          const IssuerPeer& peer) {
  if (sessions == nullptr) {
    return absl::UnimplementedError("sign-in is off: the config has no sign_in");
  }
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  std::optional<Stored<v1::User>> user;
  // What is asked for too much is refused before the token is spent, and costs nobody the session.
  Scopes scopes;
  auto open = sessions->Refresh(
      request.refresh_token(), client->client.name(), client->proof,
      [&](const issuer::Session& session) -> absl::Status {
        auto found = ReadRecord<v1::User>(*store, Kind::kUser, session.user());
        if (!found.ok()) return found.status();
        user = *std::move(found);
        if (!user.has_value() || user->value.disabled() || HasEnded(session, user->value)) {
          return InvalidGrant("the session is over");
        }
        if (!client->client.signs_users_in()) {
          return InvalidGrant("users sign in with this client no more");
        }
        return absl::OkStatus();
      },
      [&](const issuer::Session& session) -> absl::Status {
        if (absl::Status status = CheckSecond(user->value, as_of); !status.ok()) {
          return status;
        }
        const auto granted =
            GrantedScopes({&user->value.grants(), &client->client.grants()}, session.audience());
        if (!granted.ok()) return granted.status();
        const auto chosen = ChooseScopes(ScopesOf(request.scopes()),
                                         CommonScopes(ScopesOf(session.scopes()), *granted));
        if (!chosen.ok()) return chosen.status();
        scopes = *chosen;
        return BindingOf(*client, peer).status();
      });
  if (!open.ok()) return open.status();
  return TokenOf(*open, as_of, scopes, user->value, *client, peer);
}

}  // namespace lanyard::internal
