// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/server_plugin.h"

#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_initializer.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/caller_binding.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard::internal {
namespace {

// An address that no server can listen on: the path of a Unix socket has at most 107 bytes. A
// plugin cannot return an error, but a port that cannot be opened makes BuildAndStart() return
// null.
constexpr char kImpossibleAddress[] =
    "unix:/lanyard/does/not/let/this/server/start/for/the/reason/in/the/line/above/and/in/"
    "ServerAuth/start_error/so/this/path/is/too/long";

// Reaches ServerBuilder::ports(), which is there for derived classes.
struct BuilderAccess : grpc::ServerBuilder {
  static auto Ports() { return &BuilderAccess::ports; }
};

// Stands in the builder's list of interceptors until the plugin replaces it.
class Sentinel final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Sentinel(std::shared_ptr<std::atomic<bool>> intact) : intact_(std::move(intact)) {}
  ~Sentinel() override { *intact_ = false; }
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo*) override {
    return nullptr;
  }

 private:
  const std::shared_ptr<std::atomic<bool>> intact_;
};

class Plugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit Plugin(std::shared_ptr<BuilderSetup> setup) : setup_(std::move(setup)) {}

  std::string name() override { return "lanyard"; }

  void UpdateServerBuilder(grpc::ServerBuilder* builder) override {
    if (!*setup_->interceptors_intact) {
      setup_->error->Set(absl::FailedPreconditionError(
          "somebody called SetInterceptorCreators() on the builder, or added another ServerAuth to "
          "it, after ServerAuth::AddListeningPort(): that would drop Lanyard's interceptor. Use "
          "one ServerAuth a server, and ServerAuth::SetInterceptorCreators()"));
    }
    for (const auto& port : (builder->*BuilderAccess::Ports())()) {
      if (std::find(setup_->credentials.begin(), setup_->credentials.end(), port.creds) ==
          setup_->credentials.end()) {
        setup_->error->Set(absl::FailedPreconditionError(
            absl::StrCat("port ", port.addr,
                         " does not have Lanyard's gate: its calls would be checked by "
                         "nobody. Add it with ServerAuth::AddListeningPort()")));
      }
    }
    InterceptorFactories all = std::move(setup_->user_interceptors);
    // On receive the last one runs first: the token is gone before the user's interceptors look.
    all.push_back(std::make_unique<CallerBindingFactory>(setup_->state));
    builder->experimental().SetInterceptorCreators(std::move(all));
    builder_ = builder;
    StopOnError();
  }

  // The services are registered, and no port is open yet.
  void InitServer(grpc::ServerInitializer* initializer) override {
    if (setup_->error->Get().ok()) {
      setup_->error->Set(setup_->state->AddServices(*initializer->GetServiceList()));
      setup_->error->Set(setup_->state->SetAllServices());
      StopOnError();
    }
    PublishServices(initializer);
  }

  // The server runs by now, and has its own services too.
  void Finish(grpc::ServerInitializer* initializer) override { PublishServices(initializer); }

  void ChangeArguments(const std::string&, void*) override {}

 private:
  void PublishServices(grpc::ServerInitializer* initializer) {
    const std::vector<std::string>& names = *initializer->GetServiceList();
    const auto services = std::make_shared<const ServiceNames>(names.begin(), names.end());
    for (const auto& port : setup_->ports) std::atomic_store(&port->services, services);
  }

  // For hooks that run before the builder opens its ports.
  void StopOnError() {
    const absl::Status status = setup_->error->Get();
    if (status.ok()) return;
    LogLine(absl::StrCat("the server does not start: ", status.message()));
    builder_->AddListeningPort(kImpossibleAddress, grpc::InsecureServerCredentials());
  }

  const std::shared_ptr<BuilderSetup> setup_;
  grpc::ServerBuilder* builder_ = nullptr;  // The one that runs us.
};

class Option final : public grpc::ServerBuilderOption {
 public:
  explicit Option(std::shared_ptr<BuilderSetup> setup) : setup_(std::move(setup)) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<Plugin>(setup_));
  }

 private:
  const std::shared_ptr<BuilderSetup> setup_;
};

}  // namespace

void BuilderSetup::Error::Set(absl::Status first) {
  std::lock_guard<std::mutex> lock(mutex);
  if (status.ok()) status = std::move(first);
}

absl::Status BuilderSetup::Error::Get() {
  std::lock_guard<std::mutex> lock(mutex);
  return status;
}

void InstallPlugin(grpc::ServerBuilder& builder, std::shared_ptr<BuilderSetup> setup) {
  builder.SetOption(std::make_unique<Option>(std::move(setup)));
}

void InstallSentinel(grpc::ServerBuilder& builder, BuilderSetup& setup) {
  setup.interceptors_intact = std::make_shared<std::atomic<bool>>(true);
  InterceptorFactories sentinel;
  sentinel.push_back(std::make_unique<Sentinel>(setup.interceptors_intact));
  builder.experimental().SetInterceptorCreators(std::move(sentinel));
}

}  // namespace lanyard::internal
