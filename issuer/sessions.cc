// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/sessions.h"

#include <algorithm>
#include <utility>

#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/revoke.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/timestamp.h"

namespace lanyard::internal {
namespace {

using Kind = IssuerStore::Kind;

constexpr absl::Duration kRepeat = absl::Seconds(10);
constexpr size_t kSessionIdBytes = 16;

absl::Status NoSession() {
  return InvalidGrant("the refresh token is unknown, spent, or its session is over: sign in again");
}

}  // namespace

absl::Time Sessions::EndOfLife(const issuer::Session& session) const {
  return std::min(TimeOf(session.began_at()) + options_.max_life,
                  clock_->Now() + options_.max_idle);
}

absl::StatusOr<std::string> Sessions::Epoch() const {
  if (absl::Status status = revocations_->Poll(); !status.ok()) return status;
  return revocations_->epoch();
}

absl::StatusOr<Sessions::Open> Sessions::Begin(issuer::Session session) {
  auto epoch = Epoch();
  if (!epoch.ok()) return epoch.status();
  const RefreshToken first = tokens_->Begin(RandomBytes(kSessionIdBytes));
  session.set_epoch(*std::move(epoch));
  session.set_generation(first.generation);
  session.set_secret_sha256(Sha256(first.secret.view()));
  const std::string id = Base64UrlEncode(first.session_id);
  const absl::Status begun = store_->Apply(
      {{WriteRecord(Kind::kSession, id, Stored<issuer::Session>{session, 0}, EndOfLife(session))},
       {}});
  if (!begun.ok()) return begun;
  return Open{id, std::move(session), tokens_->TextOf(first)};
}

absl::StatusOr<Sessions::Open> Sessions::Refresh(absl::string_view refresh_token,
                                                 absl::string_view client, absl::string_view proof,
                                                 const Check& may_go_on, const Check& request) {
  const auto token = tokens_->Read(refresh_token);
  if (!token.has_value()) return NoSession();  // Before anything that costs.
  const auto epoch = Epoch();
  if (!epoch.ok()) return epoch.status();
  const std::string id = Base64UrlEncode(token->session_id);
  const std::string hash = Sha256(token->secret.view());
  const RefreshToken next = tokens_->Next(*token);
  for (int race = 0; race < kMaxRaces; ++race) {
    auto found = ReadRecord<issuer::Session>(*store_, Kind::kSession, id);
    if (!found.ok()) return found.status();
    if (!found->has_value()) return NoSession();
    issuer::Session& session = (*found)->value;
    const absl::Time now = clock_->Now();

    bool is_good = session.client() == client && session.epoch() == *epoch;
    if (is_good) {
      const absl::Status goes_on = may_go_on(session);
      if (!goes_on.ok() && !absl::IsUnauthenticated(goes_on)) return goes_on;
      is_good = goes_on.ok();
    }
    const bool is_current = token->generation == session.generation() &&
                            ConstantTimeEquals(hash, session.secret_sha256());
    const bool is_repeat = token->generation + 1 == session.generation() &&
                           ConstantTimeEquals(hash, session.spent_sha256()) &&
                           absl::AbsDuration(now - TimeOf(session.spent_at())) <= kRepeat &&
                           session.spent_with() == proof;
    if (!is_good || (!is_current && !is_repeat)) {
      const absl::Status ended =
          store_->Apply({{DeleteRecord(Kind::kSession, id, (*found)->version)},
                         {RevocationOfSession(options_.issuer, id, now)}});
      if (absl::IsAborted(ended)) continue;
      if (!ended.ok()) return ended;
      (void)revocations_->Poll();  // So that it counts here from now on.
      return NoSession();
    }
    if (absl::Status status = request(session); !status.ok()) return status;
    if (is_current) {
      session.set_spent_sha256(hash);
      session.set_spent_with(std::string(proof));
      SetTime(now, session.mutable_spent_at());
      session.set_generation(next.generation);
      session.set_secret_sha256(Sha256(next.secret.view()));
      const absl::Status spent =
          store_->Apply({{WriteRecord(Kind::kSession, id, **found, EndOfLife(session))}, {}});
      if (absl::IsAborted(spent)) continue;
      if (!spent.ok()) return spent;
    }
    return Open{id, std::move(session), tokens_->TextOf(next)};
  }
  return LostEveryRace();
}

absl::Status Sessions::EndOf(absl::string_view refresh_token, absl::string_view client) {
  const auto token = tokens_->Read(refresh_token);
  if (!token.has_value()) return absl::OkStatus();
  const std::string id = Base64UrlEncode(token->session_id);
  auto found = ReadRecord<issuer::Session>(*store_, Kind::kSession, id);
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->value.client() != client) return absl::OkStatus();
  return End(id);
}

absl::Status Sessions::End(absl::string_view id) {
  return EndSession(*store_, options_.issuer, id, clock_->Now());
}

}  // namespace lanyard::internal
