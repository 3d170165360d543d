// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/token_attacher.h"

#include <grpc/grpc.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/sdk/internal/open_methods.h"

namespace lanyard::internal {
namespace {

using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using TokenPtr = CachingTokenSource::TokenPtr;

// How long a stream waits for a better token than the good one that there is.
constexpr std::chrono::nanoseconds kBetterTokenWait = std::chrono::seconds(2);

// Ends a call from the client's side with a status of ours; nothing of it is sent. Works for every
// kind of call, which Hijack() does not. The batch must be passed on afterwards.
void EndCall(grpc::ClientContext* context, grpc::StatusCode code, const std::string& text) {
  grpc_call_cancel_with_status(context->c_call(), static_cast<grpc_status_code>(code), text.c_str(),
                               nullptr);
}

grpc::StatusCode CodeFor(const absl::Status& status) {
  return IsTransientTokenFailure(status) ? grpc::StatusCode::UNAVAILABLE
                                         : grpc::StatusCode::UNAUTHENTICATED;
}

// A call whose initial metadata is held until there is a token. Four things may end the wait; the
// first to take it is the only one that passes the call on. After that the interceptor, and the
// call, may be gone at any moment.
class HeldCall : public std::enable_shared_from_this<HeldCall> {
 public:
  // All pointers are good until the call is passed on. `sent` receives the token.
  HeldCall(std::shared_ptr<ClientState> state, std::shared_ptr<const CallTokens> tokens,
           grpc::ClientContext* context, InterceptorBatchMethods* methods, TokenPtr* sent)
      : state_(std::move(state)),
        tokens_(std::move(tokens)),
        would_do_(tokens_->Cached(TokenUse::kCall) != nullptr),
        context_(context),
        methods_(methods),
        sent_(sent) {}

  // Starts the clock; the wait may already be over.
  void StartTimer() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (taken_) return;  // Cancelled already; the call may be gone.
    const auto now = std::chrono::system_clock::now();
    std::chrono::nanoseconds longest = absl::ToChronoNanoseconds(state_->settings.max_token_wait);
    if (would_do_) {
      longest = std::min(
          {longest, kBetterTokenWait, std::chrono::nanoseconds(context_->deadline() - now) / 2});
    }
    const auto cap = now + longest;
    const bool deadline_first = context_->deadline() < cap;
    const auto left =
        (deadline_first ? context_->deadline()
                        : std::chrono::time_point_cast<std::chrono::system_clock::duration>(cap)) -
        std::chrono::system_clock::now();
    const auto when = std::chrono::steady_clock::now() + left;
    // The timer does not keep the call's state alive.
    timer_ = state_->settings.timers->Add(when, [weak = weak_from_this(), deadline_first] {
      if (auto self = weak.lock()) {
        // A stream that waits for a better token goes with the one that there is.
        TokenPtr usable = self->tokens_->Cached(TokenUse::kCall);
        if (usable != nullptr && !deadline_first) return self->Send(std::move(usable));
        self->End(
            CallFailure::kTimeout,
            deadline_first ? grpc::StatusCode::DEADLINE_EXCEEDED : grpc::StatusCode::UNAVAILABLE,
            "lanyard: no token in time");
      }
    });
  }

  void Send(TokenPtr token) {
    if (Take() == nullptr) return;
    *sent_ = std::move(token);
    context_->set_credentials(tokens_->credentials);
    methods_->Proceed();
  }

  void End(CallFailure why, grpc::StatusCode code, const std::string& text) {
    const auto state = Take();
    if (state == nullptr) return;
    state->settings.failures->Count(tokens_->request.audience, why);
    EndCall(context_, code, text);
    methods_->Proceed();
  }

 private:
  // The shared state for the first that asks, null for all others.
  std::shared_ptr<ClientState> Take() {
    TimerQueue::Id timer;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (taken_) return nullptr;
      taken_ = true;
      timer = timer_;
    }
    if (timer != 0) state_->settings.timers->Cancel(timer);
    return std::move(state_);
  }

  std::mutex mutex_;
  bool taken_ = false;        // Guarded by mutex_.
  TimerQueue::Id timer_ = 0;  // Guarded by mutex_.
  std::shared_ptr<ClientState> state_;
  const std::shared_ptr<const CallTokens> tokens_;
  const bool would_do_;  // Whether a stream has a good token and would like a better one.
  grpc::ClientContext* const context_;
  InterceptorBatchMethods* const methods_;
  TokenPtr* const sent_;
};

class TokenAttacher final : public grpc::experimental::Interceptor {
 public:
  TokenAttacher(std::shared_ptr<ClientState> state, ClientRpcInfo* info)
      : state_(std::move(state)), info_(info) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    // TryCancel calls this on its own thread while another hook is inside.
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
      std::shared_ptr<HeldCall> held;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        held = held_;
      }
      if (held != nullptr)
        held->End(CallFailure::kCancelled, grpc::StatusCode::CANCELLED, "CANCELLED");
      methods->Proceed();
      return;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      Attach(methods);
      return;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      const grpc::Status* status = methods->GetRecvStatus();
      // The server's gate has refused this token, so the next call gets another.
      if (status != nullptr && status->error_code() == grpc::StatusCode::UNAUTHENTICATED &&
          FailureOf(*status).has_value() && tokens_ != nullptr && tokens_->tokens != nullptr) {
        tokens_->tokens->Drop(tokens_->request, sent_);
      }
    }
    methods->Proceed();
  }

 private:
  void Attach(InterceptorBatchMethods* methods) {
    grpc::ClientContext* context = info_->client_context();
    const std::shared_ptr<grpc::CallCredentials> own = context->credentials();
    const std::shared_ptr<const CallWish> wish = WishOf(own);
    if (wish == nullptr && !state_->settings.authenticate_open_methods &&
        IsOpenByAnnotation(info_->method())) {
      methods->Proceed();
      return;
    }
    auto tokens = state_->TokensFor(info_->method(), wish.get());
    const bool others =
        wish != nullptr && wish->of != nullptr && wish->of != state_->settings.table;
    if ((own != nullptr && wish == nullptr) || others ||
        methods->GetSendInitialMetadata()->count(kAuthorization) != 0) {
      Refuse(methods, tokens.ok() ? (*tokens)->request.audience : "", CallFailure::kConflict,
             grpc::StatusCode::INVALID_ARGUMENT,
             "lanyard: the call has credentials or an \"authorization\" header of its own beside "
             "the channel's token; use a channel without Lanyard for it");
      return;
    }
    if (!tokens.ok()) {
      Refuse(methods, "", CallFailure::kNoToken, CodeFor(tokens.status()),
             absl::StrCat("lanyard: ", tokens.status().message()));
      return;
    }
    tokens_ = *std::move(tokens);
    const TokenUse use =
        info_->type() == ClientRpcInfo::Type::UNARY ? TokenUse::kCall : TokenUse::kStream;
    if ((sent_ = tokens_->Cached(use)) != nullptr) {
      context->set_credentials(tokens_->credentials);
      methods->Proceed();
      return;
    }
    // Once the call is held it may end on another thread at any moment, and this with it: what is
    // needed afterwards is taken out first.
    auto held = std::make_shared<HeldCall>(state_, tokens_, context, methods, &sent_);
    const std::shared_ptr<const CallTokens> wanted = tokens_;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      held_ = held;
    }
    held->StartTimer();
    wanted->tokens->Get(wanted->request, use, [held, wanted](absl::StatusOr<TokenPtr> token) {
      if (token.ok()) {
        held->Send(*std::move(token));
      } else {
        held->End(CallFailure::kNoToken, CodeFor(token.status()),
                  absl::StrCat("lanyard: no token for \"", wanted->request.audience,
                               "\": ", token.status().message()));
      }
    });
  }

  void Refuse(InterceptorBatchMethods* methods, const std::string& audience, CallFailure why,
              grpc::StatusCode code, const std::string& text) {
    state_->settings.failures->Count(audience, why);
    EndCall(info_->client_context(), code, text);
    methods->Proceed();
  }

  const std::shared_ptr<ClientState> state_;
  ClientRpcInfo* const info_;  // Outlives this.
  std::shared_ptr<const CallTokens> tokens_;
  TokenPtr sent_;  // What went out.
  std::mutex mutex_;
  std::shared_ptr<HeldCall> held_;  // Guarded by mutex_.
};

}  // namespace

grpc::experimental::Interceptor* TokenAttacherFactory::CreateClientInterceptor(
    ClientRpcInfo* info) {
  return new TokenAttacher(state_, info);
}

}  // namespace lanyard::internal
