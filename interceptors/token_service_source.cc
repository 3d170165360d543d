// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/token_service_source.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <mutex>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/tls_reloader.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/internal/worker_threads.h"
#include "lanyard/sdk/tokens/client_assertion.h"
#include "lanyard/v1/token_service.grpc.pb.h"

namespace lanyard {
namespace {

constexpr int kThreads = 4;
constexpr size_t kShownBytes = 256;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("TokenServiceSourceOptions.", what));
}

class ServiceTokens final : public TokenSource {
 public:
  ServiceTokens(TokenServiceSourceOptions options, std::shared_ptr<internal::TlsReloader> tls)
      : options_(std::move(options)),
        tls_(std::move(tls)),
        stub_(v1::TokenService::NewStub(
            grpc::CreateChannel(options_.target, tls_->ChannelCredentials()))),
        workers_(std::make_unique<internal::WorkerThreads>(kThreads)) {}

  ~ServiceTokens() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_ending_ = true;
      for (grpc::ClientContext* context : calls_) context->TryCancel();
    }
    workers_.reset();
  }

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    workers_->Run([this, request, done = std::move(done)](const std::atomic<bool>& stop) {
      done(stop ? absl::UnavailableError("the token source ends") : Ask(request));
    });
  }

 private:
  absl::StatusOr<BearerToken> Ask(const TokenRequest& request) {
    v1::ClientProof proof;
    proof.set_client_id(options_.client_id);
    if (!options_.private_key_file.empty()) {
      auto assertion = internal::ClientAssertion(
          {options_.private_key_file, options_.private_key_algorithm, options_.private_key_id},
          options_.client_id, options_.issuer, options_.clock->Now());
      if (!assertion.ok()) return assertion.status();
      proof.set_assertion(*std::move(assertion));
    }
    const absl::Time asked_at = options_.clock->Now();
    v1::TokenResponse response;
    grpc::Status status;
    if (request.subject_token == nullptr) {
      v1::IssueForServiceRequest asked;
      *asked.mutable_client() = std::move(proof);
      asked.set_audience(request.audience);
      for (const std::string& scope : request.scopes) asked.add_scopes(scope);
      status = Call([&](grpc::ClientContext* context) {
        return stub_->IssueForService(context, asked, &response);
      });
    } else {
      v1::ExchangeRequest asked;
      *asked.mutable_client() = std::move(proof);
      asked.set_subject_token(std::string(request.subject_token->text()));
      asked.set_audience(request.audience);
      for (const std::string& scope : request.scopes) asked.add_scopes(scope);
      status = Call(
          [&](grpc::ClientContext* context) { return stub_->Exchange(context, asked, &response); });
      internal::Cleanse(&(*asked.mutable_subject_token())[0], asked.subject_token().size());
    }
    if (!status.ok()) return Refusal(status);
    const internal::Secret token = internal::Secret::Take(*response.mutable_access_token());
    const absl::Duration life = internal::DurationOf(response.expires_in());
    if (!internal::IsBearerToken(token.view()) || life <= absl::ZeroDuration()) {
      return absl::UnauthenticatedError(
          absl::StrCat(options_.target, ": the answer holds no token that can be sent"));
    }
    return BearerToken(token.view(), asked_at + life);
  }

  template <typename Method>
  grpc::Status Call(Method method) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(options_.timeout));
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (is_ending_) return grpc::Status::CANCELLED;
      calls_.insert(&context);
    }
    const grpc::Status status = method(&context);
    std::lock_guard<std::mutex> lock(mutex_);
    calls_.erase(&context);
    return status;
  }

  absl::Status Refusal(const grpc::Status& status) const {
    const std::string text = absl::StrCat(options_.target, ": ",
                                          internal::Printable(status.error_message(), kShownBytes));
    if (status.error_code() == grpc::StatusCode::CANCELLED) return absl::UnavailableError(text);
    const absl::Status refusal(static_cast<absl::StatusCode>(status.error_code()), text);
    return IsTransientTokenFailure(refusal) ? refusal : absl::UnauthenticatedError(text);
  }

  const TokenServiceSourceOptions options_;
  const std::shared_ptr<internal::TlsReloader> tls_;
  const std::unique_ptr<v1::TokenService::Stub> stub_;
  std::mutex mutex_;
  bool is_ending_ = false;                // Guarded by mutex_.
  std::set<grpc::ClientContext*> calls_;  // Guarded by mutex_.
  std::unique_ptr<internal::WorkerThreads> workers_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> TokenServiceSource(TokenServiceSourceOptions options) {
  if (options.target.empty()) return Bad("target: required");
  if (options.client_id.empty()) return Bad("client_id: required");
  if (options.clock == nullptr) return Bad("clock: is null");
  if (options.timeout < absl::Seconds(1) || options.timeout > absl::Minutes(1)) {
    return Bad("timeout: must be 1 s to 1 min");
  }
  if (options.tls.root_certificates.empty()) return Bad("tls.root_certificates: required");
  if (options.tls.certificate_chain.empty() == options.private_key_file.empty()) {
    return Bad("tls.certificate_chain, private_key_file: exactly one says who the client is");
  }
  if (!options.private_key_file.empty() && options.issuer.empty()) {
    return Bad("issuer: required with private_key_file, whose assertions are for it");
  }
  auto tls = internal::TlsReloader::Create(options.tls);
  if (!tls.ok()) return tls.status();
  return std::shared_ptr<TokenSource>(
      std::make_shared<ServiceTokens>(std::move(options), *std::move(tls)));
}

}  // namespace lanyard
