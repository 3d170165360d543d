// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/accounts.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/account_names.h"
#include "lanyard/issuer/client_keys.h"
#include "lanyard/issuer/grants.h"
#include "lanyard/issuer/reserved_claims.h"
#include "lanyard/issuer/revoke.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/short_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/timestamp.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard {
namespace {

using internal::ReadRecord;
using internal::Stored;
using internal::WriteRecord;
using Kind = IssuerStore::Kind;

constexpr int kMaxGrants = 100, kMaxScopes = 100, kMaxNames = 100;
constexpr size_t kMaxTextBytes = 512, kMaxIdBytes = 256;
constexpr size_t kMaxRecordBytes = 48 * 1024;
constexpr size_t kPage = 1000;

absl::Status FieldError(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::Status CheckName(absl::string_view name) {
  if (internal::IsShortName(name)) return absl::OkStatus();
  return FieldError("name", absl::StrCat("\"", internal::Printable(name, 80),
                                         "\" is none: a-z 0-9 . _ -, 1 to 64 of them"));
}

absl::Status CheckId(absl::string_view field, absl::string_view id) {
  if (!id.empty() && id.size() <= kMaxIdBytes) return absl::OkStatus();
  return FieldError(field, "needs 1 to 256 bytes");
}

absl::Status CheckGrants(absl::string_view field, const internal::Grants& grants) {
  if (grants.size() > kMaxGrants) return FieldError(field, "more than 100");
  std::set<std::string> audiences;
  for (const v1::Grant& grant : grants) {
    if (grant.audience().empty() || grant.audience().size() > kMaxTextBytes) {
      return FieldError(field, "each needs an audience, of at most 512 bytes");
    }
    if (!audiences.insert(grant.audience()).second) {
      return FieldError(field, absl::StrCat("two for the audience \"",
                                            internal::Printable(grant.audience(), 80), "\""));
    }
    if (grant.scopes_size() > kMaxScopes) return FieldError(field, "more than 100 scopes");
    for (const std::string& scope : grant.scopes()) {
      if (!internal::IsScopeToken(scope) || scope.size() > kMaxTextBytes) {
        return FieldError(field, absl::StrCat("\"", internal::Printable(scope, 80),
                                              "\" is no scope (RFC 6749 section 3.3)"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClaimName(absl::string_view field, const std::string& name) {
  if (name.empty() || name.size() > kMaxTextBytes) {
    return FieldError(field, "a claim's name has 1 to 512 bytes");
  }
  if (internal::IsReservedClaim(name)) {
    return FieldError(field, absl::StrCat("\"", internal::Printable(name, 80),
                                          "\" means something to JWT or OAuth; the issuer alone "
                                          "writes it"));
  }
  return absl::OkStatus();
}

// Whether servers can read what is written of them.
bool CanStandInAToken(const google::protobuf::Map<std::string, v1::Value>& claims) {
  v1::Claims message;
  *message.mutable_private_claims() = claims;
  const auto json = internal::ClaimsToJson(message);
  return json.ok() && internal::JsonDocument::ParseObject(*json).ok();
}

absl::Status Check(const v1::User& user) {
  if (absl::Status status = CheckName(user.name()); !status.ok()) return status;
  if (absl::Status status = CheckGrants("grants", user.grants()); !status.ok()) return status;
  for (const auto& [name, value] : user.claims()) {
    if (name == internal::kMayAct) continue;
    if (absl::Status status = CheckClaimName("claims", name); !status.ok()) return status;
  }
  if (!CanStandInAToken(user.claims())) {
    return FieldError("claims", "they cannot stand in a token: too deep, or a number without end");
  }
  if (user.ByteSizeLong() > kMaxRecordBytes) return FieldError("claims", "more than 48 KiB in all");
  return absl::OkStatus();
}

absl::Status Check(const v1::Client& client) {
  if (absl::Status status = CheckName(client.name()); !status.ok()) return status;
  if (absl::Status status = CheckGrants("grants", client.grants()); !status.ok()) return status;
  if (absl::Status status = CheckGrants("exchanges", client.exchanges()); !status.ok()) {
    return status;
  }
  if (client.certificate_names_size() > kMaxNames || client.receives_size() > kMaxNames ||
      client.visible_claims_size() > kMaxNames) {
    return FieldError("certificate_names, receives, visible_claims", "more than 100");
  }
  for (const std::string& name : client.certificate_names()) {
    if (name.empty() || name.size() > kMaxTextBytes || absl::StrContains(name, '*')) {
      return FieldError("certificate_names",
                        "each is a whole URI or DNS name, as in \"spiffe://prod/checkout\"");
    }
  }
  for (const std::string& audience : client.receives()) {
    if (audience.empty() || audience.size() > kMaxTextBytes) {
      return FieldError("receives", "an audience has 1 to 512 bytes");
    }
  }
  for (const std::string& name : client.visible_claims()) {
    if (absl::Status status = CheckClaimName("visible_claims", name); !status.ok()) return status;
  }
  if (!client.jwks().empty()) {
    if (const auto keys = internal::ReadClientKeys(client.jwks()); !keys.ok()) {
      return FieldError("jwks", keys.status().message());
    }
  }
  const bool is_public = client.certificate_names().empty() && client.jwks().empty();
  if (is_public && !client.exchanges().empty()) {
    return FieldError("exchanges", "needs certificate_names or jwks: anybody could ask");
  }
  if (is_public && !client.signs_users_in()) {
    return FieldError("certificate_names, jwks, signs_users_in",
                      "one is required: a client that can prove nothing may only sign users in");
  }
  if (client.certificate_bound() && client.certificate_names().empty()) {
    return FieldError("certificate_bound", "needs certificate_names");
  }
  if (client.ByteSizeLong() > kMaxRecordBytes) return FieldError("jwks", "more than 48 KiB in all");
  return absl::OkStatus();
}

template <typename T>
absl::Status Add(IssuerStore& store, Kind kind, const T& account) {
  if (absl::Status status = Check(account); !status.ok()) return status;
  const absl::Status added =
      store.Apply({{WriteRecord(kind, account.name(), Stored<T>{account, 0})}, {}});
  if (!absl::IsAborted(added)) return added;
  return absl::AlreadyExistsError(absl::StrCat("there is a \"", account.name(), "\" already"));
}

template <typename T>
absl::StatusOr<Stored<T>> Find(const IssuerStore& store, Kind kind, absl::string_view name) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  auto found = ReadRecord<T>(store, kind, name);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return absl::NotFoundError(absl::StrCat("there is no \"", name, "\""));
  return std::move(**found);
}

absl::StatusOr<std::vector<std::string>> Names(const IssuerStore& store, Kind kind) {
  std::vector<std::string> names;
  for (;;) {
    auto page = store.Keys(kind, names.empty() ? "" : names.back(), kPage);
    if (!page.ok()) return page.status();
    names.insert(names.end(), page->begin(), page->end());
    if (page->size() < kPage) return names;
  }
}

// Withdraws what somebody was given until now: as part of a change, and once more if that took so
// long that they may have been given more meanwhile.
class Withdrawal {
 public:
  Withdrawal(const std::string& issuer, std::string subject, const Clock& clock)
      : issuer_(issuer), subject_(std::move(subject)), clock_(clock) {}

  void AddTo(IssuerStore::Change* change) {
    until_ = clock_.Now();
    change->revocations.push_back(internal::RevocationOfSubject(issuer_, subject_, *until_));
  }
  // The time that was said.
  absl::Time until() const { return *until_; }

  // After the change was made. In the second of `until_` there is nothing to add: tokens of one
  // second cannot be told apart.
  absl::Status Finish(IssuerStore& store) const {
    if (!until_.has_value()) return absl::OkStatus();
    const absl::Time now = clock_.Now();
    if (absl::ToUnixSeconds(now) <= absl::ToUnixSeconds(*until_)) return absl::OkStatus();
    return store.Apply({{}, {internal::RevocationOfSubject(issuer_, subject_, now)}});
  }

 private:
  const std::string& issuer_;
  const std::string subject_;
  const Clock& clock_;
  std::optional<absl::Time> until_;
};

// `finish` looks at the account before and after the change, and adds to it.
template <typename T>
absl::Status ChangeAccount(
    IssuerStore& store, Kind kind, absl::string_view name,
    const std::function<absl::Status(T*)>& change,
    const std::function<void(const T& before, T*, IssuerStore::Change*)>& finish) {
  for (int race = 0; race < internal::kMaxRaces; ++race) {
    auto found = Find<T>(store, kind, name);
    if (!found.ok()) return found.status();
    const T before = found->value;
    if (absl::Status status = change(&found->value); !status.ok()) return status;
    found->value.set_name(std::string(name));
    IssuerStore::Change whole;
    finish(before, &found->value, &whole);
    if (absl::Status status = Check(found->value); !status.ok()) return status;
    whole.writes.push_back(WriteRecord(kind, name, *found));
    const absl::Status done = store.Apply(whole);
    if (!absl::IsAborted(done)) return done;
  }
  return internal::LostEveryRace();
}

}  // namespace

Accounts::Accounts(std::string issuer, std::shared_ptr<IssuerStore> store,
                   std::shared_ptr<const Clock> clock)
    : issuer_(std::move(issuer)), store_(std::move(store)), clock_(std::move(clock)) {}

absl::Status Accounts::AddUser(const v1::User& user) { return Add(*store_, Kind::kUser, user); }

absl::StatusOr<v1::User> Accounts::FindUser(absl::string_view name) const {
  auto found = Find<v1::User>(*store_, Kind::kUser, name);
  if (!found.ok()) return found.status();
  return std::move(found->value);
}

absl::StatusOr<std::vector<std::string>> Accounts::UserNames() const {
  return Names(*store_, Kind::kUser);
}

absl::Status Accounts::ChangeUser(absl::string_view name, bool end_sessions,
                                  const std::function<absl::Status(v1::User*)>& change) {
  Withdrawal withdrawal(issuer_, internal::SubjectOfUser(name), *clock_);
  const absl::Status changed = ChangeAccount<v1::User>(
      *store_, Kind::kUser, name, change,
      [&](const v1::User& before, v1::User* user, IssuerStore::Change* whole) {
        if (!end_sessions && user->password_hash() == before.password_hash() &&
            (before.disabled() || !user->disabled())) {
          return;
        }
        withdrawal.AddTo(whole);
        internal::SetTime(withdrawal.until(), user->mutable_sessions_not_before());
      });
  return changed.ok() ? withdrawal.Finish(*store_) : changed;
}

absl::Status Accounts::AddClient(const v1::Client& client) {
  return Add(*store_, Kind::kClient, client);
}

absl::StatusOr<v1::Client> Accounts::FindClient(absl::string_view name) const {
  auto found = Find<v1::Client>(*store_, Kind::kClient, name);
  if (!found.ok()) return found.status();
  return std::move(found->value);
}

absl::StatusOr<std::vector<std::string>> Accounts::ClientNames() const {
  return Names(*store_, Kind::kClient);
}

absl::Status Accounts::ChangeClient(absl::string_view name, bool revoke_tokens,
                                    const std::function<absl::Status(v1::Client*)>& change) {
  Withdrawal withdrawal(issuer_, internal::SubjectOfClient(name), *clock_);
  const absl::Status changed = ChangeAccount<v1::Client>(
      *store_, Kind::kClient, name, change,
      [&](const v1::Client& before, v1::Client* client, IssuerStore::Change* whole) {
        if (revoke_tokens || (client->disabled() && !before.disabled())) withdrawal.AddTo(whole);
      });
  return changed.ok() ? withdrawal.Finish(*store_) : changed;
}

absl::Status Accounts::RevokeToken(absl::string_view token_id) {
  if (absl::Status status = CheckId("token_id", token_id); !status.ok()) return status;
  v1::Revocation revocation = internal::NewRevocation(issuer_, clock_->Now());
  revocation.set_token_id(std::string(token_id));
  return store_->Apply({{}, {revocation}});
}

absl::Status Accounts::RevokeSession(absl::string_view session_id) {
  if (absl::Status status = CheckId("session_id", session_id); !status.ok()) return status;
  return internal::EndSession(*store_, issuer_, session_id, clock_->Now());
}

absl::Status Accounts::RevokeKey(absl::string_view key_id) {
  if (absl::Status status = CheckId("key_id", key_id); !status.ok()) return status;
  v1::Revocation revocation = internal::NewRevocation(issuer_, clock_->Now());
  revocation.set_key_id(std::string(key_id));
  return store_->Apply({{}, {revocation}});
}

}  // namespace lanyard
