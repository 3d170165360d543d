// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/token_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/issuer_peer_of.h"
#include "lanyard/issuer/revocation_watch.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/work_queue.h"
#include "lanyard/v1/token_service.grpc.pb.h"

namespace lanyard {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr int kMaxWaitingDerivations = 100;

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnimplemented:
      return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
      // What is wrong with the store is for its operator.
      return {grpc::StatusCode::UNAVAILABLE, "temporarily_unavailable"};
    default:
      return {grpc::StatusCode::INTERNAL, "server_error"};
  }
}

grpc::Status PastTheGate() {
  return {grpc::StatusCode::UNAUTHENTICATED, "the token service is served without its gate"};
}

}  // namespace

struct TokenService::State final : public v1::TokenService::CallbackService {
  explicit State(const TokenServiceOptions& options)
      : issuer(options.issuer),
        requests({options.threads, options.max_waiting}),
        derivations({issuer->parallel_derivations(), kMaxWaitingDerivations}) {
    watches.feed = issuer->revocations();
    watches.store = issuer->store();
    watches.queue = &requests;
    watches.max_watches = options.max_watchers;
  }

  // Answers on a thread of the queue's.
  template <typename Answer>
  ServerUnaryReactor* Run(internal::WorkQueue& queue, CallbackServerContext* context,
                          Answer answer) {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    std::optional<IssuerPeer> peer = internal::IssuerPeerOf(*context);
    if (!peer.has_value()) {
      reactor->Finish(PastTheGate());
      return reactor;
    }
    const absl::Status queued = queue.Run([reactor, peer = *std::move(peer),
                                           answer = std::move(answer)](bool stopped) mutable {
      reactor->Finish(ToGrpc(stopped ? absl::UnavailableError("the service ends") : answer(peer)));
    });
    if (!queued.ok()) reactor->Finish(ToGrpc(queued));
    return reactor;
  }

  template <typename T>
  static absl::Status Put(absl::StatusOr<T> from, T* to) {
    if (!from.ok()) return from.status();
    *to = *std::move(from);
    return absl::OkStatus();
  }

  ServerUnaryReactor* SignIn(CallbackServerContext* context, const v1::SignInRequest* request,
                             v1::TokenResponse* response) override {
    return Run(derivations, context, [this, request, response](const IssuerPeer& peer) {
      absl::Status status = Put(issuer->SignIn(*request, peer), response);
      // gRPC has its own copy of the bytes, and frees that unwiped.
      auto* password = const_cast<v1::SignInRequest*>(request)->mutable_password();
      internal::Cleanse(&(*password)[0], password->size());
      return status;
    });
  }

  ServerUnaryReactor* IssueForService(CallbackServerContext* context,
                                      const v1::IssueForServiceRequest* request,
                                      v1::TokenResponse* response) override {
    return Run(requests, context, [this, request, response](const IssuerPeer& peer) {
      return Put(issuer->IssueForService(*request, peer), response);
    });
  }

  ServerUnaryReactor* Refresh(CallbackServerContext* context, const v1::RefreshRequest* request,
                              v1::TokenResponse* response) override {
    return Run(requests, context, [this, request, response](const IssuerPeer& peer) {
      return Put(issuer->Refresh(*request, peer), response);
    });
  }

  ServerUnaryReactor* Exchange(CallbackServerContext* context, const v1::ExchangeRequest* request,
                               v1::TokenResponse* response) override {
    return Run(requests, context, [this, request, response](const IssuerPeer& peer) {
      return Put(issuer->Exchange(*request, peer), response);
    });
  }

  ServerUnaryReactor* Revoke(CallbackServerContext* context, const v1::RevokeRequest* request,
                             v1::RevokeResponse*) override {
    return Run(requests, context,
               [this, request](const IssuerPeer& peer) { return issuer->Revoke(*request, peer); });
  }

  ServerUnaryReactor* Introspect(CallbackServerContext* context,
                                 const v1::IntrospectRequest* request,
                                 v1::IntrospectResponse* response) override {
    return Run(requests, context, [this, request, response](const IssuerPeer&) {
      return Put(issuer->Introspect(*request), response);
    });
  }

  ServerUnaryReactor* GetKeys(CallbackServerContext* context, const v1::GetKeysRequest*,
                              v1::GetKeysResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(Put(issuer->Jwks(), response->mutable_jwks())));
    return reactor;
  }

  grpc::ServerWriteReactor<v1::RevocationUpdate>* WatchRevocations(
      CallbackServerContext* context, const v1::WatchRevocationsRequest*) override {
    return internal::WatchRevocations(internal::IssuerPeerOf(*context).has_value() ? &watches
                                                                                   : nullptr);
  }

  const std::shared_ptr<TokenIssuer> issuer;
  internal::RevocationWatches watches;
  internal::WorkQueue requests;
  internal::WorkQueue derivations;
};

absl::StatusOr<std::unique_ptr<TokenService>> TokenService::Create(TokenServiceOptions options) {
  if (options.issuer == nullptr) return absl::InvalidArgumentError("issuer: required");
  if (options.threads < 1 || options.threads > 256) {
    return absl::InvalidArgumentError("threads: must be 1 to 256");
  }
  if (options.max_waiting < 1 || options.max_watchers < 1) {
    return absl::InvalidArgumentError("max_waiting, max_watchers: must be at least 1");
  }
  return std::unique_ptr<TokenService>(new TokenService(std::make_unique<State>(options)));
}

TokenService::TokenService(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenService::~TokenService() = default;

void TokenService::EndWatches() { state_->watches.is_ending = true; }

grpc::Service* TokenService::service() { return state_.get(); }

void TokenService::AddTo(ServerAuthOptions* options) const {
  const std::string iss = absl::CEscape(state_->issuer->issuer());
  absl::StrAppend(&options->config_text, "\nissuers { name: \"self\" issuer: \"", iss,
                  "\" audiences: \"", iss, "\" revocations {}");
  for (const absl::string_view algorithm :
       {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}) {
    absl::StrAppend(&options->config_text, " algorithms: ", algorithm);
  }
  absl::StrAppend(&options->config_text, " }\n");
  options->key_sources["self"] = state_->issuer->keys();
  options->revocation_sources["self"] = state_->issuer->revocations();
}

}  // namespace lanyard
