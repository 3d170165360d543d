// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/caller_binding.h"

#include <grpc/grpc.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/bound_call.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/call_peer.h"
#include "lanyard/interceptors/internal/stream_facts.h"
#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

// What a sync server calls a method that no service has; its only handler says UNIMPLEMENTED.
constexpr absl::string_view kUnknownMethod = "unknown";

class CallerBinding final : public grpc::experimental::Interceptor {
 public:
  // Touches nothing of the call: there may not be one yet.
  CallerBinding(std::shared_ptr<ServerState> state, ServerRpcInfo* info)
      : state_(std::move(state)), info_(info) {}
  ~CallerBinding() override {
    if (call_.stream != nullptr) state_->streams().Close(call_.stream);
    if (watcher_.has_value()) state_->watch_limit.Remove(*watcher_);
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    // TryCancel calls this on its own thread while another hook is inside; nothing else may be
    // asked of `methods` then.
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
      methods->Proceed();
      return;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA) &&
        !Bind(methods->GetRecvInitialMetadata())) {
      return;  // Without Proceed() the handler never runs.
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_CLOSE)) {
      // The context may be gone by now; only our own members are safe.
      if (call_.stream != nullptr) state_->streams().Close(call_.stream);
    }
    methods->Proceed();
  }

 private:
  bool Bind(CallMetadata* metadata) {
    grpc::ServerContextBase* context = info_->server_context();
    const absl::string_view method = info_->method();
    const TokenHeaders& headers = state_->token_headers();
    const auto auth_context = context->auth_context();
    const auto key_of = [&](const TokenHeaders& counting) {
      Admissions::KeyMaker key(method, CertificatePemOf(*auth_context));
      for (const std::string& header : counting) key.Add(*metadata, header);
      key.Add(*metadata, kForwardedClientCert);
      return key.Finish();
    };
    // Of the port's own header: the gate has taken the others off.
    std::optional<Admissions::Admission> admitted = state_->admissions.Take(key_of(headers));
    // A bad token where one counts as none.
    if (!admitted.has_value()) admitted = state_->admissions.Take(key_of({}));
    if (!admitted.has_value() && method != kUnknownMethod) {
      Refuse(context, method);
      return false;
    }
    if (!admitted.has_value()) admitted.emplace();
    call_.identity = std::move(admitted->identity);
    call_.would_deny = admitted->would_deny;
    call_.peer_is_verified = admitted->peer_is_verified;
    call_.is_forwarded = admitted->is_forwarded;
    if (state_->settings.keep_callers_tokens && call_.identity.authenticated()) {
      KeepToken(*metadata, headers);
    }
    if (!state_->settings.keep_bearer_in_metadata) {
      for (const std::string& header : headers) metadata->erase(header);
    }
    call_.method = std::string(method);
    call_.state = state_;
    if (method == kHealthWatch && !call_.identity.authenticated()) {
      watcher_ = ConnectionOf(*auth_context);
      // Its handler, gRPC's own, finds a cancelled call.
      if (!state_->watch_limit.Add(*watcher_)) {
        Cancel(context, method, AuthFailure::kOverloaded,
               "the connection watches health too often without a token", NewDecisionId());
      }
    }
    if (info_->type() != ServerRpcInfo::Type::UNARY) {
      PeerNames own = admitted->peer_is_verified ? PeerNamesOf(*auth_context) : PeerNames();
      std::optional<PeerNames> said;  // By a proxy that is trusted.
      if (admitted->is_forwarded) {
        const auto read = ForwardedCertificateOf(*metadata);
        said = read.ok() ? read->names : PeerNames();
      }
      call_.stream = state_->streams().Add(
          context->c_call(),
          FactsOf(*state_, method, call_.identity, *auth_context, std::move(own), std::move(said)));
    }
    PutBoundCall(metadata, &call_);
    return true;
  }

  // Of one header, the port's own: the admission was filed for what it holds.
  void KeepToken(const CallMetadata& metadata, const TokenHeaders& headers) {
    for (const std::string& header : headers) {
      const auto token = TokenOf(metadata, header);
      if (!token.ok()) continue;
      call_.token = std::make_shared<const BearerToken>(*token, call_.identity.expires_at());
    }
  }

  void Refuse(grpc::ServerContextBase* context, absl::string_view method) {
    ++state_->ungated_calls;
    const std::string id = NewDecisionId();
    LogLine(absl::StrCat("ALARM: a call to ", Printable(method, 256),
                         " reached the server on a port or channel ",
                         "without Lanyard's gate, and was refused [", id, "]"));
    Cancel(context, method, AuthFailure::kMissingToken,
           "the call came past the gate: a port, or an in-process channel, without it", id);
  }

  void Cancel(grpc::ServerContextBase* context, absl::string_view method, AuthFailure failure,
              absl::string_view detail, const std::string& id) {
    AuditEvent event = state_->NewEvent(method);
    event.decision_id = id;
    event.failure = failure;
    event.detail = std::string(detail);
    state_->Record(event);
    const std::string text = WireMessage(AuthFailureWireText(failure), id);
    grpc_call_cancel_with_status(context->c_call(),
                                 static_cast<grpc_status_code>(AuthFailureCode(failure)),
                                 text.c_str(), nullptr);
  }

  const std::shared_ptr<ServerState> state_;
  ServerRpcInfo* const info_;  // Outlives this.
  BoundCall call_;
  std::optional<uint64_t> watcher_;  // The connection, if this watches health without a token.
};

}  // namespace

grpc::experimental::Interceptor* CallerBindingFactory::CreateServerInterceptor(
    ServerRpcInfo* info) {
  return new CallerBinding(state_, info);
}

}  // namespace lanyard::internal
