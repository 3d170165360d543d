// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/require.h"

#include <grpcpp/server_context.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/caller.h"
#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

std::string Quoted(absl::string_view name) {
  return absl::StrCat("\"", internal::Printable(name, 128), "\"");
}

grpc::Status StatusOf(AuthFailure failure, const std::string& decision_id) {
  return grpc::Status(static_cast<grpc::StatusCode>(AuthFailureCode(failure)),
                      internal::WireMessage(AuthFailureWireText(failure), decision_id));
}

}  // namespace

grpc::Status Require(const grpc::ServerContextBase& context, bool allowed, absl::string_view rule) {
  if (allowed) return grpc::Status::OK;
  const Identity& caller = CallerOf(context);
  const AuthFailure failure =
      caller.authenticated() ? AuthFailure::kDeniedByPolicy : AuthFailure::kMissingToken;
  const internal::BoundCall* call = internal::FindBoundCall(context.client_metadata());
  if (call == nullptr || call->state == nullptr)
    return StatusOf(failure, internal::NewDecisionId());
  internal::ServerState& state = *call->state;
  AuditEvent event = state.NewEvent(call->method);
  event.detail = absl::StrCat("the handler requires ", rule);
  event.caller = caller;
  event.observed = state.snapshot()->policy->Observes(call->method, event.time);
  if (event.observed) {
    event.allowed = true;
    event.would_deny = failure;
    state.Record(event, /*is_counted=*/call->would_deny.exchange(true));
    return grpc::Status::OK;
  }
  event.failure = failure;
  state.Record(event);
  return StatusOf(failure, event.decision_id);
}

grpc::Status RequireScope(const grpc::ServerContextBase& context, absl::string_view scope) {
  return Require(context, CallerOf(context).HasScope(scope),
                 absl::StrCat("the scope ", Quoted(scope)));
}

grpc::Status RequireRole(const grpc::ServerContextBase& context, absl::string_view role) {
  return Require(context, CallerOf(context).HasRole(role), absl::StrCat("the role ", Quoted(role)));
}

grpc::Status RequireCaller(const grpc::ServerContextBase& context, absl::string_view issuer_name,
                           absl::string_view subject) {
  return Require(context, CallerOf(context).Is(issuer_name, subject), "another caller");
}

}  // namespace lanyard
