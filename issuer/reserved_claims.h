// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_RESERVED_CLAIMS_H_
#define LANYARD_ISSUER_RESERVED_CLAIMS_H_

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// may_act (RFC 8693 section 4.4): who may act for the subject. A user may have it.
inline constexpr char kMayAct[] = "may_act";

// Claims that mean something to whoever checks or exchanges a token (RFC 7519, 7800, 8693, 9068,
// 9396, 9470, 9493, OpenID Connect), so that no user's record may hold them.
inline bool IsReservedClaim(absl::string_view name) {
  for (const absl::string_view reserved : {"iss",
                                           "sub",
                                           "sub_id",
                                           "aud",
                                           "exp",
                                           "nbf",
                                           "iat",
                                           "jti",
                                           "client_id",
                                           "azp",
                                           "scope",
                                           "scp",
                                           "authorization_details",
                                           "act",
                                           "may_act",
                                           "cnf",
                                           "sid",
                                           "auth_time",
                                           "acr",
                                           "amr",
                                           "nonce",
                                           "at_hash",
                                           "c_hash",
                                           "s_hash",
                                           "events",
                                           "typ",
                                           "token_use"}) {
    if (name == reserved) return true;
  }
  return false;
}

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_RESERVED_CLAIMS_H_
