// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/oauth_token_source.h"

#include <utility>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/form.h"
#include "lanyard/sdk/internal/worker_threads.h"
#include "lanyard/sdk/tokens/token_endpoint.h"

namespace lanyard {
namespace {

class ClientCredentials final : public TokenSource {
 public:
  ClientCredentials(ClientCredentialsOptions options,
                    std::unique_ptr<const internal::TokenEndpoint> endpoint)
      : options_(std::move(options)), endpoint_(std::move(endpoint)) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    if (request.subject_token != nullptr) return done(NoExchange());
    internal::Form form;
    form.Add("grant_type", "client_credentials");
    absl::Status status = internal::AddOAuthRequest(options_, request, &form);
    if (!status.ok()) return done(std::move(status));
    workers_.Run([this, form = std::move(form), done = std::move(done)](
                     const std::atomic<bool>& stop) { done(endpoint_->Ask(form, stop)); });
  }

 private:
  const ClientCredentialsOptions options_;
  const std::unique_ptr<const internal::TokenEndpoint> endpoint_;
  internal::WorkerThreads workers_{internal::kTokenEndpointThreads};  // Last: it uses the rest.
};

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> ClientCredentialsTokenSource(
    ClientCredentialsOptions options) {
  absl::Status status = internal::CheckOAuthRequest(options, "ClientCredentialsOptions");
  if (!status.ok()) return status;
  auto endpoint = internal::TokenEndpoint::Create(options.client);
  if (!endpoint.ok()) return endpoint.status();
  return std::make_shared<ClientCredentials>(std::move(options), *std::move(endpoint));
}

}  // namespace lanyard
