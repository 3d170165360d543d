// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/workload_api_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "interceptors/internal/workload_api.pb.h"
#include "lanyard/interceptors/internal/message_bytes.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::testing {
namespace {

using internal::BytesOf;

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

std::string Quoted(absl::string_view text) {
  std::string quoted;
  internal::AppendJsonString(text, &quoted);
  return quoted;
}

class BundleReactor;

}  // namespace

struct WorkloadApiState {
  std::string path;

  mutable std::mutex mutex;
  // All below guarded by the mutex.
  std::vector<std::string> identities;
  absl::Duration lifetime = absl::Minutes(5);
  std::vector<TestIssuer> keys = std::vector<TestIssuer>(1);  // Published, in the order of life.
  size_t signing = 0;
  std::map<std::string, std::optional<std::string>> bundles;  // In place of the authority's.
  absl::Status refusal;
  bool hanging = false;
  std::optional<std::vector<WorkloadApiServer::Answer>> answers;
  int svid_requests = 0, bundle_requests = 0;
  std::string last_audience, last_spiffe_id;
  std::set<BundleReactor*> streams;

  std::unique_ptr<grpc::CallbackGenericService> service;
  std::unique_ptr<grpc::Server> server;

  std::string Bundle() const {
    std::string jwks;
    for (const TestIssuer& key : keys) {
      absl::StrAppend(&jwks, jwks.empty() ? "" : ",",
                      absl::StrReplaceAll(*key.key().ToPublicJwk(),
                                          {{"\"use\":\"sig\"", "\"use\":\"jwt-svid\""}}));
    }
    return absl::StrCat("{\"keys\":[", jwks, "]}");
  }
  std::string Sign(absl::string_view spiffe_id, absl::string_view audience) const {
    const int64_t now = absl::ToUnixSeconds(absl::Now());
    return keys[signing]
        .Token()
        .Type("JWT")
        .RawClaims(absl::StrCat("{\"sub\":", Quoted(spiffe_id), ",\"aud\":[", Quoted(audience),
                                "],\"iat\":", now,
                                ",\"exp\":", now + absl::ToInt64Seconds(lifetime), "}"))
        .Sign();
  }
  grpc::ByteBuffer Bundles() const {
    workload_api::JWTBundlesResponse response;
    auto& map = *response.mutable_bundles();
    map[absl::StrCat("spiffe://", WorkloadApiServer::kTrustDomain)] = Bundle();
    for (const auto& [domain, bundle] : bundles) {
      const std::string id = absl::StrCat("spiffe://", domain);
      if (bundle.has_value()) {
        map[id] = *bundle;
      } else {
        map.erase(id);
      }
    }
    return BytesOf(response);
  }
  absl::Status Permitted(const std::string& spiffe_id) const {
    for (const std::string& identity : identities) {
      if (spiffe_id.empty() || identity == spiffe_id) return absl::OkStatus();
    }
    return absl::PermissionDeniedError("no identity issued");
  }
  absl::StatusOr<grpc::ByteBuffer> Svids(const workload_api::JWTSVIDRequest& request) {
    last_audience = request.audience_size() > 0 ? request.audience(0) : "";
    last_spiffe_id = request.spiffe_id();
    if (last_audience.empty()) return absl::InvalidArgumentError("audience must be specified");
    const absl::Status permitted = Permitted(request.spiffe_id());
    if (!permitted.ok()) return permitted;
    workload_api::JWTSVIDResponse response;
    if (answers.has_value()) {
      for (const WorkloadApiServer::Answer& answer : *answers) {
        workload_api::JWTSVID& svid = *response.add_svids();
        svid.set_spiffe_id(answer.spiffe_id);
        svid.set_svid(answer.svid);
      }
      return BytesOf(response);
    }
    for (const std::string& identity : identities) {
      if (!request.spiffe_id().empty() && identity != request.spiffe_id()) continue;
      workload_api::JWTSVID& svid = *response.add_svids();
      svid.set_spiffe_id(identity);
      svid.set_svid(Sign(identity, last_audience));
    }
    return BytesOf(response);
  }

  // Sends what holds now to all streams. Under the mutex, as all below.
  void Push();
};

namespace {

class EndReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EndReactor(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

class HangingReactor final : public grpc::ServerGenericBidiReactor {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

class SvidReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit SvidReactor(std::shared_ptr<WorkloadApiState> state) : state_(std::move(state)) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    workload_api::JWTSVIDRequest request;
    if (!ok || !internal::ParseBytes(&request_, &request)) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "not a JWTSVIDRequest"));
      return;
    }
    absl::StatusOr<grpc::ByteBuffer> response;
    {
      std::lock_guard<std::mutex> lock(state_->mutex);
      response = state_->Svids(request);
    }
    if (response.ok()) {
      response_ = *std::move(response);
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(ToGrpc(response.status()));
    }
  }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<WorkloadApiState> state_;
  grpc::ByteBuffer request_, response_;
};

// All but the constructor's caller hold the state's mutex where they touch `pending_` and what
// follows.
class BundleReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit BundleReactor(std::shared_ptr<WorkloadApiState> state) : state_(std::move(state)) {
    state_->streams.insert(this);
    Send(state_->Bundles());
  }

  // Under the mutex.
  void Send(grpc::ByteBuffer bundles) {
    if (finished_) return;
    if (writing_) {
      pending_ = std::move(bundles);
      return;
    }
    writing_ = true;
    response_ = std::move(bundles);
    StartWrite(&response_);
  }
  void End(const grpc::Status& status) {
    if (!std::exchange(finished_, true)) Finish(status);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    writing_ = false;
    if (!ok || !pending_.has_value()) return;
    Send(*std::exchange(pending_, std::nullopt));
  }
  void OnCancel() override {
    std::lock_guard<std::mutex> lock(state_->mutex);
    End(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    {
      std::lock_guard<std::mutex> lock(state_->mutex);
      state_->streams.erase(this);
    }
    delete this;
  }

 private:
  const std::shared_ptr<WorkloadApiState> state_;
  grpc::ByteBuffer response_;
  std::optional<grpc::ByteBuffer> pending_;
  bool writing_ = false, finished_ = false;
};

class WorkloadApiService final : public grpc::CallbackGenericService {
 public:
  explicit WorkloadApiService(std::weak_ptr<WorkloadApiState> state) : state_(std::move(state)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const std::shared_ptr<WorkloadApiState> state = state_.lock();
    const bool svid = context->method() == "/SpiffeWorkloadAPI/FetchJWTSVID";
    if (!svid && context->method() != "/SpiffeWorkloadAPI/FetchJWTBundles") {
      return new EndReactor(absl::UnimplementedError("unknown method"));
    }
    const auto marks = context->client_metadata().equal_range("workload.spiffe.io");
    if (marks.first == marks.second || marks.first->second != "true") {
      return new EndReactor(absl::InvalidArgumentError("security header missing from request"));
    }
    std::lock_guard<std::mutex> lock(state->mutex);
    ++(svid ? state->svid_requests : state->bundle_requests);
    if (!state->refusal.ok()) return new EndReactor(state->refusal);
    if (state->hanging) return new HangingReactor();
    if (svid) return new SvidReactor(state);
    const absl::Status permitted = state->Permitted("");
    if (!permitted.ok()) return new EndReactor(permitted);
    return new BundleReactor(state);
  }

 private:
  const std::weak_ptr<WorkloadApiState> state_;
};

}  // namespace

void WorkloadApiState::Push() {
  if (hanging) return;
  const absl::Status permitted = refusal.ok() ? Permitted("") : refusal;
  for (BundleReactor* stream : streams) {
    if (permitted.ok()) {
      stream->Send(Bundles());
    } else {
      stream->End(ToGrpc(permitted));
    }
  }
}

WorkloadApiServer::WorkloadApiServer(const std::string& folder)
    : state_(std::make_shared<WorkloadApiState>()) {
  state_->path = absl::StrCat(folder, "/agent.sock");
  Start();
}

WorkloadApiServer::~WorkloadApiServer() { Stop(); }

std::string WorkloadApiServer::endpoint() const { return absl::StrCat("unix://", state_->path); }

void WorkloadApiServer::Start() {
  state_->service = std::make_unique<WorkloadApiService>(state_);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("unix:", state_->path), grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(state_->service.get());
  state_->server = builder.BuildAndStart();
  if (state_->server == nullptr) {
    std::fprintf(stderr, "lanyard::testing: cannot listen on %s\n", state_->path.c_str());
    std::abort();
  }
}

void WorkloadApiServer::Stop() {
  if (state_->server == nullptr) return;
  state_->server->Shutdown(std::chrono::system_clock::now());
  state_->server->Wait();
  state_->server = nullptr;
}

void WorkloadApiServer::SetIdentities(std::vector<std::string> spiffe_ids) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->identities = std::move(spiffe_ids);
  state_->Push();
}

void WorkloadApiServer::SetLifetime(absl::Duration lifetime) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->lifetime = lifetime;
}

std::string WorkloadApiServer::Svid(absl::string_view spiffe_id, absl::string_view audience) const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->Sign(spiffe_id, audience);
}

void WorkloadApiServer::PublishNextKey() {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->keys.emplace_back();
  state_->Push();
}

void WorkloadApiServer::SignWithNextKey() {
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->signing + 1 == state_->keys.size()) state_->keys.emplace_back();
  ++state_->signing;
  state_->Push();
}

void WorkloadApiServer::RetireOldKeys() {
  std::lock_guard<std::mutex> lock(state_->mutex);
  // A key cannot be assigned to.
  std::vector<TestIssuer> left(state_->keys.begin() + state_->signing, state_->keys.end());
  state_->keys.swap(left);
  state_->signing = 0;
  state_->Push();
}

std::string WorkloadApiServer::key_id() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->keys[state_->signing].key().id();
}

std::string WorkloadApiServer::bundle() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->Bundle();
}

void WorkloadApiServer::SetBundle(const std::string& trust_domain, const std::string& jwks) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->bundles[trust_domain] = jwks;
  state_->Push();
}

void WorkloadApiServer::RemoveBundle(const std::string& trust_domain) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->bundles[trust_domain] = std::nullopt;
  state_->Push();
}

void WorkloadApiServer::RefuseWith(const absl::Status& refusal) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->refusal = refusal;
  state_->Push();
}

void WorkloadApiServer::SetHanging(bool hanging) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->hanging = hanging;
  state_->Push();
}

void WorkloadApiServer::AnswerWith(std::vector<Answer> answers) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (answers.empty()) {
    state_->answers.reset();
  } else {
    state_->answers = std::move(answers);
  }
}

void WorkloadApiServer::AnswerWithNothing() {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->answers.emplace();
}

int WorkloadApiServer::svid_requests() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->svid_requests;
}

int WorkloadApiServer::bundle_requests() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->bundle_requests;
}

int WorkloadApiServer::open_streams() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return static_cast<int>(state_->streams.size());
}

std::string WorkloadApiServer::last_audience() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->last_audience;
}

std::string WorkloadApiServer::last_spiffe_id() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->last_spiffe_id;
}

}  // namespace lanyard::testing
