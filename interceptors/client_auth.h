// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_CLIENT_AUTH_H_
#define LANYARD_INTERCEPTORS_CLIENT_AUTH_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/tls.h"
#include "lanyard/interceptors/token_target.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/description.h"
#include "lanyard/sdk/metrics.h"

namespace grpc {
class CallCredentials;
class Channel;
class ChannelArguments;
class ChannelCredentials;
namespace experimental {
class ClientInterceptorFactoryInterface;
}
}  // namespace grpc

namespace lanyard {
namespace internal {
class HttpFetcher;
}

// What of TokenSettings stands here counts for every channel: for a client of one server. Else all
// of it is in `targets` or in `config_file`.
struct ClientAuthOptions : TokenSettings {
  // For a client of several servers, in any order: the most exact name counts. A channel to
  // anything else is an error.
  std::vector<TokenTarget> targets;

  // The same, and the sources, in a file (proto/lanyard/v1/client.proto) that is read again when it
  // has changed and been still for two seconds. A config that is not good replaces nothing. It may
  // name sources of the program's own, by what `sources` calls them.
  std::string config_file;
  std::map<std::string, std::shared_ptr<TokenSource>> sources;

  // Required where a source of the config asks an issuer: lanyard::Https(), of @lanyard_https.
  std::shared_ptr<const internal::HttpFetcher> https;

  // root_certificates is required for channels over TCP.
  TlsFiles tls;

  // The longest that a call waits for its first token; its own deadline may end it sooner.
  absl::Duration max_token_wait = absl::Seconds(10);

  // A longer token fails its calls before anything is sent. gRPC servers take about 8 KiB of
  // headers in all unless they are told otherwise, and an oversize call can break its neighbours on
  // the same connection.
  size_t max_token_bytes = 7 * 1024;

  // How much of its life a token for a stream should have left, since a server ends a stream with
  // its token: by default half. If it has less, a new one is fetched first, at most once in 30 s;
  // where there is no better one, the stream takes what there is.
  std::optional<absl::Duration> min_stream_token_life;

  // Sends tokens whose claims cannot be read, since they are no JWTs, so that nobody here can tell
  // whom they are for. Lanyard's servers take none of them.
  bool opaque_tokens_are_trusted = false;

  // Sends the token also to methods that their annotation opens to anyone. Otherwise calls of those
  // wait for no token, and cannot fail for want of one: their server does not ask.
  bool authenticate_open_methods = false;

  // Lets tokens be sent over loopback TCP without TLS, where every process of the machine can read
  // them. CreateChannel() then takes only 127.0.0.1, [::1] and localhost, and no proxy. "unix:"
  // targets of CreateChannel() do not need it; local credentials on a channel made elsewhere do,
  // since an interceptor cannot tell a socket from loopback.
  bool loopback_is_trusted = false;

  // Lets gRPC send a call again that ends as UNAVAILABLE, up to four times within some seconds. A
  // server answers so, and runs no handler, while it does not have the key of a token yet. But a
  // handler's own UNAVAILABLE cannot be told from that, so this is for methods that may run twice.
  // For CreateChannel() alone, and without a service config in its arguments: channels that are
  // made elsewhere need a retryPolicy of their own.
  bool retry_unavailable = false;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// What one call's token should be, where it differs from what the call's target says.
struct TokenOverride {
  std::string audience = {};
  std::vector<std::string> scopes = {};
};

// Attaches a token to every call of a channel.
//
// The token travels as call credentials, so gRPC itself refuses to send it over a channel that is
// not protected: a call on a plaintext channel fails as UNAUTHENTICATED and nothing is sent. A call
// that already has credentials, other than CallCredentials() and those of OnBehalfOf(), or an
// `authorization` header fails with INVALID_ARGUMENT: two
// opinions about who calls are none. If no token can be had, the call fails as UNAVAILABLE where it
// may be tried again, and as UNAUTHENTICATED where somebody must act first; no gRPC thread waits.
//
// Thread-safe. May be destroyed before the channels made with it, which go on working; from then on
// the config is not read again.
class ClientAuth {
 public:
  // Fails for options that are missing or out of range; the message names the field.
  static absl::StatusOr<std::unique_ptr<ClientAuth>> Create(ClientAuthOptions options);
  ~ClientAuth();

  // A channel that authenticates: TLS for TCP targets, local credentials for "unix:" ones. All
  // channels share the tokens. `arguments` and `interceptors` are the caller's own; the
  // interceptors run before Lanyard's on sending, so they do not see the token.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
      const std::string& target, const grpc::ChannelArguments& arguments,
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
          interceptors) const;
  absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target) const;

  // The same over a connection of the caller's own making. The credentials must hold no call
  // credentials: a call with two tokens is refused by its server.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
      const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
      const grpc::ChannelArguments& arguments,
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
          interceptors) const;

  // For a channel to `target` that is made elsewhere. Put it last, so that it sees what other
  // interceptors set. The channel must be protected, or its calls fail. Without `targets` it does
  // not matter what the target is.
  std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> InterceptorFactory(
      const std::string& target = "") const;

  // For one call, on a channel made here:
  //
  //   context.set_credentials(auth->CallCredentials({"orders-admin"}));
  //
  // May be kept and used for any number of calls; those of another ClientAuth are refused. Also
  // plain gRPC call credentials, for a channel, TLS included, that is wholly one's own: the target
  // is then found by where a call goes. Nothing waits there: a call whose token is not at hand ends
  // as UNAVAILABLE while it is fetched (see AwaitToken()), and a token that its server refuses is
  // kept until it expires.
  std::shared_ptr<grpc::CallCredentials> CallCredentials(TokenOverride wanted = {}) const;

  // Waits, on the thread that calls it, until there is a token for calls to a target, at most for
  // max_token_wait: for the start of a program, and for channels of one's own. An error says why
  // there is none. `method`, "/package.Service/Method", is for targets whose methods differ.
  absl::Status AwaitToken(const std::string& target, const std::string& method = "") const;

  // Reads the config file now. What is wrong with it, if anything; then the last good one goes on.
  absl::Status Reload();

  // How it is now: tokens, and calls that failed before they were sent. For people.
  Description Describe() const;

  // All that is counted (docs/reference/metrics.md).
  std::vector<Metric> Metrics() const;

 private:
  friend absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
      const std::string& target, ClientAuthOptions options, const grpc::ChannelArguments& arguments,
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
          interceptors);

  struct Impl;
  explicit ClientAuth(std::unique_ptr<Impl> impl);

  // CreateChannel() of a channel that keeps something alive.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(
      const std::string& target, const grpc::ChannelArguments& arguments,
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
          interceptors,
      std::shared_ptr<const ClientAuth> also_keep) const;
  std::unique_ptr<Impl> impl_;
};

// The same in one step, for a channel that nobody asks how it is.
//
//   absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
//       lanyard::CreateChannel("orders.prod:8443", options);
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& target, ClientAuthOptions options, const grpc::ChannelArguments& arguments,
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors);
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(const std::string& target,
                                                             ClientAuthOptions options);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_CLIENT_AUTH_H_
