// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/expiry_notice.h"

#include <grpcpp/server_context.h>

#include <utility>

#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/interceptors/internal/server_state.h"

namespace lanyard {

struct ExpiryNotice::Registration {
  std::shared_ptr<internal::ServerState> state;
  std::shared_ptr<internal::OpenStreams::Stream> stream;  // Null where there will be no notice.
  internal::OpenStreams::NoticeId id = 0;
};

ExpiryNotice::ExpiryNotice(std::unique_ptr<Registration> registration)
    : registration_(std::move(registration)) {}

std::unique_ptr<ExpiryNotice> ExpiryNotice::Of(const grpc::ServerContextBase& context,
                                               absl::Duration lead,
                                               std::function<void()> callback) {
  auto registration = std::make_unique<Registration>();
  const internal::BoundCall* call = internal::FindBoundCall(context.client_metadata());
  if (call != nullptr && call->stream != nullptr && call->identity.authenticated()) {
    registration->state = call->state;
    registration->stream = call->stream;
    registration->id = call->state->streams().Notify(call->stream, lead, std::move(callback));
  }
  return std::unique_ptr<ExpiryNotice>(new ExpiryNotice(std::move(registration)));
}

ExpiryNotice::~ExpiryNotice() {
  if (registration_->stream == nullptr) return;
  registration_->state->streams().Forget(registration_->stream, registration_->id);
}

}  // namespace lanyard
