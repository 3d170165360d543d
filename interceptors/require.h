// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_REQUIRE_H_
#define LANYARD_INTERCEPTORS_REQUIRE_H_

#include "absl/strings/string_view.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace lanyard {

// Checks of a handler, for what depends on the request and so can stand in no policy. Each gives
// OK, or the status to return, which is as if the policy had refused the call: PERMISSION_DENIED,
// or UNAUTHENTICATED for a caller without a token; the refusal goes to the audit sink. Where the
// config says OBSERVE for the method, it goes there as would_deny, and the status is OK.
//
//   if (request->amount() > 1000) {
//     if (grpc::Status s = lanyard::RequireScope(*context, "orders.refund.large"); !s.ok()) return
//     s;
//   }
//
// Thread-safe once the handler runs.
grpc::Status RequireScope(const grpc::ServerContextBase& context, absl::string_view scope);

// A role, as the issuer's config says where they stand.
grpc::Status RequireRole(const grpc::ServerContextBase& context, absl::string_view role);

// That the caller is that subject of that issuer, by the issuer's name in the config. Never so for
// empty names and for callers without a token, so an order without an owner is nobody's.
grpc::Status RequireCaller(const grpc::ServerContextBase& context, absl::string_view issuer_name,
                           absl::string_view subject);

// Whatever else: `allowed` is what the handler found, `rule` what it asked for, in words for
// operators; the peer is not told.
grpc::Status Require(const grpc::ServerContextBase& context, bool allowed, absl::string_view rule);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_REQUIRE_H_
