// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_ON_BEHALF_OF_H_
#define LANYARD_INTERCEPTORS_ON_BEHALF_OF_H_

#include <iosfwd>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace grpc {
class ClientContext;
class ServerContextBase;
}  // namespace grpc

namespace lanyard {

// How a service speaks for its caller when it calls the next one.
enum class OnBehalf {
  // With a token for both: sub is the caller, act is this service (RFC 8693 section 1.1,
  // delegation). The next service's rules see who acts.
  kDelegation,

  // With the caller's rights at another audience, and this service as the token's client
  // (client_id or azp). Whoever made the issuer give it can tell this service only by that.
  kAudienceChange,

  // With the caller's own token, where it is for the next service alone, is bound to nothing, and
  // the channel's target says forward_callers_token. Over TLS only.
  kForward,
};

// The right to speak for the caller of one call. It may outlive the call, for queues and work in
// the background, but not the caller's token. Holds that token; nothing prints it.
//
// Move-only. Thread-safe once made.
class Delegation {
 public:
  // Of the call that a handler serves, by its context. Never fails: where nobody may be spoken for,
  // the calls that try fail. The server must have ServerAuthOptions.keep_callers_tokens.
  static Delegation Of(const grpc::ServerContextBase& call);

  // What was moved from speaks for nobody.
  Delegation(Delegation&& other) noexcept { *this = std::move(other); }
  Delegation& operator=(Delegation&& other) noexcept;

  // OK, or why no call can be made with this: UNAUTHENTICATED for the anonymous caller,
  // FAILED_PRECONDITION for a server that keeps no tokens.
  const absl::Status& status() const { return status_; }

  const Identity& caller() const { return caller_; }

  // When it ends: with the caller's token.
  absl::Time expires_at() const { return caller_.expires_at(); }

 private:
  friend void OnBehalfOf(const Delegation& caller, OnBehalf how, grpc::ClientContext* call);
  Delegation(absl::Status status, Identity caller, std::shared_ptr<const BearerToken> token)
      : status_(std::move(status)), caller_(std::move(caller)), token_(std::move(token)) {}
  friend std::ostream& operator<<(std::ostream&, const Delegation&) = delete;

  absl::Status status_;
  Identity caller_;
  std::shared_ptr<const BearerToken> token_;
};

// Makes a call, on a channel of ClientAuth's, that has not begun yet, one on behalf of a caller:
//
//   auto context = grpc::ClientContext::FromServerContext(*server_context);
//   lanyard::OnBehalfOf(*server_context, lanyard::OnBehalf::kDelegation, context.get());
//   payments->Charge(context.get(), request, &reply);
//
// (FromServerContext() carries deadline and cancellation over; FromCallbackServerContext() does so
// for callback services.) Whatever is in the way, no caller, no token, an issuer that refuses, ends
// the call before it is sent, as UNAUTHENTICATED, or UNAVAILABLE where it may pass by itself. It is
// never sent with this service's own token instead, and never on a channel without Lanyard.
void OnBehalfOf(const Delegation& caller, OnBehalf how, grpc::ClientContext* call);

// The same for the caller whom a handler serves. The call's deadline becomes the handler's, if that
// is earlier, so that a wait for the token ends with it too.
void OnBehalfOf(const grpc::ServerContextBase& caller, OnBehalf how, grpc::ClientContext* call);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_ON_BEHALF_OF_H_
