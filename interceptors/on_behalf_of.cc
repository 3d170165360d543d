// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/on_behalf_of.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <utility>

#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/interceptors/internal/call_wish.h"
#include "lanyard/interceptors/internal/token_credentials.h"

namespace lanyard {
namespace {

internal::CallWish::Caller CallerMode(OnBehalf how) {
  switch (how) {
    case OnBehalf::kDelegation:
      return internal::CallWish::Caller::kDelegation;
    case OnBehalf::kAudienceChange:
      return internal::CallWish::Caller::kAudienceChange;
    case OnBehalf::kForward:
      break;
  }
  return internal::CallWish::Caller::kForward;
}

}  // namespace

Delegation& Delegation::operator=(Delegation&& other) noexcept {
  status_ = std::exchange(
      other.status_, absl::UnauthenticatedError("not sent on behalf of the caller: the Delegation "
                                                "was moved from"));
  caller_ = std::exchange(other.caller_, Identity());
  token_ = std::exchange(other.token_, nullptr);
  return *this;
}

Delegation Delegation::Of(const grpc::ServerContextBase& call) {
  const internal::BoundCall* bound = internal::FindBoundCall(call.client_metadata());
  if (bound == nullptr || !bound->identity.authenticated()) {
    return Delegation(
        absl::UnauthenticatedError("not sent on behalf of the caller: the caller is anonymous"),
        Identity(), nullptr);
  }
  if (bound->token == nullptr) {
    return Delegation(
        absl::FailedPreconditionError("not sent on behalf of the caller: the server keeps no "
                                      "tokens; set ServerAuthOptions.keep_callers_tokens"),
        bound->identity, nullptr);
  }
  return Delegation(absl::OkStatus(), bound->identity, bound->token);
}

void OnBehalfOf(const Delegation& caller, OnBehalf how, grpc::ClientContext* call) {
  internal::CallWish wish;
  wish.caller = CallerMode(how);
  wish.caller_status = caller.status_;
  wish.caller_token = caller.token_;
  call->set_credentials(internal::WithWish(
      internal::FailingCredentials("lanyard: a call on behalf of a caller needs a channel of "
                                   "ClientAuth's; it was not sent"),
      std::move(wish)));
}

void OnBehalfOf(const grpc::ServerContextBase& caller, OnBehalf how, grpc::ClientContext* call) {
  if (caller.deadline() < call->deadline()) call->set_deadline(caller.deadline());
  OnBehalfOf(Delegation::Of(caller), how, call);
}

}  // namespace lanyard
