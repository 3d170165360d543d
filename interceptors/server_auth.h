// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_SERVER_AUTH_H_
#define LANYARD_INTERCEPTORS_SERVER_AUTH_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/caller.h"
#include "lanyard/interceptors/config_status.h"
#include "lanyard/interceptors/extra_check.h"
#include "lanyard/interceptors/method_status.h"
#include "lanyard/interceptors/tls.h"
#include "lanyard/sdk/audit.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/description.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/metrics.h"
#include "lanyard/sdk/revocations/revocation_source.h"

namespace grpc {
class AuthMetadataProcessor;
class ServerBuilder;
class ServerContextBase;
class ServerCredentials;
namespace experimental {
class ServerInterceptorFactoryInterface;
}
}  // namespace grpc

namespace lanyard {
namespace internal {
class HttpFetcher;
}

struct ServerAuthOptions {
  // Required: whom to trust and who may call what (proto/lanyard/v1/config.proto). Files, a text
  // that stands for one more file, or both; they are read as one, and again when a file has changed
  // and all have been still for two seconds. A config that is not good replaces nothing.
  std::vector<std::string> config_files;
  std::string config_text;

  // Required for ports on TCP. With root_certificates every client must present a certificate.
  TlsFiles tls;

  // Full names ("shop.Orders") of services that are served without being registered by a class that
  // protoc made: those of generic services. AddListeningPort() finds all others by itself; the
  // other two ways in need all of them here, so that their annotations count and typing errors are
  // found.
  std::vector<std::string> services;

  // FileDescriptorSets (protoc --include_imports --descriptor_set_out=FILE) of services without
  // generated code for descriptors: generic ones, and those of protobuf-lite.
  std::vector<std::string> descriptor_set_files;

  // A whole config that is a candidate: its policy is asked about each call too, with the same
  // caller, and what it says goes to the audit sink. It can neither deny nor admit, nor keep the
  // server from starting.
  std::vector<std::string> shadow_config_files;

  // The processor that guarded the server so far: calls need its consent too. Where the config says
  // OBSERVE, it alone decides. If it blocks, the gate blocks with it.
  std::shared_ptr<grpc::AuthMetadataProcessor> existing_processor;

  // What a policy cannot say, asked about calls that the policy allows.
  ExtraCheck extra_check;

  // Leaves the bearer token in the metadata that handlers see, for those that pass it on.
  bool keep_bearer_in_metadata = false;

  // Keeps each caller's token, out of sight, until its call ends, so that handlers may call others
  // on the caller's behalf (lanyard/interceptors/on_behalf_of.h).
  bool keep_callers_tokens = false;

  // Required where an issuer has a jwks_url or discovery_url: lanyard::Https(), of
  // @lanyard_https.
  std::shared_ptr<const internal::HttpFetcher> https;

  // Keys for issuers of the config, by their names, in place of jwks_file and the like.
  std::map<std::string, std::shared_ptr<const KeySource>> key_sources;

  // What is revoked of the tokens of issuers of the config, by their names: where the config says
  // `revocations {}` without a file, and for others as well.
  std::map<std::string, std::shared_ptr<const RevocationSource>> revocation_sources;

  // How long a config that is not good may wait to be mended before Ready() says so.
  absl::Duration config_failure_deadline = absl::InfiniteDuration();

  // Told of every decision; null tells nobody.
  std::shared_ptr<AuditSink> audit_sink;

  // Memory for verdicts on tokens, and for calls that were admitted and wait for a free handler.
  // At the second bound new calls are refused as UNAVAILABLE.
  size_t cache_bytes = 16 * 1024 * 1024;
  size_t admission_bytes = 64 * 1024 * 1024;

  // Memory for the tokens that were used, where a rule says one_time: 128 bytes each, for as long
  // as they live. At the bound such calls are refused as UNAVAILABLE.
  size_t one_time_token_bytes = 64 * 1024 * 1024;

  // How many bad signatures of one connection are checked in a second, 1 to 1,000,000. Beyond that
  // its tokens are refused unchecked, but for those seen before. Raise it where a proxy brings
  // many callers over one connection.
  int bad_signatures_per_second = 100;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Of one port.
struct PortOptions {
  // The one header that the token is taken from: "Bearer " and the token in authorization, the
  // token alone in any other, as some proxies hand it on. In lower case.
  std::string token_header = "authorization";

  // With tls.root_certificates: lets clients in that present no certificate, beside those whose
  // certificate leads to the roots. Rules with `peers` match only these.
  bool clients_may_lack_certificates = false;
};

// Authenticates and authorizes every call of a server before its handler runs.
//
//   auto auth = lanyard::ServerAuth::Create(options);
//   if (!auth.ok()) …
//   grpc::ServerBuilder builder;
//   (*auth)->AddListeningPort(builder, "0.0.0.0:8443");
//   builder.RegisterService(&orders);
//   auto server = builder.BuildAndStart();
//
// A call passes two places. The gate decides, before any handler of any kind: refused calls end
// there with UNAUTHENTICATED, PERMISSION_DENIED or UNAVAILABLE. The binding, an interceptor,
// carries the verdict to the handler (CallerOf), removes the bearer token from the metadata and
// ends streams when their token expires.
//
// Three ways in, for servers that are built by somebody else's code:
//   1. AddListeningPort: everything.
//   2. Credentials or InstallOn, InterceptorFactory and RaiseMetadataLimit: the same, by hand; a
//      port without the gate is not found at start, but its calls are refused one by one.
//   3. GateOnlyCredentials: the gate decides, but there is no binding. Handlers ask Identify(), can
//      read the bearer token, and streams outlive their token.
//
// Thread-safe. May be destroyed before or after the servers it serves; from then on the config is
// not read again.
class ServerAuth {
 public:
  // Fails for a config, key, certificate or option that is missing, broken or leaves a check
  // undefined; the message names the file, line and field, and what would be right.
  static absl::StatusOr<std::unique_ptr<ServerAuth>> Create(ServerAuthOptions options);
  ~ServerAuth();

  // Way 1. Adds a port whose calls are all checked: TLS on TCP, local credentials on Unix sockets
  // ("unix:/run/orders.sock"). Call it once a port; `selected_port` as in ServerBuilder. It also
  // raises the server's metadata limit to what the config's longest token needs.
  //
  // A server with a port beside these does not start: BuildAndStart() returns null and a line on
  // stderr says why, as it does for anything else wrong here. In-process channels cannot be seen
  // at start; their calls are refused and never reach a handler, but stay in the server and keep
  // Shutdown() from returning: use a Unix socket for calls inside a process.
  void AddListeningPort(grpc::ServerBuilder& builder, const std::string& address,
                        int* selected_port = nullptr);

  // The same for a port with options of its own.
  void AddListeningPort(grpc::ServerBuilder& builder, const std::string& address,
                        const PortOptions& options, int* selected_port = nullptr);

  // The same without TLS on a loopback address, exactly 127.0.0.1 or ::1, where every process of
  // the machine can read the tokens: the config must say loopback_is_trusted.
  void AddTrustedLoopbackPort(grpc::ServerBuilder& builder, const std::string& address,
                              int* selected_port = nullptr);
  void AddTrustedLoopbackPort(grpc::ServerBuilder& builder, const std::string& address,
                              const PortOptions& options, int* selected_port = nullptr);

  // Keeps an old port without TLS alive while its clients move, until `until`, at most 90 days
  // ahead. Whoever reaches it is the anonymous caller, whatever token comes along, and gets in only
  // where the method is open to anyone or the config says OBSERVE; every call goes to the audit
  // sink. From `until` on all its calls are refused.
  void AddUnprotectedLegacyPort(grpc::ServerBuilder& builder, const std::string& address,
                                absl::Time until, int* selected_port = nullptr);

  // Way 1 with interceptors of one's own. They run after Lanyard's on receive, so they never see
  // the bearer token. Use this in place of builder.experimental().SetInterceptorCreators(), which
  // holds one list only: called before AddListeningPort(), its interceptors are replaced, which
  // nobody can see; called after it, it would drop Lanyard's, and the server does not start.
  void SetInterceptorCreators(
      grpc::ServerBuilder& builder,
      std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators);

  // Way 2. TLS credentials with the gate, for builder.AddListeningPort(). They need
  // InterceptorFactory() on the same server: without it admitted calls pile up and, at
  // admission_bytes, are refused.
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials();

  // Way 2 for credentials that the user made: installs the gate on them. Error for insecure ones.
  // Calls over local credentials (Unix socket or loopback, which cannot be told apart here) are
  // refused unless the config says loopback_is_trusted; AddListeningPort("unix:…") needs no such
  // word.
  absl::Status InstallOn(grpc::ServerCredentials& credentials);

  // Way 2. The binding; put it last in the list for SetInterceptorCreators(), since on receive the
  // last one runs first.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> InterceptorFactory();

  // Ways 2 and 3: lets the builder's server take tokens as long as the config allows. gRPC's own
  // limit for all headers is about 8 KiB, and a call over it can break others on its connection.
  void RaiseMetadataLimit(grpc::ServerBuilder& builder);

  // Way 3: the gate alone; see above for what is missing.
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> GateOnlyCredentials();

  // Way 3. Who makes this call, from its bearer token: usually a look into the cache. What proxies
  // say in x-forwarded-client-cert does not count here. Anonymous
  // without a token; an error that carries an AuthFailure for one that does not verify now.
  absl::StatusOr<Identity> Identify(const grpc::ServerContextBase& context) const;

  // Whether tokens of every issuer can be judged now: OK, or UNAVAILABLE with each issuer that has
  // no keys, or whose revocations are unknown, and why. A server may start before its issuers are
  // up; calls with their tokens get UNAVAILABLE until then. For readiness probes, see
  // HealthPort::ServeWhile().
  absl::Status Ready() const;

  // How the keys of each issuer are, by its name: their ids and age, fetches and failures. For
  // metrics.
  std::map<std::string, KeySourceStatus> Keys() const;

  // The same of what is known of their revocations, for issuers that have any.
  std::map<std::string, RevocationSourceStatus> Revocations() const;

  // Reads the config again now, as when its files change. Fails, and what rules goes on ruling, for
  // a config that could not stand at the start either, and for a larger max_token_bytes.
  absl::Status Reload();

  // How the config is. For metrics.
  ConfigStatus Config() const;

  // What rules each method: of the services that the server has, and of those that rules name. For
  // metrics, and to see what no rule opens.
  std::vector<MethodStatus> Methods() const;

  // How all of it is now: config, policy, issuers and their keys, methods, ports, TLS, audit, and
  // which words weaken a check. For people.
  Description Describe() const;

  // All that is counted and measured (docs/reference/metrics.md). @lanyard_prometheus serves it,
  // and MetricsReporter hands it to anything else.
  std::vector<Metric> Metrics() const;

  // Why BuildAndStart() of the newest builder returned null; OK if that was not Lanyard's doing.
  absl::Status start_error() const;

 private:
  struct Impl;
  explicit ServerAuth(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_SERVER_AUTH_H_
