// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/token_exchange_source.h"

#include <utility>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/internal/worker_threads.h"
#include "lanyard/sdk/tokens/caching_token_source.h"
#include "lanyard/sdk/tokens/checked_token_source.h"
#include "lanyard/sdk/tokens/exchanged_token.h"
#include "lanyard/sdk/tokens/token_endpoint.h"

namespace lanyard {
namespace {

constexpr char kGrant[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr size_t kMaxActorBytes = 16 * 1024;
constexpr char kAccessToken[] = "urn:ietf:params:oauth:token-type:access_token";

class TokenExchange final : public TokenSource, public std::enable_shared_from_this<TokenExchange> {
 public:
  TokenExchange(TokenExchangeOptions options,
                std::unique_ptr<const internal::TokenEndpoint> endpoint)
      : options_(std::move(options)), endpoint_(std::move(endpoint)) {
    if (options_.actor_source == nullptr) return;
    CachingTokenSourceOptions caching;
    caching.clock = options_.client.clock;
    // The issuer's own tokens may be opaque to all but itself.
    actors_ = std::make_shared<CachingTokenSource>(
        internal::CheckedTokenSource(options_.actor_source,
                                     {kMaxActorBytes, /*opaque_tokens_are_trusted=*/true}),
        caching);
  }

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    if (request.subject_token == nullptr) {
      return done(absl::UnauthenticatedError(
          "the token source exchanges callers' tokens, and has none for this client itself"));
    }
    if (!request.with_actor) return Exchange(request, nullptr, std::move(done));
    if (actors_ == nullptr) {
      return done(absl::UnauthenticatedError(
          "delegation needs to say who acts: TokenExchangeOptions.actor_source"));
    }
    // Who hears of one token may let this go before the next has heard of it.
    actors_->Get({options_.actor_audience}, TokenUse::kCall,
                 [weak = weak_from_this(), request,
                  done = std::move(done)](absl::StatusOr<CachingTokenSource::TokenPtr> actor) {
                   if (!actor.ok()) return done(actor.status());
                   const auto self = weak.lock();
                   if (self == nullptr) {
                     return done(absl::UnavailableError("the client is shutting down"));
                   }
                   self->Exchange(request, *std::move(actor), done);
                 });
  }

 private:
  void Exchange(const TokenRequest& request, CachingTokenSource::TokenPtr actor,
                TokenCallback done) {
    absl::Status status = internal::CheckSubject(request);
    internal::Form form;
    form.Add("grant_type", kGrant);
    form.Add("subject_token", request.subject_token->text());
    form.Add("subject_token_type", kAccessToken);
    form.Add("requested_token_type", kAccessToken);
    if (actor != nullptr) {
      form.Add("actor_token", actor->text());
      form.Add("actor_token_type", kAccessToken);
    }
    if (status.ok()) status = internal::AddOAuthRequest(options_, request, &form);
    if (!status.ok()) return done(std::move(status));
    workers_.Run([this, request, actors = actors_, actor = std::move(actor), form = std::move(form),
                  done = std::move(done)](const std::atomic<bool>& stop) {
      std::vector<internal::Secret> sent = {internal::Secret(request.subject_token->text())};
      if (actor != nullptr) sent.emplace_back(actor->text());
      auto token = endpoint_->Ask(form, stop, std::move(sent));
      // It may be the actor's token that the issuer does not want any more.
      if (actor != nullptr && absl::IsUnauthenticated(token.status())) {
        actors->Drop({options_.actor_audience}, actor);
      }
      if (token.ok()) {
        absl::Status used_by = request.with_actor
                                   ? internal::CheckActor(token->text(), actor->text())
                                   : internal::CheckClient(token->text(), endpoint_->client_id());
        if (!used_by.ok()) token = std::move(used_by);
      }
      done(std::move(token));
    });
  }

  const TokenExchangeOptions options_;
  const std::unique_ptr<const internal::TokenEndpoint> endpoint_;
  std::shared_ptr<CachingTokenSource> actors_;  // Null without an actor's source.
  internal::WorkerThreads workers_{internal::kTokenEndpointThreads};  // Last: it uses the rest.
};

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> TokenExchangeSource(TokenExchangeOptions options) {
  absl::Status status = internal::CheckOAuthRequest(options, "TokenExchangeOptions");
  if (!status.ok()) return status;
  if ((options.actor_source == nullptr) != options.actor_audience.empty()) {
    return absl::InvalidArgumentError(
        "TokenExchangeOptions.actor_source and .actor_audience: each needs the other");
  }
  auto endpoint = internal::TokenEndpoint::Create(options.client);
  if (!endpoint.ok()) return endpoint.status();
  return std::make_shared<TokenExchange>(std::move(options), *std::move(endpoint));
}

}  // namespace lanyard
