// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/issuer/token_issuer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/sdk/issuer/access_tokens.h"
#include "lanyard/sdk/issuer/account_names.h"
#include "lanyard/sdk/issuer/client_errors.h"
#include "lanyard/sdk/issuer/client_proofs.h"
#include "lanyard/sdk/issuer/grants.h"
#include "lanyard/sdk/issuer/issuer_settings.h"
#include "lanyard/sdk/issuer/oauth_error.h"
#include "lanyard/sdk/issuer/password_hash.h"
#include "lanyard/sdk/issuer/password_text.h"
#include "lanyard/sdk/issuer/refresh_token.h"
#include "lanyard/sdk/issuer/reserved_claims.h"
#include "lanyard/sdk/issuer/revoke.h"
#include "lanyard/sdk/issuer/sessions.h"
#include "lanyard/sdk/issuer/sign_in_attempts.h"
#include "lanyard/sdk/issuer/stored.h"
#include "lanyard/sdk/issuer/times.h"
#include "lanyard/sdk/signer.h"

namespace lanyard {
namespace {

using internal::AccessToken;
using internal::AccessTokenFacts;
using internal::ProvenClient;
using internal::Scopes;
using Kind = IssuerStore::Kind;

// As deep as a verifier takes it.
constexpr int kMaxActors = 4;

Scopes ScopesOf(const google::protobuf::RepeatedPtrField<std::string>& scopes) {
  return Scopes(scopes.begin(), scopes.end());
}

absl::Status SignInRefused() { return internal::InvalidGrant("the sign-in is refused"); }

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

struct TokenIssuer::State {
  v1::IssuerConfig config;
  std::shared_ptr<IssuerStore> store;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const KeyDirectory> keys;
  std::unique_ptr<internal::AccessTokens> tokens;
  std::unique_ptr<internal::ClientProofs> proofs;
  std::shared_ptr<RevocationFeed> revocations;

  // Null without sign_in.
  std::unique_ptr<internal::Sessions> sessions;
  std::unique_ptr<internal::SignInAttempts> attempts;
  std::unique_ptr<internal::PasswordHashes> passwords;

  internal::ClientErrors errors;

  // The requests, with errors as they are; the store's are not for clients.
  absl::StatusOr<v1::TokenResponse> SignIn(const v1::SignInRequest& request,
                                           const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> IssueForService(const v1::IssueForServiceRequest& request,
                                                    const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> Refresh(const v1::RefreshRequest& request,
                                            const IssuerPeer& peer);
  absl::StatusOr<v1::TokenResponse> Exchange(const v1::ExchangeRequest& request,
                                             const IssuerPeer& peer);
  absl::Status Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer);
  absl::StatusOr<v1::IntrospectResponse> Introspect(const v1::IntrospectRequest& request);

  // cnf for a client whose tokens are bound; invalid_client without its certificate.
  absl::StatusOr<std::string> BindingOf(const ProvenClient& client, const IssuerPeer& peer) const {
    if (!client.client.certificate_bound()) return std::string();
    if (peer.certificate_sha256.empty()) return internal::InvalidClient();
    return peer.certificate_sha256;
  }

  // Those of a user's claims that a client's tokens show.
  static std::map<std::string, v1::Value> Visible(
      const google::protobuf::Map<std::string, v1::Value>& claims, const v1::Client& client) {
    std::map<std::string, v1::Value> visible;
    for (const std::string& name : client.visible_claims()) {
      const auto claim = claims.find(name);
      if (claim != claims.end()) visible.insert({claim->first, claim->second});
    }
    if (const auto claim = claims.find(internal::kMayAct); claim != claims.end()) {
      visible.insert({claim->first, claim->second});
    }
    return visible;
  }

  // Whether all that the user had was withdrawn since the session began. What the session has seen
  // of that counts, and not the time alone: the password may have been looked at before it was
  // changed, by an issuer whose clock is ahead.
  static bool HasEnded(const issuer::Session& session, const v1::User& user) {
    const absl::Time until = internal::TimeOf(user.sessions_not_before());
    return internal::TimeOf(session.user_sessions_not_before()) != until ||
           (user.has_sessions_not_before() && internal::TimeOf(session.began_at()) <= until);
  }

  // UNAVAILABLE in the second in which all that the user had was withdrawn: what is issued in it
  // cannot be told from that.
  static absl::Status CheckSecond(const v1::User& user, absl::Time as_of) {
    if (!user.has_sessions_not_before() ||
        absl::ToUnixSeconds(as_of) > user.sessions_not_before().seconds()) {
      return absl::OkStatus();
    }
    return absl::UnavailableError("what the user had was withdrawn in this second");
  }

  static v1::TokenResponse ResponseOf(AccessToken token, const Scopes& scopes,
                                      std::string refresh_token = std::string()) {
    v1::TokenResponse response;
    response.set_access_token(std::move(token.text));
    response.mutable_expires_in()->set_seconds(absl::ToInt64Seconds(token.expires_in));
    response.set_refresh_token(std::move(refresh_token));
    for (const std::string& scope : scopes) response.add_scopes(scope);
    return response;
  }

  // The access token of a session, for as much as the user and the client may still have.
  absl::StatusOr<v1::TokenResponse> TokenOf(const internal::Sessions::Open& open, absl::Time as_of,
                                            const Scopes& scopes, const v1::User& user,
                                            const ProvenClient& client,
                                            const IssuerPeer& peer) const {
    auto bound = BindingOf(client, peer);
    if (!bound.ok()) return bound.status();
    AccessTokenFacts facts;
    facts.subject = internal::SubjectOfUser(user.name());
    facts.client = client.client.name();
    facts.audience = open.session.audience();
    facts.scopes = scopes;
    facts.issued_at = as_of;
    facts.session_id = open.id;
    facts.authenticated_at = internal::TimeOf(open.session.began_at());
    facts.claims = Visible(user.claims(), client.client);
    facts.certificate_sha256 = *std::move(bound);
    auto token = tokens->Make(facts);
    if (!token.ok()) return token.status();
    return ResponseOf(*std::move(token), scopes, open.refresh_token);
  }

  // Withdraws a token of a client's own, with its session if that is the client's as well: whoever
  // has exchanged somebody's token has not begun their session, and cannot end it.
  absl::Status EndOf(const Identity& token) const {
    const std::string session_id = internal::TextClaim(token, "sid");
    bool is_own = session_id == token.token_id();  // A service's token is a session of its own.
    if (!is_own) {
      const auto session =
          internal::ReadRecord<issuer::Session>(*store, Kind::kSession, session_id);
      if (!session.ok()) return session.status();
      is_own = session->has_value() && (*session)->value.client() == token.client_id();
    }
    if (is_own) return internal::EndSession(*store, tokens->issuer(), session_id, clock->Now());
    v1::Revocation revocation = internal::NewRevocation(tokens->issuer(), clock->Now());
    revocation.set_token_id(token.token_id());
    return store->Apply({{}, {std::move(revocation)}});
  }

  // Revoked, or not, or UNAVAILABLE.
  absl::StatusOr<bool> IsRevoked(const Identity& token) const {
    const absl::Status status = internal::CheckRevocation(token, revocations.get());
    if (status.ok()) return false;
    if (FailureOf(status) == AuthFailure::kRevoked) return true;
    return absl::UnavailableError("nobody can say now what is revoked");
  }
};

TokenIssuer::TokenIssuer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenIssuer::~TokenIssuer() = default;

absl::StatusOr<std::unique_ptr<TokenIssuer>> TokenIssuer::Create(TokenIssuerOptions options) {
  const v1::IssuerConfig& config = options.config;
  if (absl::Status status = internal::CheckIssuerSettings(config); !status.ok()) return status;
  if (options.store == nullptr) return absl::InvalidArgumentError("store: required");
  auto keys = KeyDirectory::Create({config.key_directory(), absl::Seconds(1), options.clock});
  if (!keys.ok()) {
    return absl::Status(keys.status().code(),
                        absl::StrCat("key_directory: ", keys.status().message()));
  }
  auto state = std::make_unique<State>();
  state->config = config;
  state->store = options.store;
  state->clock = options.clock;
  state->keys = *std::move(keys);
  SignerOptions signer_options;
  signer_options.key_directory = state->keys;
  auto signer = Signer::Create(std::move(signer_options));
  if (!signer.ok()) return signer.status();
  state->tokens = std::make_unique<internal::AccessTokens>(
      config.issuer(), state->keys, *std::move(signer), internal::AccessTokenLifetime(config),
      options.clock);
  state->proofs =
      std::make_unique<internal::ClientProofs>(config.issuer(), options.store, options.clock);
  RevocationFeedOptions feed;
  feed.issuer = config.issuer();
  feed.store = options.store;
  feed.clock = options.clock;
  state->revocations = std::make_shared<RevocationFeed>(std::move(feed));
  if (config.has_sign_in()) {
    auto secret = internal::ReadPrivateFile(config.sign_in().session_secret_file(), 64 * 1024);
    if (!secret.ok()) {
      return absl::Status(secret.status().code(),
                          absl::StrCat("sign_in.session_secret_file: ", secret.status().message()));
    }
    auto tokens = internal::RefreshTokens::Create(*std::move(secret));
    if (!tokens.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "sign_in.session_secret_file: ", config.sign_in().session_secret_file(),
          ": needs at least 32 random bytes, as `head -c 32 /dev/urandom` gives them"));
    }
    state->sessions =
        std::make_unique<internal::Sessions>(internal::SessionOptions(config), options.store,
                                             state->revocations, *std::move(tokens), options.clock);
    state->attempts = std::make_unique<internal::SignInAttempts>(options.store, options.clock);
    internal::PasswordHashesOptions hashes;
    if (options.cheaper_passwords_for_tests > 0) {
      hashes.cost.log2_n = options.cheaper_passwords_for_tests;
    }
    auto passwords = internal::PasswordHashes::Create(hashes);
    if (!passwords.ok()) return passwords.status();
    state->passwords = *std::move(passwords);
  }
  return std::unique_ptr<TokenIssuer>(new TokenIssuer(std::move(state)));
}

absl::StatusOr<v1::TokenResponse> TokenIssuer::State::SignIn(const v1::SignInRequest& request,
                                                             const IssuerPeer& peer) {
  if (sessions == nullptr) {
    return absl::UnimplementedError("sign-in is off: the config has no sign_in");
  }
  if (request.audience().empty()) return internal::InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (!client->client.signs_users_in()) {
    return internal::UnauthorizedClient("users do not sign in with this client");
  }
  const auto password = internal::PasswordText(request.password());
  if (!password.ok()) return SignInRefused();  // Nobody has such a password.

  const auto begun = attempts->Begin(request.user(), peer.network);
  if (!begun.ok()) return begun.status();
  if (!*begun) return SignInRefused();

  std::optional<internal::Stored<v1::User>> user;
  if (internal::IsAccountName(request.user())) {
    auto found = internal::ReadRecord<v1::User>(*store, Kind::kUser, request.user());
    if (!found.ok()) return found.status();
    user = *std::move(found);
  }
  std::optional<absl::string_view> record = internal::PasswordHashes::kNobody;
  if (user.has_value() && !user->value.disabled() && !user->value.password_hash().empty()) {
    record = user->value.password_hash();
  }
  const auto verdict = passwords->Check(record, *password);
  if (absl::IsDataLoss(verdict.status())) {
    // As much work as for others; and whoever asks learns nothing of who is there.
    errors.Report(absl::StrCat("user ", request.user(), ": ", verdict.status().message()));
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
    const absl::Status kept =
        store->Apply({{internal::WriteRecord(Kind::kUser, changed.name(),
                                             internal::Stored<v1::User>{changed, user->version})},
                      {}});
    if (!kept.ok() && !absl::IsAborted(kept)) return kept;
  }

  if (absl::Status status = CheckSecond(user->value, as_of); !status.ok()) return status;
  const auto granted = internal::GrantedScopes({&user->value.grants(), &client->client.grants()},
                                               request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes = internal::ChooseScopes(ScopesOf(request.scopes()), *granted);
  if (!scopes.ok()) return scopes.status();
  if (const auto bound = BindingOf(*client, peer); !bound.ok()) return bound.status();
  issuer::Session session;
  session.set_user(user->value.name());
  session.set_client(client->client.name());
  session.set_audience(request.audience());
  internal::SetTime(as_of, session.mutable_began_at());
  *session.mutable_user_sessions_not_before() = user->value.sessions_not_before();
  for (const std::string& scope : *scopes) session.add_scopes(scope);
  auto open = sessions->Begin(std::move(session));
  if (!open.ok()) return open.status();
  return TokenOf(*open, as_of, *scopes, user->value, *client, peer);
}

absl::StatusOr<v1::TokenResponse> TokenIssuer::State::IssueForService(
    const v1::IssueForServiceRequest& request, const IssuerPeer& peer) {
  if (request.audience().empty()) return internal::InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (client->proof.empty()) {
    return internal::UnauthorizedClient("a public client has no tokens of its own");
  }
  const auto granted = internal::GrantedScopes({&client->client.grants()}, request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes = internal::ChooseScopes(ScopesOf(request.scopes()), *granted);
  if (!scopes.ok()) return scopes.status();
  auto bound = BindingOf(*client, peer);
  if (!bound.ok()) return bound.status();
  AccessTokenFacts facts;
  facts.subject = internal::SubjectOfClient(client->client.name());
  facts.client = client->client.name();
  facts.audience = request.audience();
  facts.scopes = *scopes;
  facts.issued_at = as_of;
  facts.certificate_sha256 = *std::move(bound);
  auto token = tokens->Make(facts);
  if (!token.ok()) return token.status();
  return ResponseOf(*std::move(token), *scopes);
}

absl::StatusOr<v1::TokenResponse> TokenIssuer::State::Refresh(const v1::RefreshRequest& request,
                                                              const IssuerPeer& peer) {
  if (sessions == nullptr) {
    return absl::UnimplementedError("sign-in is off: the config has no sign_in");
  }
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  std::optional<internal::Stored<v1::User>> user;
  // What is asked for too much is refused before the token is spent, and costs nobody the session.
  absl::Status refusal;
  Scopes scopes;
  auto open = sessions->Refresh(
      request.refresh_token(), client->client.name(), client->proof,
      [&](const issuer::Session& session) -> absl::Status {
        auto found = internal::ReadRecord<v1::User>(*store, Kind::kUser, session.user());
        if (!found.ok()) return found.status();
        user = *std::move(found);
        if (!user.has_value() || user->value.disabled() || HasEnded(session, user->value)) {
          return internal::InvalidGrant("the session is over");
        }
        if (!client->client.signs_users_in()) {
          return internal::InvalidGrant("users sign in with this client no more");
        }
        return absl::OkStatus();
      },
      [&](const issuer::Session& session) -> absl::Status {
        if (absl::Status status = CheckSecond(user->value, as_of); !status.ok()) {
          return status;
        }
        const auto granted = internal::GrantedScopes(
            {&user->value.grants(), &client->client.grants()}, session.audience());
        if (!granted.ok()) return granted.status();
        const auto chosen =
            internal::ChooseScopes(ScopesOf(request.scopes()),
                                   internal::CommonScopes(ScopesOf(session.scopes()), *granted));
        if (!chosen.ok()) return chosen.status();
        scopes = *chosen;
        return BindingOf(*client, peer).status();
      });
  if (!open.ok()) return open.status();
  return TokenOf(*open, as_of, scopes, user->value, *client, peer);
}

absl::StatusOr<v1::TokenResponse> TokenIssuer::State::Exchange(const v1::ExchangeRequest& request,
                                                               const IssuerPeer& peer) {
  if (request.audience().empty()) return internal::InvalidRequest("audience is required");
  const absl::Time as_of = clock->Now();
  auto client = proofs->Check(request.client(), peer);
  if (!client.ok()) return client.status();
  if (client->proof.empty()) {
    return internal::UnauthorizedClient("a public client exchanges nothing");
  }
  PeerConnection connection(peer);
  const auto caller = tokens->Verify(request.subject_token(), connection);
  if (!caller.ok()) {
    return internal::InvalidGrant("the subject token is no good access token of this issuer");
  }
  // As of now: what is exchanged from a token is another one, which its revocation may not name.
  if (absl::Status status = revocations->Poll(); !status.ok()) return status;
  const auto is_revoked = IsRevoked(*caller);
  if (!is_revoked.ok()) return is_revoked.status();
  if (*is_revoked) {
    return internal::InvalidGrant("the subject token is no good access token of this issuer");
  }
  // It must have been meant for who shows it: a token that somebody else received opens nothing.
  std::vector<std::string> receives(client->client.receives().begin(),
                                    client->client.receives().end());
  if (receives.empty()) receives.push_back(client->client.name());
  if (caller->audiences().size() != 1 ||
      std::find(receives.begin(), receives.end(), caller->audiences()[0]) == receives.end()) {
    return internal::InvalidGrant("the subject token is for another audience than the client");
  }
  const std::string actor = internal::SubjectOfClient(client->client.name());
  const auto& claims = caller->claims().private_claims();
  const auto may_act = claims.find(internal::kMayAct);
  if (may_act != claims.end() && !MayAct(may_act->second, actor, tokens->issuer())) {
    return internal::InvalidGrant("the subject token says that somebody else may act (may_act)");
  }
  const auto granted = internal::GrantedScopes({&client->client.exchanges()}, request.audience());
  if (!granted.ok()) return granted.status();
  const auto scopes = internal::ChooseScopes(ScopesOf(request.scopes()),
                                             internal::CommonScopes(*granted, caller->scopes()));
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
  facts.session_id = internal::TextClaim(*caller, "sid");
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
    return internal::InvalidGrant("the subject token has come through too many actors already");
  }
  auto token = tokens->Make(facts);
  if (!token.ok()) return token.status();
  return ResponseOf(*std::move(token), *scopes);
}

absl::Status TokenIssuer::State::Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer) {
  if (request.token().empty()) return internal::InvalidRequest("token is required");
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

absl::StatusOr<v1::IntrospectResponse> TokenIssuer::State::Introspect(
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

absl::StatusOr<v1::TokenResponse> TokenIssuer::SignIn(const v1::SignInRequest& request,
                                                      const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->SignIn(request, peer));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::IssueForService(
    const v1::IssueForServiceRequest& request, const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->IssueForService(request, peer));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::Refresh(const v1::RefreshRequest& request,
                                                       const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Refresh(request, peer));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::Exchange(const v1::ExchangeRequest& request,
                                                        const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Exchange(request, peer));
}
absl::Status TokenIssuer::Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Revoke(request, peer));
}
absl::StatusOr<v1::IntrospectResponse> TokenIssuer::Introspect(
    const v1::IntrospectRequest& request) {
  return state_->errors.ForClient(state_->Introspect(request));
}

absl::StatusOr<std::string> TokenIssuer::Jwks() const {
  return state_->keys->Current()->ToPublicJwks();
}
std::shared_ptr<const KeySource> TokenIssuer::keys() const { return state_->keys; }
std::shared_ptr<RevocationFeed> TokenIssuer::revocations() const { return state_->revocations; }
bool TokenIssuer::has_sign_in() const { return state_->sessions != nullptr; }
uint64_t TokenIssuer::password_work() const {
  return state_->passwords == nullptr ? 0 : state_->passwords->work().cost;
}
const std::string& TokenIssuer::issuer() const { return state_->tokens->issuer(); }
const std::shared_ptr<IssuerStore>& TokenIssuer::store() const { return state_->store; }
absl::Status TokenIssuer::RemoveExpired() { return state_->store->RemoveExpired(); }

}  // namespace lanyard
