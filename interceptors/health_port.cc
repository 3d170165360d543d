// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/health_port.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "interceptors/internal/health_messages.pb.h"

namespace lanyard {
namespace {

constexpr int kServing = 1;
constexpr int kNotServing = 2;
constexpr int kMaxRequestBytes = 1024;

// What is said of each service. Thread-safe.
class Board {
 public:
  void Set(const std::string& service, bool serving) {
    std::lock_guard<std::mutex> lock(mutex_);
    serving_[service] = serving;
  }
  void SetCondition(std::function<bool()> condition) {
    std::lock_guard<std::mutex> lock(mutex_);
    condition_ = std::move(condition);
  }
  std::optional<int> StatusOf(const std::string& service) const {
    std::function<bool()> condition;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto it = serving_.find(service);
      if (it == serving_.end()) return std::nullopt;
      if (!it->second) return kNotServing;
      condition = condition_;
    }
    return condition == nullptr || condition() ? kServing : kNotServing;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, bool> serving_{{"", false}};  // Guarded by mutex_.
  std::function<bool()> condition_;                   // The same.
};

class CheckReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit CheckReactor(const Board* board) : board_(board) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    internal::HealthRequest request;
    grpc::ProtoBufferReader reader(&request_);
    if (!ok || !request.ParseFromZeroCopyStream(&reader)) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "not a health check request"));
      return;
    }
    const auto status = board_->StatusOf(request.service());
    if (!status.has_value()) {
      Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service"));
      return;
    }
    internal::HealthResponse response;
    response.set_status(*status);
    const grpc::Slice slice(response.SerializeAsString());
    response_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  const Board* const board_;
  grpc::ByteBuffer request_, response_;
};

class UnimplementedReactor final : public grpc::ServerGenericBidiReactor {
 public:
  UnimplementedReactor() {
    Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "this port answers health checks only"));
  }
  void OnDone() override { delete this; }
};

class HealthService final : public grpc::CallbackGenericService {
 public:
  explicit HealthService(const Board* board) : board_(board) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (context->method() == "/grpc.health.v1.Health/Check") return new CheckReactor(board_);
    return new UnimplementedReactor();
  }

 private:
  const Board* const board_;
};

}  // namespace

struct HealthPort::Impl {
  Board board;
  HealthService service{&board};
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<HealthPort>> HealthPort::Create(const std::string& address,
                                                               int* selected_port) {
  auto impl = std::make_unique<Impl>();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), selected_port);
  builder.RegisterCallbackGenericService(&impl->service);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("the health port cannot listen on ", address, "; is the address taken?"));
  }
  return std::unique_ptr<HealthPort>(new HealthPort(std::move(impl)));
}

HealthPort::HealthPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HealthPort::~HealthPort() {
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

void HealthPort::SetServing(const std::string& service, bool serving) {
  impl_->board.Set(service, serving);
}

void HealthPort::ServeWhile(std::function<bool()> condition) {
  impl_->board.SetCondition(std::move(condition));
}

}  // namespace lanyard
