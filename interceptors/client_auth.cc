// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/client_auth.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/client_config_table.h"
#include "lanyard/interceptors/internal/client_report.h"
#include "lanyard/interceptors/internal/client_state.h"
#include "lanyard/interceptors/internal/config_watcher.h"
#include "lanyard/interceptors/internal/tls_reloader.h"
#include "lanyard/interceptors/internal/token_attacher.h"
#include "lanyard/interceptors/internal/token_caches.h"
#include "lanyard/interceptors/internal/trace_warning.h"
#include "lanyard/sdk/internal/target_names.h"

namespace lanyard {
namespace {

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("ClientAuthOptions.", what));
}

bool IsSet(const TokenSettings& settings) {
  return !settings.audience.empty() || settings.audience_from_service_url ||
         settings.token_source != nullptr || !settings.scopes.empty() ||
         settings.exchange_source != nullptr || settings.forward_callers_token ||
         !settings.methods.empty();
}

absl::Status ValidateSettings(const TokenSettings& settings, absl::string_view where) {
  if (settings.audience.empty() && !settings.audience_from_service_url) {
    return Bad(absl::StrCat(where, "audience: required, the aud that the server wants to see"));
  }
  if (!settings.audience.empty() && settings.audience_from_service_url) {
    return Bad(absl::StrCat(where, "audience and audience_from_service_url: one of the two"));
  }
  if (settings.token_source == nullptr) {
    return Bad(absl::StrCat(where, "token_source: required"));
  }
  return absl::OkStatus();
}

absl::Status Validate(const ClientAuthOptions& options) {
  if (!options.config_file.empty()) {
    if (!options.targets.empty() || IsSet(options)) {
      return Bad("config_file: all targets stand in it, and nothing of them beside it");
    }
    for (const auto& [name, source] : options.sources) {
      if (source == nullptr) return Bad(absl::StrCat("sources: \"", name, "\" is null"));
    }
  } else if (!options.sources.empty()) {
    return Bad("sources: only for a config_file that names them");
  } else if (options.targets.empty()) {
    if (absl::Status status = ValidateSettings(options, ""); !status.ok()) return status;
  } else if (IsSet(options)) {
    return Bad("targets: what tokens are taken stands in them, and nothing of it beside them");
  }
  for (size_t i = 0; i < options.targets.size(); ++i) {
    absl::Status status = ValidateSettings(options.targets[i], absl::StrCat("targets[", i, "]."));
    if (!status.ok()) return status;
  }
  if (options.max_token_wait <= absl::ZeroDuration() || options.max_token_wait > absl::Minutes(5)) {
    return Bad("max_token_wait must be above 0 and at most 5 minutes");
  }
  if (options.max_token_bytes < 256 || options.max_token_bytes > 65536) {
    return Bad("max_token_bytes must be 256 to 65536");
  }
  if (options.min_stream_token_life.has_value() &&
      (*options.min_stream_token_life < absl::ZeroDuration() ||
       *options.min_stream_token_life > absl::Hours(24))) {
    return Bad("min_stream_token_life must be 0 to 24 hours");
  }
  if (options.clock == nullptr) return Bad("clock is null");
  return absl::OkStatus();
}

// "127.0.0.1:PORT", "[::1]:PORT" or "localhost:PORT".
bool IsLoopback(absl::string_view target) {
  const size_t colon = target.rfind(':');
  if (colon == target.npos) return false;
  const absl::string_view host = target.substr(0, colon);
  return host == "127.0.0.1" || host == "[::1]" || host == "localhost";
}

// docs/guides/keys.md shows the same.
constexpr char kRetryUnavailable[] = R"({"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 5, "initialBackoff": "0.5s", "maxBackoff": "5s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

bool HasServiceConfig(const grpc::ChannelArguments& arguments) {
  const grpc_channel_args all = arguments.c_channel_args();
  return std::any_of(all.args, all.args + all.num_args, [](const grpc_arg& arg) {
    return absl::string_view(arg.key) == GRPC_ARG_SERVICE_CONFIG;
  });
}

absl::Status AddRetries(const ClientAuthOptions& options, grpc::ChannelArguments* arguments) {
  if (!options.retry_unavailable) return absl::OkStatus();
  if (HasServiceConfig(*arguments)) {
    return Bad(
        "retry_unavailable: the channel's arguments have a service config already; put a "
        "retryPolicy there");
  }
  arguments->SetServiceConfigJSON(kRetryUnavailable);
  return absl::OkStatus();
}

}  // namespace

struct ClientAuth::Impl {
  ClientAuthOptions options;
  internal::ClientSettings settings;
  std::shared_ptr<internal::ClientConfigTable> config;  // Null without a file.
  std::mutex mutex;
  std::weak_ptr<internal::TlsReloader> tls;  // Of the last channel. Guarded by mutex.

  // For a new channel, which begins with the files as they are now. Channels that find the same
  // share what watches them.
  absl::StatusOr<std::shared_ptr<internal::TlsReloader>> Tls() {
    std::lock_guard<std::mutex> lock(mutex);
    if (const auto shared = tls.lock(); shared != nullptr) {
      if (absl::Status status = shared->Reload(); !status.ok()) return status;
      if (!shared->HasChanged()) return shared;
    }
    auto fresh = internal::TlsReloader::Create(options.tls);
    if (fresh.ok()) tls = *fresh;
    return fresh;
  }

  // An error if `target` is none of the targets.
  absl::Status Knows(const std::string& target) const {
    const auto table = settings.table->Get();
    return table->Find(target) == nullptr ? table->NoTarget(target) : absl::OkStatus();
  }

  std::shared_ptr<internal::ClientState> MakeState(const std::string& target,
                                                   internal::LocalTransport local) const {
    return std::make_shared<internal::ClientState>(settings, target, internal::AuthorityOf(target),
                                                   local);
  }

  internal::LocalTransport LocalElsewhere() const {
    return options.loopback_is_trusted ? internal::LocalTransport::kLoopbackIsTrusted
                                       : internal::LocalTransport::kRefused;
  }

  std::unique_ptr<internal::ConfigWatcher> watcher;  // Last: it uses the rest.
};

absl::StatusOr<std::unique_ptr<ClientAuth>> ClientAuth::Create(ClientAuthOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  internal::WarnOfTracing();
  auto impl = std::make_unique<Impl>();
  internal::ClientSettings& settings = impl->settings;
  settings.max_token_wait = options.max_token_wait;
  settings.authenticate_open_methods = options.authenticate_open_methods;
  settings.checks = {options.max_token_bytes, options.opaque_tokens_are_trusted};
  settings.clock = options.clock;
  CachingTokenSourceOptions caching;
  caching.min_stream_token_life = options.min_stream_token_life;
  caching.clock = options.clock;
  internal::TokenCaches caches(settings.checks, caching);
  // Before it is read, so that no change is missed.
  std::string contents = internal::ConfigWatcher::ContentsOf({options.config_file});
  settings.table = std::make_shared<internal::CurrentTokenTable>(nullptr);
  if (!options.config_file.empty()) {
    impl->config = std::make_shared<internal::ClientConfigTable>(
        options.config_file, options.sources,
        internal::ConfiguredSources(options.sources, options.https, options.clock),
        std::move(caches));
    absl::Status status = impl->config->ReadInto(settings.table.get());
    if (!status.ok()) return status;
  } else {
    std::vector<TokenTarget> targets = options.targets;
    if (targets.empty()) targets.push_back({options, {"*"}});
    auto table = caches.MakeTable(targets);
    if (!table.ok()) return Bad(absl::StrCat("targets: ", table.status().message()));
    settings.table->Set(*std::move(table));
  }
  if (impl->config != nullptr) {
    internal::WatchedConfig watched{"the client's config", {options.config_file}, {}, {}, {}};
    watched.each_look = [config = impl->config] { config->DropRetired(); };
    watched.when_still = [config = impl->config, current = settings.table] {
      return config->ReadInto(current.get());
    };
    impl->watcher =
        std::make_unique<internal::ConfigWatcher>(std::move(watched), std::move(contents));
  }
  impl->options = std::move(options);
  return std::unique_ptr<ClientAuth>(new ClientAuth(std::move(impl)));
}

ClientAuth::ClientAuth(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientAuth::~ClientAuth() = default;

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
ClientAuth::InterceptorFactory(const std::string& target) const {
  return std::make_unique<internal::TokenAttacherFactory>(
      impl_->MakeState(target, impl_->LocalElsewhere()));
}

std::shared_ptr<grpc::CallCredentials> ClientAuth::CallCredentials(TokenOverride wanted) const {
  internal::PlainCredentials plain;
  plain.table = impl_->settings.table;
  plain.audience = wanted.audience;
  plain.scopes = wanted.scopes;
  plain.local = impl_->LocalElsewhere();
  plain.authenticate_open_methods = impl_->options.authenticate_open_methods;
  plain.failures = impl_->settings.failures;
  internal::CallWish wish;
  wish.of = impl_->settings.table;
  wish.audience = std::move(wanted.audience);
  wish.scopes = std::move(wanted.scopes);
  return internal::WithWish(internal::PlainTokenCredentials(std::move(plain)), std::move(wish));
}

absl::Status ClientAuth::AwaitToken(const std::string& target, const std::string& method) const {
  const auto table = impl_->settings.table->Get();
  const internal::TargetTokens* found = table->Find(target);
  if (found == nullptr) return table->NoTarget(target);
  if (found->audience.empty() && method.empty()) {
    return absl::InvalidArgumentError(
        "a method is needed where the audience is made of the service URL");
  }
  const internal::TokenChoice choice =
      internal::ChoiceFor(*found, internal::AuthorityOf(target), method.empty() ? "/" : method);
  const auto got = std::make_shared<std::promise<absl::Status>>();
  choice.tokens->Get(choice.request, TokenUse::kCall,
                     [got](const absl::StatusOr<CachingTokenSource::TokenPtr>& token) {
                       got->set_value(token.status());
                     });
  std::future<absl::Status> status = got->get_future();
  if (status.wait_for(absl::ToChronoNanoseconds(impl_->options.max_token_wait)) !=
      std::future_status::ready) {
    return absl::UnavailableError(
        absl::StrCat("no token for \"", choice.request.audience, "\" in time"));
  }
  return status.get();
}

absl::Status ClientAuth::Reload() {
  if (impl_->config == nullptr) {
    return absl::FailedPreconditionError("this client has no config file");
  }
  return impl_->config->ReadInto(impl_->settings.table.get());
}

Description ClientAuth::Describe() const {
  return internal::DescribeClient(
      *impl_->settings.table->Get(), *impl_->settings.failures,
      impl_->config == nullptr ? absl::OkStatus() : impl_->config->status());
}

std::vector<Metric> ClientAuth::Metrics() const {
  return internal::ClientMetrics(*impl_->settings.table->Get(), *impl_->settings.failures);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ClientAuth::CreateChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors) const {
  if (credentials == nullptr) return absl::InvalidArgumentError("the channel credentials are null");
  if (absl::Status status = impl_->Knows(target); !status.ok()) return status;
  grpc::ChannelArguments all_arguments = arguments;
  if (absl::Status status = AddRetries(impl_->options, &all_arguments); !status.ok()) return status;
  // On sending the first one runs first.
  interceptors.push_back(std::make_unique<internal::TokenAttacherFactory>(impl_->MakeState(
      target, internal::IsUnixSocket(target) ? internal::LocalTransport::kUnixSocket
                                             : impl_->LocalElsewhere())));
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, all_arguments,
                                                                 std::move(interceptors));
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ClientAuth::CreateChannel(
    const std::string& target, const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors) const {
  return Connect(target, arguments, std::move(interceptors), nullptr);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ClientAuth::Connect(
    const std::string& target, const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors,
    std::shared_ptr<const ClientAuth> also_keep) const {
  const ClientAuthOptions& options = impl_->options;
  if (absl::Status status = impl_->Knows(target); !status.ok()) return status;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::shared_ptr<internal::TlsReloader> tls;
  internal::LocalTransport local = internal::LocalTransport::kRefused;
  grpc::ChannelArguments all_arguments = arguments;
  if (internal::IsUnixSocket(target)) {
    local = internal::LocalTransport::kUnixSocket;
    credentials = grpc::experimental::LocalCredentials(UDS);
  } else if (!options.tls.root_certificates.empty()) {
    auto reloader = impl_->Tls();
    if (!reloader.ok()) return reloader.status();
    tls = *std::move(reloader);
    credentials = tls->ChannelCredentials();
  } else if (options.loopback_is_trusted) {
    if (!IsLoopback(target)) {
      return absl::InvalidArgumentError(
          "a channel without TLS goes to 127.0.0.1, [::1] or localhost only, with a port; set "
          "ClientAuthOptions.tls.root_certificates for any other target");
    }
    local = internal::LocalTransport::kLoopbackIsTrusted;
    credentials = grpc::experimental::LocalCredentials(LOCAL_TCP);
    // A proxy named by the environment would be a loopback peer that sends the token on.
    all_arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  } else {
    return absl::InvalidArgumentError(
        "ClientAuthOptions.tls.root_certificates: required for a target over TCP, the file with "
        "the "
        "certificates that the server's must lead to");
  }
  if (absl::Status status = AddRetries(options, &all_arguments); !status.ok()) return status;
  if (credentials == nullptr) return absl::InternalError("gRPC refused the TLS options");
  using Kept = std::pair<std::shared_ptr<internal::TlsReloader>, std::shared_ptr<const ClientAuth>>;
  auto factory = std::make_unique<internal::TokenAttacherFactory>(
      impl_->MakeState(target, local),
      std::make_shared<Kept>(std::move(tls), std::move(also_keep)));
  // On sending the first one runs first.
  interceptors.push_back(std::move(factory));
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials, all_arguments,
                                                                 std::move(interceptors));
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ClientAuth::CreateChannel(
    const std::string& target) const {
  return CreateChannel(target, grpc::ChannelArguments(), {});
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, ClientAuthOptions options, const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors) {
  auto auth = ClientAuth::Create(std::move(options));
  if (!auth.ok()) return auth.status();
  // Nobody else has it, and it reads its config again for as long as there is the channel.
  const std::shared_ptr<ClientAuth> shared = *std::move(auth);
  return shared->Connect(target, arguments, std::move(interceptors), shared);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target,
                                                             ClientAuthOptions options) {
  return CreateChannel(target, std::move(options), grpc::ChannelArguments(), {});
}

}  // namespace lanyard
