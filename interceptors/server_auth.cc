// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/server_auth.h"

#include <grpc/grpc.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <typeinfo>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/interceptors/internal/auth_gate.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/caller_binding.h"
#include "lanyard/interceptors/internal/config_watcher.h"
#include "lanyard/interceptors/internal/plaintext_credentials.h"
#include "lanyard/interceptors/internal/server_description.h"
#include "lanyard/interceptors/internal/server_metrics.h"
#include "lanyard/interceptors/internal/server_plugin.h"
#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/interceptors/internal/tls_reloader.h"
#include "lanyard/interceptors/internal/trace_warning.h"
#include "lanyard/sdk/internal/descriptor_files.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard {
namespace {

// Headers beside the token: gRPC's own default limit for all of them.
constexpr uint32_t kOtherHeaderBytes = 8 * 1024;

constexpr size_t kMinTableBytes = 64 * 1024;

constexpr absl::Duration kLongestLegacy = absl::Hours(24 * 90);

// 2026-01-01: a clock before this has not been set.
constexpr absl::Time kEarliestNow = absl::FromUnixSeconds(1767225600);

// A key that serves TLS should sign nothing else: what one protocol can be made to sign, the other
// might take for its own.
void WarnOfSharedKey(const TlsFiles& tls, const internal::AuthSnapshot& snapshot) {
  const auto chain = internal::ReadFile(tls.certificate_chain, 1 << 20);
  if (!chain.ok()) return;
  const auto certified = Key::FromPem(chain->view());
  if (!certified.ok()) return;
  for (const auto& [name, made] : snapshot.keys) {
    const auto keys = made.source->Current();
    if (keys == nullptr) continue;
    for (const Key& key : keys->keys()) {
      if (!key.is_hmac() && key.SameKeyAs(*certified)) {
        internal::LogLine(absl::StrCat("WARNING: the key of ", tls.certificate_chain,
                                       " also signs tokens; give TLS a key of its own"));
      }
    }
  }
}

// A header that a client or a proxy can set, and gRPC hands on as it is.
absl::Status CheckTokenHeader(const std::string& name) {
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
  const bool is_taken = absl::StartsWith(name, "grpc-") || absl::EndsWith(name, "-bin") ||
                        name == "te" || name == "host" || name == "content-type" ||
                        name == "user-agent" || name == internal::kForwardedClientCert;
  if (is_name && !is_taken) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("PortOptions.token_header: \"", internal::Printable(name, 64),
                   "\" is not the name of a header for tokens, in lower case"));
}

}  // namespace

struct ServerAuth::Impl {
  std::shared_ptr<internal::ServerState> state;
  std::unique_ptr<internal::ConfigWatcher> watcher;  // Null without files.
  absl::Duration config_failure_deadline;
  TlsFiles tls_files;
  std::shared_ptr<internal::TlsReloader> tls;  // Null without them.
  std::vector<std::string> services;           // As in ServerAuthOptions.
  bool verifies_certificates = false;          // TLS asks clients for certificates and checks them.

  std::mutex mutex;
  // By builder, as long as it may be building. Guarded by mutex.
  std::map<grpc::ServerBuilder*, std::weak_ptr<internal::BuilderSetup>> setups;
  // Of the newest builder. Guarded by mutex.
  std::shared_ptr<internal::BuilderSetup::Error> error;
  // All that there ever were. Guarded by mutex.
  std::vector<std::shared_ptr<const internal::PortInfo>> ports;

  std::shared_ptr<internal::BuilderSetup> SetupOf(grpc::ServerBuilder& builder) {
    std::lock_guard<std::mutex> lock(mutex);
    std::shared_ptr<internal::BuilderSetup> setup = setups[&builder].lock();
    if (setup != nullptr) return setup;
    setup = std::make_shared<internal::BuilderSetup>();
    setup->state = state;
    setups[&builder] = setup;
    error = setup->error;
    internal::InstallSentinel(builder, *setup);
    internal::InstallPlugin(builder, setup);
    RaiseMetadataLimit(builder);
    return setup;
  }

  void RaiseMetadataLimit(grpc::ServerBuilder& builder) {
    const uint32_t max_token_bytes = internal::MaxTokenBytes(state->snapshot()->config.config);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                               static_cast<int>(max_token_bytes + kOtherHeaderBytes));
  }

  // One of our own ports; null, with an error in `setup`, for options that are not good.
  std::shared_ptr<internal::PortInfo> NewPort(internal::BuilderSetup& setup,
                                              const std::string& address,
                                              const PortOptions& options) {
    if (absl::Status status = CheckTokenHeader(options.token_header); !status.ok()) {
      setup.error->Set(
          absl::InvalidArgumentError(absl::StrCat("port ", address, ": ", status.message())));
      return nullptr;
    }
    state->AddTokenHeader(options.token_header);
    auto port = std::make_shared<internal::PortInfo>();
    port->address = address;
    port->token_header = options.token_header;
    setup.ports.push_back(port);
    return port;
  }

  // Whether the config's rules name what there is, as far as ServerAuthOptions.services tells.
  absl::Status CheckServices() {
    return services.empty() ? state->SetServicesUnknown() : state->SetAllServices();
  }

  std::shared_ptr<grpc::AuthMetadataProcessor> Gate(
      std::shared_ptr<const internal::PortInfo> port) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      ports.push_back(port);
    }
    // The processor is owned by the credentials; through it they own the TLS files' reloader.
    return std::shared_ptr<grpc::AuthMetadataProcessor>(
        new internal::AuthGate(state, std::move(port)),
        [tls = tls](grpc::AuthMetadataProcessor* gate) { delete gate; });
  }

  void InstallGate(grpc::ServerCredentials& credentials,
                   std::shared_ptr<const internal::PortInfo> port) {
    credentials.SetAuthMetadataProcessor(Gate(std::move(port)));
  }

  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TlsCredentials(
      std::shared_ptr<internal::PortInfo> port, bool clients_may_lack_certificates = false) {
    if (tls == nullptr) {
      return absl::FailedPreconditionError(
          "ServerAuthOptions.tls: certificate_chain and private_key are required for this port");
    }
    std::shared_ptr<grpc::ServerCredentials> credentials =
        tls->ServerCredentials(clients_may_lack_certificates);
    if (credentials == nullptr) return absl::InternalError("gRPC refused the TLS options");
    port->verifies_certificates = verifies_certificates;
    InstallGate(*credentials, std::move(port));
    return credentials;
  }

  void AddPort(grpc::ServerBuilder& builder, const std::string& address,
               absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials,
               internal::BuilderSetup& setup, int* selected_port) {
    if (!credentials.ok()) {
      setup.error->Set(
          absl::Status(credentials.status().code(),
                       absl::StrCat("port ", address, ": ", credentials.status().message())));
      return;
    }
    setup.credentials.push_back(*credentials);
    builder.AddListeningPort(address, *std::move(credentials), selected_port);
  }
};

absl::StatusOr<std::unique_ptr<ServerAuth>> ServerAuth::Create(ServerAuthOptions options) {
  if (options.clock == nullptr)
    return absl::InvalidArgumentError("ServerAuthOptions.clock is null");
  if (options.cache_bytes < kMinTableBytes || options.admission_bytes < kMinTableBytes ||
      options.one_time_token_bytes < kMinTableBytes) {
    return absl::InvalidArgumentError(
        "ServerAuthOptions.cache_bytes, .admission_bytes and .one_time_token_bytes must be at "
        "least "
        "64 KiB");
  }
  if (options.bad_signatures_per_second < 1 || options.bad_signatures_per_second > 1'000'000) {
    return absl::InvalidArgumentError(
        "ServerAuthOptions.bad_signatures_per_second must be 1 to 1000000");
  }
  if (options.config_files.empty() && options.config_text.empty()) {
    return absl::InvalidArgumentError(
        "ServerAuthOptions.config_files: required, or config_text: nobody would be trusted");
  }
  auto descriptors = internal::DescriptorFiles::Read(options.descriptor_set_files);
  if (!descriptors.ok()) return descriptors.status();
  for (const std::string& service : options.services) {
    if ((*descriptors)->Find(service) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "ServerAuthOptions.services: neither this program nor descriptor_set_files has a service "
          "\"",
          service, "\"; write the full name, \"package.Service\""));
    }
  }
  internal::ServerSettings settings;
  settings.sources.config_files = std::move(options.config_files);
  settings.sources.config_text = std::move(options.config_text);
  settings.sources.shadow_config_files = std::move(options.shadow_config_files);
  settings.sources.given_keys = std::move(options.key_sources);
  settings.sources.given_revocations = std::move(options.revocation_sources);
  settings.sources.https = std::move(options.https);
  settings.sources.clock = std::move(options.clock);
  settings.sources.cache_bytes = options.cache_bytes;
  settings.descriptors = *std::move(descriptors);
  settings.audit = std::move(options.audit_sink);
  settings.existing_processor = std::move(options.existing_processor);
  settings.extra_check = std::move(options.extra_check);
  settings.keep_bearer_in_metadata = options.keep_bearer_in_metadata;
  settings.keep_callers_tokens = options.keep_callers_tokens;
  settings.admission_bytes = options.admission_bytes;
  settings.one_time_token_bytes = options.one_time_token_bytes;
  settings.bad_signatures_per_second = options.bad_signatures_per_second;
  // Before they are read, so that no change is missed.
  std::vector<std::string> files = settings.sources.config_files;
  files.insert(files.end(), settings.sources.shadow_config_files.begin(),
               settings.sources.shadow_config_files.end());
  std::string contents = internal::ConfigWatcher::ContentsOf(files);
  auto state = internal::ServerState::Create(std::move(settings), options.services);
  if (!state.ok()) return state.status();
  internal::WarnOfTracing();
  auto impl = std::make_unique<Impl>();
  impl->state = *std::move(state);
  impl->services = std::move(options.services);
  impl->config_failure_deadline = options.config_failure_deadline;
  if (!files.empty()) {
    internal::WatchedConfig watched{"the config", std::move(files), {}, {}, {}};
    watched.each_look = [state = impl->state] { state->DropRetired(); };
    // A mistake shows at once; what rules changes only when the files are still.
    watched.at_once = [state = impl->state] { state->CheckConfig(); };
    watched.when_still = [state = impl->state] { return state->Reload(); };
    impl->watcher =
        std::make_unique<internal::ConfigWatcher>(std::move(watched), std::move(contents));
  }
  if (!options.tls.certificate_chain.empty() || !options.tls.private_key.empty()) {
    auto tls = internal::TlsReloader::Create(options.tls);
    if (!tls.ok()) return tls.status();
    impl->tls_files = options.tls;
    impl->tls = *std::move(tls);
    impl->verifies_certificates = !options.tls.root_certificates.empty();
    WarnOfSharedKey(options.tls, *impl->state->snapshot());
    if (!impl->verifies_certificates && !impl->state->snapshot()->trusted_proxies.empty()) {
      internal::LogLine(
          "WARNING: trusted_proxies counts for nobody over TLS: without tls.root_certificates no "
          "client's certificate is checked");
    }
  } else if (!options.tls.root_certificates.empty()) {
    return absl::InvalidArgumentError(
        "ServerAuthOptions.tls: root_certificates without certificate_chain and private_key");
  }
  return std::unique_ptr<ServerAuth>(new ServerAuth(std::move(impl)));
}

ServerAuth::ServerAuth(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerAuth::~ServerAuth() = default;

void ServerAuth::AddListeningPort(grpc::ServerBuilder& builder, const std::string& address,
                                  int* selected_port) {
  AddListeningPort(builder, address, PortOptions(), selected_port);
}

void ServerAuth::AddListeningPort(grpc::ServerBuilder& builder, const std::string& address,
                                  const PortOptions& options, int* selected_port) {
  const auto setup = impl_->SetupOf(builder);
  const auto port = impl_->NewPort(*setup, address, options);
  if (port == nullptr) return;
  if (absl::StartsWith(address, "unix:") || absl::StartsWith(address, "unix-abstract:")) {
    auto credentials = grpc::experimental::LocalServerCredentials(UDS);
    port->local_is_unix = true;
    impl_->InstallGate(*credentials, port);
    impl_->AddPort(builder, address, std::move(credentials), *setup, selected_port);
    return;
  }
  impl_->AddPort(builder, address,
                 impl_->TlsCredentials(port, options.clients_may_lack_certificates), *setup,
                 selected_port);
}

void ServerAuth::AddTrustedLoopbackPort(grpc::ServerBuilder& builder, const std::string& address,
                                        int* selected_port) {
  AddTrustedLoopbackPort(builder, address, PortOptions(), selected_port);
}

void ServerAuth::AddTrustedLoopbackPort(grpc::ServerBuilder& builder, const std::string& address,
                                        const PortOptions& options, int* selected_port) {
  const auto setup = impl_->SetupOf(builder);
  if (!impl_->state->snapshot()->config.config.loopback_is_trusted()) {
    setup->error->Set(absl::FailedPreconditionError(absl::StrCat(
        "port ", address, ": a port without TLS needs loopback_is_trusted: true in the config")));
    return;
  }
  const auto port = impl_->NewPort(*setup, address, options);
  if (port == nullptr) return;
  auto credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  impl_->InstallGate(*credentials, port);
  impl_->AddPort(builder, address, std::move(credentials), *setup, selected_port);
}

void ServerAuth::AddUnprotectedLegacyPort(grpc::ServerBuilder& builder, const std::string& address,
                                          absl::Time until, int* selected_port) {
  const auto setup = impl_->SetupOf(builder);
  if (until - impl_->state->clock->Now() > kLongestLegacy) {
    setup->error->Set(absl::InvalidArgumentError(absl::StrCat(
        "port ", address, ": an unprotected legacy port may live for at most 90 days")));
    return;
  }
  const auto port = impl_->NewPort(*setup, address, PortOptions());
  port->legacy_until = until;
  internal::LogLine(absl::StrCat("WARNING: port ", address, " is unprotected until ",
                                 absl::FormatTime(absl::RFC3339_sec, until, absl::UTCTimeZone())));
  impl_->AddPort(builder, address, internal::PlaintextCredentials(impl_->Gate(port)), *setup,
                 selected_port);
}

void ServerAuth::SetInterceptorCreators(
    grpc::ServerBuilder& builder,
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators) {
  impl_->SetupOf(builder)->user_interceptors = std::move(creators);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerAuth::Credentials() {
  if (absl::Status status = impl_->CheckServices(); !status.ok()) return status;
  return impl_->TlsCredentials(std::make_shared<internal::PortInfo>());
}

absl::Status ServerAuth::InstallOn(grpc::ServerCredentials& credentials) {
  // gRPC aborts the process when a processor is set on insecure credentials.
  const std::string type = typeid(credentials).name();
  if (absl::StrContains(type, "Insecure")) {
    return absl::InvalidArgumentError(
        "insecure credentials cannot have a gate: tokens would cross the network in clear. Use "
        "TLS, "
        "or LocalServerCredentials on a Unix socket");
  }
  if (absl::Status status = impl_->CheckServices(); !status.ok()) return status;
  impl_->InstallGate(credentials, std::make_shared<internal::PortInfo>());
  return absl::OkStatus();
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
ServerAuth::InterceptorFactory() {
  return std::make_unique<internal::CallerBindingFactory>(impl_->state);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerAuth::GateOnlyCredentials() {
  if (absl::Status status = impl_->CheckServices(); !status.ok()) return status;
  const auto port = std::make_shared<internal::PortInfo>();
  port->has_binding = false;
  return impl_->TlsCredentials(std::move(port));
}

absl::StatusOr<Identity> ServerAuth::Identify(const grpc::ServerContextBase& context) const {
  const internal::CallMetadata& metadata = context.client_metadata();
  const auto range = metadata.equal_range(internal::kAuthorization);
  if (range.first == range.second) {
    // Behind a binding the token is gone, and the identity is there.
    return CallerOf(context);
  }
  if (std::next(range.first) != range.second) {
    return AuthFailureStatus(AuthFailure::kMalformedToken, "more than one authorization");
  }
  const auto token = internal::BearerOf(internal::View(range.first->second));
  if (!token.has_value()) {
    return AuthFailureStatus(AuthFailure::kMalformedToken,
                             "the authorization is not \"Bearer\" and one token");
  }
  // The gate has counted this token already, and mostly left its verdict in the cache.
  struct Connection final : TokenConnection {
    explicit Connection(std::shared_ptr<const grpc::AuthContext> of) : context(std::move(of)) {}
    std::string CertificateSha256() override { return internal::CertificateSha256Of(*context); }
    const std::shared_ptr<const grpc::AuthContext> context;
  } connection(context.auth_context());
  return impl_->state->snapshot()->verifier->Verify(*token, connection);
}

void ServerAuth::RaiseMetadataLimit(grpc::ServerBuilder& builder) {
  impl_->RaiseMetadataLimit(builder);
}

std::map<std::string, KeySourceStatus> ServerAuth::Keys() const {
  std::map<std::string, KeySourceStatus> keys;
  const auto snapshot = impl_->state->snapshot();
  for (const auto& [name, made] : snapshot->keys) keys.emplace(name, made.source->Status());
  return keys;
}

std::map<std::string, RevocationSourceStatus> ServerAuth::Revocations() const {
  std::map<std::string, RevocationSourceStatus> revocations;
  const auto snapshot = impl_->state->snapshot();
  for (const auto& [name, made] : snapshot->revocations) {
    revocations.emplace(name, made.source->Status());
  }
  return revocations;
}

absl::Status ServerAuth::Ready() const {
  std::vector<std::string> wrong;
  if (impl_->state->clock->Now() < kEarliestNow) {
    wrong.push_back("the wall clock stands before this release of Lanyard: set it");
  }
  const auto snapshot = impl_->state->snapshot();
  for (const auto& [name, made] : snapshot->keys) {
    const absl::Status health = snapshot->Health(name);
    if (!health.ok()) wrong.push_back(absl::StrCat("issuer ", name, ": ", health.message()));
  }
  const ConfigStatus config = impl_->state->status();
  if (impl_->state->clock->Now() - config.failing_since > impl_->config_failure_deadline) {
    wrong.push_back(absl::StrCat("the config is not good: ", config.last_error));
  }
  return wrong.empty() ? absl::OkStatus() : absl::UnavailableError(absl::StrJoin(wrong, "; "));
}

absl::Status ServerAuth::Reload() {
  absl::Status status = impl_->state->Reload();
  impl_->state->DropRetired();
  return status;
}

ConfigStatus ServerAuth::Config() const { return impl_->state->status(); }

std::vector<MethodStatus> ServerAuth::Methods() const { return impl_->state->Methods(); }

Description ServerAuth::Describe() const {
  internal::ServerFacts facts;
  facts.ready = Ready();
  facts.tls_files = impl_->tls_files;
  facts.tls = impl_->tls.get();
  {
    std::lock_guard<std::mutex> lock(impl_->mutex);
    facts.ports.assign(impl_->ports.begin(), impl_->ports.end());
  }
  return internal::DescribeServer(*impl_->state, facts);
}

std::vector<Metric> ServerAuth::Metrics() const {
  std::vector<Metric> metrics = internal::MetricsOf(*impl_->state);
  if (impl_->tls != nullptr) {
    metrics.push_back(
        {"lanyard_tls_certificate_expiry_timestamp_seconds",
         "When the server's certificate expires.",
         Metric::Kind::kGauge,
         {},
         {{{}, absl::ToDoubleSeconds(impl_->tls->NotAfter() - absl::UnixEpoch()), {}}}});
  }
  return metrics;
}

absl::Status ServerAuth::start_error() const {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->error == nullptr ? absl::OkStatus() : impl_->error->Get();
}

}  // namespace lanyard
