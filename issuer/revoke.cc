// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/revoke.h"

#include "lanyard/issuer/access_tokens.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/internal/timestamp.h"

namespace lanyard::internal {

v1::Revocation NewRevocation(absl::string_view issuer, absl::Time now) {
  v1::Revocation revocation;
  revocation.set_issuer(std::string(issuer));
  SetTime(now + kLongestTokenUse, revocation.mutable_expires_at());
  return revocation;
}

v1::Revocation RevocationOfSession(absl::string_view issuer, absl::string_view session_id,
                                   absl::Time now) {
  v1::Revocation revocation = NewRevocation(issuer, now);
  revocation.set_session_id(std::string(session_id));
  return revocation;
}

v1::Revocation RevocationOfSubject(absl::string_view issuer, absl::string_view subject,
                                   absl::Time now) {
  v1::Revocation revocation = NewRevocation(issuer, now);
  revocation.set_subject(std::string(subject));
  SetTime(now, revocation.mutable_not_before());
  return revocation;
}

absl::Status EndSession(IssuerStore& store, absl::string_view issuer, absl::string_view session_id,
                        absl::Time now) {
  for (int race = 0; race < kMaxRaces; ++race) {
    const auto found = store.Get(IssuerStore::Kind::kSession, session_id);
    if (!found.ok()) return found.status();
    IssuerStore::Change change;
    if (found->has_value()) {
      change.writes.push_back(
          DeleteRecord(IssuerStore::Kind::kSession, session_id, (*found)->version));
    }
    change.revocations.push_back(RevocationOfSession(issuer, session_id, now));
    const absl::Status ended = store.Apply(change);
    if (!absl::IsAborted(ended)) return ended;
  }
  return LostEveryRace();
}

}  // namespace lanyard::internal
