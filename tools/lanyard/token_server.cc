// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "lanyard/interceptors/health_port.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/issuer/discovery_port.h"
#include "lanyard/issuer/token_service.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::tools {
namespace {

constexpr std::chrono::minutes kCleanUpInterval(1);

absl::Status InField(absl::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

// An address with the port that was picked for it.
std::string WithPort(const std::string& address, int port) {
  if (absl::StartsWith(address, "unix:")) return address;
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

// Frees the store; says when that begins to fail, and when it works again.
class CleanUp {
 public:
  explicit CleanUp(std::shared_ptr<TokenIssuer> issuer)
      : issuer_(std::move(issuer)), thread_(kCleanUpInterval, [this] { Run(); }) {}

 private:
  void Run() {
    const absl::Status status = issuer_->RemoveExpired();
    if (status.ok() == is_well_) return;
    is_well_ = status.ok();
    internal::LogLine(status.ok() ? "what has expired is removed from the store again"
                                  : absl::StrCat("what has expired is not removed from the store: ",
                                                 internal::Printable(status.message())));
  }

  const std::shared_ptr<TokenIssuer> issuer_;
  bool is_well_ = true;              // The thread's alone.
  internal::PeriodicThread thread_;  // Last: it uses the rest.
};

}  // namespace

struct TokenServer::State {
  ~State() {
    if (server != nullptr) server->Shutdown(std::chrono::system_clock::now());
  }

  std::shared_ptr<TokenIssuer> issuer;
  std::unique_ptr<TokenService> service;
  std::unique_ptr<ServerAuth> auth;
  std::unique_ptr<grpc::Server> server;  // Must end before what stands above.
  std::unique_ptr<DiscoveryPort> website;
  std::unique_ptr<HealthPort> health;
  std::optional<CleanUp> clean_up;
  std::vector<std::string> addresses;
  std::string website_address, health_address;

  absl::Status StartService(const v1::IssuerConfig& config, std::shared_ptr<AuditSink> audit_sink) {
    TokenServiceOptions service_options;
    service_options.issuer = issuer;
    auto made = TokenService::Create(service_options);
    if (!made.ok()) return InField("sign_in", made.status());
    service = *std::move(made);

    const v1::Serve& serve = config.serve();
    ServerAuthOptions auth_options;
    service->AddTo(&auth_options);
    auth_options.tls.certificate_chain = serve.certificate_chain();
    auth_options.tls.private_key = serve.private_key();
    auth_options.tls.root_certificates = serve.client_roots();
    auth_options.audit_sink = std::move(audit_sink);
    auto created = ServerAuth::Create(auth_options);
    if (!created.ok()) return InField("serve", created.status());
    auth = *std::move(created);
    return Listen(serve);
  }

  absl::Status Listen(const v1::Serve& serve) {
    grpc::ServerBuilder builder;
    // Without this gRPC shares a port with whoever has it already, and both get half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    PortOptions port_options;
    // People have no certificates.
    port_options.clients_may_lack_certificates = !serve.client_roots().empty();
    std::vector<int> ports(static_cast<size_t>(serve.listen_size()));
    for (int i = 0; i < serve.listen_size(); ++i) {
      auth->AddListeningPort(builder, serve.listen(i), port_options,
                             &ports[static_cast<size_t>(i)]);
    }
    builder.RegisterService(service->service());
    server = builder.BuildAndStart();
    if (server == nullptr) {
      if (!auth->start_error().ok()) return InField("serve.listen", auth->start_error());
      for (int i = 0; i < serve.listen_size(); ++i) {
        if (ports[static_cast<size_t>(i)] > 0) continue;
        return absl::UnavailableError(
            absl::StrCat("serve.listen: cannot listen on ", serve.listen(i),
                         "; is it in use, or no address of this machine?"));
      }
      return absl::UnavailableError("serve.listen: gRPC does not start");
    }
    for (int i = 0; i < serve.listen_size(); ++i) {
      addresses.push_back(WithPort(serve.listen(i), ports[static_cast<size_t>(i)]));
    }
    return absl::OkStatus();
  }

  absl::Status StartWebsite(const v1::Serve& serve) {
    if (serve.website_listen().empty()) return absl::OkStatus();
    DiscoveryPortOptions options;
    options.issuer = issuer->issuer();
    options.keys = issuer->keys();
    options.address = serve.website_listen();
    options.certificate_chain = serve.certificate_chain();
    options.private_key = serve.private_key();
    auto created = DiscoveryPort::Create(std::move(options));
    if (!created.ok()) return InField("serve.website_listen", created.status());
    website = *std::move(created);
    website_address = WithPort(serve.website_listen(), website->port());
    return absl::OkStatus();
  }

  absl::Status StartHealth(const v1::Serve& serve) {
    if (serve.health_listen().empty()) return absl::OkStatus();
    int port = 0;
    auto created = HealthPort::Create(serve.health_listen(), &port);
    if (!created.ok()) return InField("serve.health_listen", created.status());
    health = *std::move(created);
    health->ServeWhile([this] { return auth->Ready().ok(); });
    health->SetServing("", true);
    health_address = WithPort(serve.health_listen(), port);
    return absl::OkStatus();
  }
};

absl::StatusOr<std::unique_ptr<TokenServer>> TokenServer::Start(TokenServerOptions options) {
  const v1::IssuerConfig config = options.issuer.config;
  if (!config.has_serve()) return absl::InvalidArgumentError("serve: required");
  auto state = std::make_unique<State>();
  auto issuer = TokenIssuer::Create(std::move(options.issuer));
  if (!issuer.ok()) return issuer.status();
  state->issuer = *std::move(issuer);
  if (absl::Status s = state->StartService(config, std::move(options.audit_sink)); !s.ok()) {
    return s;
  }
  if (absl::Status s = state->StartWebsite(config.serve()); !s.ok()) return s;
  if (absl::Status s = state->StartHealth(config.serve()); !s.ok()) return s;
  state->clean_up.emplace(state->issuer);
  return std::unique_ptr<TokenServer>(new TokenServer(std::move(state)));
}

TokenServer::TokenServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

TokenServer::~TokenServer() = default;

const std::vector<std::string>& TokenServer::addresses() const { return state_->addresses; }
const std::string& TokenServer::website_address() const { return state_->website_address; }
const std::string& TokenServer::health_address() const { return state_->health_address; }

absl::Status TokenServer::Ready() const { return state_->auth->Ready(); }

void TokenServer::Shutdown(absl::Duration grace) {
  if (state_->health != nullptr) state_->health->SetServing("", false);
  state_->service->EndWatches();
  state_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

}  // namespace lanyard::tools
