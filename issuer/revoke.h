// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REVOKE_H_
#define LANYARD_ISSUER_REVOKE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard::internal {

// A revocation that lasts as long as any token of the issuer that is out now, and says nothing yet
// of what is revoked.
v1::Revocation NewRevocation(absl::string_view issuer, absl::Time now);

// Of all that was issued in a session, or exchanged from that.
v1::Revocation RevocationOfSession(absl::string_view issuer, absl::string_view session_id,
                                   absl::Time now);

// Of all that the subject has been given until now.
v1::Revocation RevocationOfSubject(absl::string_view issuer, absl::string_view subject,
                                   absl::Time now);

// Ends a session by its sid, and revokes all that was issued in it, whether its record is still
// there or not.
absl::Status EndSession(IssuerStore& store, absl::string_view issuer, absl::string_view session_id,
                        absl::Time now);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REVOKE_H_
