// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/workload_api.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "interceptors/internal/workload_api.pb.h"
#include "lanyard/interceptors/internal/message_bytes.h"
#include "lanyard/interceptors/internal/workload_endpoint.h"
#include "lanyard/interceptors/internal/workload_keys.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/spiffe_id.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard {
namespace {

using internal::WorkloadEndpoint;
using workload_api::JWTSVID;
using workload_api::JWTSVIDRequest;
using workload_api::JWTSVIDResponse;

constexpr size_t kShownBytes = 256;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", internal::Printable(text, kShownBytes), "\"");
}

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("WorkloadApiOptions.", what));
}

absl::StatusOr<WorkloadEndpoint> EndpointOf(const WorkloadApiOptions& options) {
  if (options.timeout < absl::Seconds(1) || options.timeout > absl::Minutes(1)) {
    return Bad("timeout: must be 1 s to 1 min");
  }
  if (options.clock == nullptr) return Bad("clock: is null");
  return WorkloadEndpoint::Create(options.endpoint, options.plaintext_tcp_is_trusted);
}

// One request and its answer.
class SvidCall {
 public:
  SvidCall(WorkloadEndpoint endpoint, const WorkloadApiOptions& options,
           const TokenRequest& request, TokenCallback done)
      : endpoint_(std::move(endpoint)),
        options_(options),
        audience_(request.audience),
        done_(std::move(done)) {
    WorkloadEndpoint::Mark(&context_);
    context_.set_deadline(std::chrono::system_clock::now() +
                          absl::ToChronoNanoseconds(options_.timeout));
  }

  // The queue brings this object when the call has ended.
  void Start(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue* queue) {
    JWTSVIDRequest request;
    request.add_audience(audience_);
    request.set_spiffe_id(options_.spiffe_id);
    reader_ = grpc::GenericStub(channel).PrepareUnaryCall(
        &context_, "/SpiffeWorkloadAPI/FetchJWTSVID", internal::BytesOf(request), queue);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, this);
  }

  void Cancel() { context_.TryCancel(); }

  // Says what came of it.
  void End() { done_(status_.ok() ? TokenIn(&response_) : NoToken(status_)); }

 private:
  absl::Status NoToken(const grpc::Status& status) const {
    const absl::Status refusal = endpoint_.Refusal(status);
    switch (refusal.code()) {
      // By section 6 of the Workload Endpoint's specification these may be tried again. The agent
      // ends calls as CANCELLED when it goes.
      case absl::StatusCode::kPermissionDenied:
      case absl::StatusCode::kCancelled:
        return absl::UnavailableError(refusal.message());
      default:
        return IsTransientTokenFailure(refusal) ? refusal
                                                : absl::UnauthenticatedError(refusal.message());
    }
  }

  absl::Status Wrong(absl::string_view what) const {
    return absl::UnauthenticatedError(absl::StrCat(endpoint_.uri(), ": the answer ", what));
  }

  absl::StatusOr<BearerToken> TokenIn(grpc::ByteBuffer* bytes) const {
    JWTSVIDResponse response;
    if (!internal::ParseBytes(bytes, &response)) return Wrong("is no JWTSVIDResponse");
    if (response.svids().empty()) return Wrong("holds no JWT-SVID");
    // The first is the default.
    auto svid = response.svids().begin();
    if (!options_.spiffe_id.empty()) {
      svid = std::find_if(response.svids().begin(), response.svids().end(),
                          [this](const auto& it) { return it.spiffe_id() == options_.spiffe_id; });
      if (svid == response.svids().end()) {
        return Wrong(absl::StrCat("holds no JWT-SVID of ", Quoted(options_.spiffe_id), " but of ",
                                  Quoted(response.svids(0).spiffe_id())));
      }
    }
    auto token = Checked(*svid);
    for (JWTSVID& one : *response.mutable_svids()) {
      internal::Cleanse(&(*one.mutable_svid())[0], one.svid().size());
    }
    return token;
  }

  absl::StatusOr<BearerToken> Checked(const JWTSVID& svid) const {
    if (!internal::TrustDomainOf(svid.spiffe_id()).has_value()) {
      return Wrong(
          absl::StrCat("names an identity that is no SPIFFE ID: ", Quoted(svid.spiffe_id())));
    }
    const std::string& token = svid.svid();
    const auto audiences = internal::UnverifiedAudiences(token);
    if (!internal::IsBearerToken(token) || !audiences.has_value()) {
      return Wrong("holds something that is no JWT");
    }
    const auto subject = internal::UnverifiedSubject(token);
    if (subject != svid.spiffe_id()) {
      return Wrong(absl::StrCat("says that its JWT-SVID is of ", Quoted(svid.spiffe_id()),
                                ", but that is ",
                                subject.has_value() ? "of " + Quoted(*subject) : "without sub"));
    }
    if (std::find(audiences->begin(), audiences->end(), audience_) == audiences->end()) {
      return Wrong(absl::StrCat("holds a JWT-SVID for ", internal::PrintableNames(*audiences),
                                " and not for ", Quoted(audience_)));
    }
    const auto expiry = internal::UnverifiedExpiry(token);
    if (!expiry.has_value()) return Wrong("holds a JWT-SVID without exp");
    if (*expiry <= options_.clock->Now()) {
      // A clock that is wrong is put right.
      return absl::UnavailableError(
          absl::StrCat(endpoint_.uri(),
                       ": the answer holds a JWT-SVID that has expired; is the clock of this "
                       "machine right?"));
    }
    return BearerToken(token, *expiry);
  }

  const WorkloadEndpoint endpoint_;
  const WorkloadApiOptions options_;
  const std::string audience_;
  const TokenCallback done_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

// The calls that are under way, and the thread that hears of their ends. A queue of its own and not
// the callback API: gRPC 1.51 frees the queue of that one under its thread's feet where the last
// channel goes with a call that ends.
struct SvidCalls {
  explicit SvidCalls(const WorkloadEndpoint& endpoint) : channel(endpoint.Connect()) {}

  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
      std::unique_ptr<SvidCall> call;
      {
        std::lock_guard<std::mutex> lock(mutex);
        const auto it = calls.find(static_cast<SvidCall*>(tag));
        call = std::move(it->second);
        calls.erase(it);
      }
      call->End();
    }
  }

  const std::shared_ptr<grpc::Channel> channel;
  grpc::CompletionQueue queue;
  std::mutex mutex;
  std::map<SvidCall*, std::unique_ptr<SvidCall>> calls;  // Guarded by the mutex.
};

class WorkloadTokens final : public TokenSource {
 public:
  WorkloadTokens(WorkloadEndpoint endpoint, WorkloadApiOptions options)
      : endpoint_(std::move(endpoint)),
        options_(std::move(options)),
        calls_(std::make_shared<SvidCalls>(endpoint_)),
        // The thread keeps the calls alive until they have ended.
        thread_([calls = calls_] { calls->Run(); }) {}

  ~WorkloadTokens() override {
    {
      std::lock_guard<std::mutex> lock(calls_->mutex);
      for (auto& call : calls_->calls) call.first->Cancel();
      calls_->queue.Shutdown();
    }
    // A thread that waits on a queue runs whatever gRPC has to do, and that may be the end of the
    // channel which this source is for. And whoever is told of a token may let the source go.
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    if (request.subject_token != nullptr) return done(NoExchange());
    if (request.audience.empty()) {
      done(absl::InvalidArgumentError("a token is asked for without an audience"));
      return;
    }
    auto call = std::make_unique<SvidCall>(endpoint_, options_, request, std::move(done));
    SvidCall* const it = call.get();
    {
      std::lock_guard<std::mutex> lock(calls_->mutex);
      calls_->calls[it] = std::move(call);
    }
    it->Start(calls_->channel, &calls_->queue);
  }

 private:
  const WorkloadEndpoint endpoint_;
  const WorkloadApiOptions options_;
  const std::shared_ptr<SvidCalls> calls_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> WorkloadApiTokenSource(WorkloadApiOptions options) {
  auto endpoint = EndpointOf(options);
  if (!endpoint.ok()) return endpoint.status();
  if (!options.spiffe_id.empty() && !internal::TrustDomainOf(options.spiffe_id).has_value()) {
    return Bad(absl::StrCat("spiffe_id: ", Quoted(options.spiffe_id),
                            " is no SPIFFE ID, as \"spiffe://prod.example/checkout\" is"));
  }
  return std::make_shared<WorkloadTokens>(*std::move(endpoint), std::move(options));
}

absl::StatusOr<std::shared_ptr<const KeySource>> WorkloadApiKeySource(
    WorkloadApiOptions options, const std::string& trust_domain,
    std::vector<Algorithm> algorithms) {
  auto endpoint = EndpointOf(options);
  if (!endpoint.ok()) return endpoint.status();
  if (!options.spiffe_id.empty()) {
    return Bad("spiffe_id: is for tokens; the keys are those of a whole trust domain");
  }
  if (!internal::IsTrustDomain(trust_domain)) {
    return absl::InvalidArgumentError(
        absl::StrCat("trust_domain: ", Quoted(trust_domain),
                     " is none, as \"prod.example\" is: a-z 0-9 . _ -, without \"spiffe://\""));
  }
  if (algorithms.empty()) return absl::InvalidArgumentError("algorithms: required");
  if (std::any_of(algorithms.begin(), algorithms.end(), IsHmac)) {
    return absl::InvalidArgumentError("algorithms: a trust domain has no HMAC secrets");
  }
  return internal::WorkloadKeys(*std::move(endpoint), options.timeout, trust_domain,
                                std::move(algorithms), std::move(options.clock));
}

}  // namespace lanyard
