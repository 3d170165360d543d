// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/client_auth.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/client_report.h"
#include "lanyard/interceptors/internal/client_state.h"
#include "lanyard/interceptors/internal/tls_reloader.h"
#include "lanyard/interceptors/internal/token_attacher.h"
#include "lanyard/interceptors/internal/trace_warning.h"

namespace lanyard {
namespace {

absl::Status Validate(const ClientAuthOptions& options) {
  if (options.audience.empty()) {
    return absl::InvalidArgumentError(
        "ClientAuthOptions.audience: required, the aud that the server wants to see");
  }
  if (options.token_source == nullptr) {
    return absl::InvalidArgumentError("ClientAuthOptions.token_source: required");
  }
  if (options.max_token_wait <= absl::ZeroDuration() || options.max_token_wait > absl::Minutes(5)) {
    return absl::InvalidArgumentError(
        "ClientAuthOptions.max_token_wait must be above 0 and at most 5 minutes");
  }
  if (options.max_token_bytes < 256 || options.max_token_bytes > 65536) {
    return absl::InvalidArgumentError("ClientAuthOptions.max_token_bytes must be 256 to 65536");
  }
  if (options.clock == nullptr) {
    return absl::InvalidArgumentError("ClientAuthOptions.clock is null");
  }
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

}  // namespace

struct ClientAuth::Impl {
  ClientAuthOptions options;
  std::shared_ptr<CachingTokenSource> tokens;
  std::shared_ptr<internal::CallFailures> failures = std::make_shared<internal::CallFailures>();

  std::shared_ptr<internal::ClientState> MakeState(internal::LocalTransport local) const {
    auto state = std::make_shared<internal::ClientState>();
    state->audience = options.audience;
    state->max_token_wait = options.max_token_wait;
    state->authenticate_open_methods = options.authenticate_open_methods;
    state->failures = failures;
    state->tokens = tokens;
    state->credentials = internal::MakeTokenCredentials(options.audience, tokens, failures, local);
    return state;
  }
};

absl::StatusOr<std::unique_ptr<ClientAuth>> ClientAuth::Create(ClientAuthOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  internal::WarnOfTracing();
  auto impl = std::make_unique<Impl>();
  impl->tokens = std::make_shared<CachingTokenSource>(
      internal::MakeCheckedSource(options.token_source, options.max_token_bytes), options.clock);
  impl->options = std::move(options);
  return std::unique_ptr<ClientAuth>(new ClientAuth(std::move(impl)));
}

ClientAuth::ClientAuth(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientAuth::~ClientAuth() = default;

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
ClientAuth::InterceptorFactory() {
  return std::make_unique<internal::TokenAttacherFactory>(impl_->MakeState(
      impl_->options.loopback_is_trusted ? internal::LocalTransport::kLoopbackIsTrusted
                                         : internal::LocalTransport::kRefused));
}

Description ClientAuth::Describe() const {
  return internal::DescribeClient(impl_->options.audience, *impl_->tokens, *impl_->failures);
}

std::vector<Metric> ClientAuth::Metrics() const {
  return internal::ClientMetrics(impl_->options.audience, *impl_->tokens, *impl_->failures);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ClientAuth::CreateChannel(
    const std::string& target, const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors) const {
  const ClientAuthOptions& options = impl_->options;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::shared_ptr<internal::TlsReloader> tls;
  internal::LocalTransport local = internal::LocalTransport::kRefused;
  grpc::ChannelArguments all_arguments = arguments;
  if (absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:")) {
    local = internal::LocalTransport::kUnixSocket;
    credentials = grpc::experimental::LocalCredentials(UDS);
  } else if (!options.tls.root_certificates.empty()) {
    auto reloader = internal::TlsReloader::Create(options.tls);
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
  if (options.retry_unavailable) {
    if (HasServiceConfig(arguments)) {
      return absl::InvalidArgumentError(
          "ClientAuthOptions.retry_unavailable: the channel's arguments have a service config "
          "already; put a retryPolicy there");
    }
    all_arguments.SetServiceConfigJSON(kRetryUnavailable);
  }
  if (credentials == nullptr) return absl::InternalError("gRPC refused the TLS options");
  auto factory =
      std::make_unique<internal::TokenAttacherFactory>(impl_->MakeState(local), std::move(tls));
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
  const auto auth = ClientAuth::Create(std::move(options));
  if (!auth.ok()) return auth.status();
  return (*auth)->CreateChannel(target, arguments, std::move(interceptors));
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target,
                                                             ClientAuthOptions options) {
  return CreateChannel(target, std::move(options), grpc::ChannelArguments(), {});
}

}  // namespace lanyard
