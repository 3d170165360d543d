// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_CLIENT_AUTH_H_
#define LANYARD_INTERCEPTORS_CLIENT_AUTH_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/tls.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/description.h"
#include "lanyard/sdk/metrics.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace grpc {
class Channel;
class ChannelArguments;
namespace experimental {
class ClientInterceptorFactoryInterface;
}
}  // namespace grpc

namespace lanyard {

struct ClientAuthOptions {
  // Required. Whom the tokens are for: the aud that the server's config lists. A token whose
  // claims can be read is never sent if it is for somebody else.
  std::string audience;

  // Required. FileTokenSource(…), SelfSignedTokenSource(…), ClientCredentialsTokenSource(…) of
  // //:oauth, or one's own.
  std::shared_ptr<TokenSource> token_source;

  // root_certificates is required for channels over TCP.
  TlsFiles tls;

  // The longest that a call waits for its first token; its own deadline may end it sooner.
  absl::Duration max_token_wait = absl::Seconds(10);

  // A longer token fails its calls before anything is sent. gRPC servers take about 8 KiB of
  // headers in all unless they are told otherwise, and an oversize call can break its neighbours on
  // the same connection.
  size_t max_token_bytes = 7 * 1024;

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

// Attaches a token to every call of a channel.
//
// The token travels as call credentials, so gRPC itself refuses to send it over a channel that is
// not protected: a call on a plaintext channel fails as UNAUTHENTICATED and nothing is sent. A call
// that already has credentials or an `authorization` header fails with INVALID_ARGUMENT: two
// opinions about who calls are none. If no token can be had, the call fails as UNAVAILABLE where it
// may be tried again, and as UNAUTHENTICATED where somebody must act first; no gRPC thread waits.
//
// Thread-safe. May be destroyed before the channels made with it, which go on working.
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

  // For a channel that is made elsewhere. Put it last, so that it sees what other interceptors
  // set. The channel must be protected, or its calls fail.
  std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> InterceptorFactory();

  // How it is now: tokens, and calls that failed before they were sent. For people.
  Description Describe() const;

  // All that is counted (docs/reference/metrics.md).
  std::vector<Metric> Metrics() const;

 private:
  struct Impl;
  explicit ClientAuth(std::unique_ptr<Impl> impl);
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
