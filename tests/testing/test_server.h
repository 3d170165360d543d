// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_TEST_SERVER_H_
#define LANYARD_TESTS_TESTING_TEST_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace grpc {
class Channel;
class ServerBuilder;
class Service;
}  // namespace grpc

namespace lanyard::testing {

// The server's own options. tls, audit_sink and the keys of every issuer are the test's, and must
// be left out; jwks_file, jwks_url and the like of a config are not read.
struct TestServerOptions : ServerAuthOptions {
  // The short name of the issuer that is made where the config has none, as the policy has it. Its
  // tokens are for the audience "test".
  std::string issuer = "test";

  // Listens on a Unix socket in place of TCP with TLS. There nobody has a certificate.
  bool on_unix_socket = false;
};

// A server under the real policy, for tests of who may call what: TLS on loopback, the gate, and
// issuers whose keys the test holds. The annotations of the services count, and what config_text
// and config_files add; so the config that is deployed can be tested as it is.
//
//   OrdersService orders;
//   lanyard::testing::TestServer server({&orders});
//   auto alice = shop::Orders::NewStub(server.ChannelAs("alice", {"orders.read"}));
//
// Serves from the start. What keeps it from starting, as a policy that cannot stand, ends the
// test's process with a message that names it. Several may run at once. When it goes it cancels the
// calls that are left and waits for their handlers. Thread-safe.
class TestServer {
 public:
  // Not owned; they must outlive this.
  explicit TestServer(const std::vector<grpc::Service*>& services, TestServerOptions options = {});

  // For services that are registered in other ways, as generic ones, and for completion queues.
  explicit TestServer(const std::function<void(grpc::ServerBuilder&)>& register_services,
                      TestServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // A good token of that issuer of the config, of the first if no name is given: for the audience,
  // and by the algorithm, that the config names first. It is an access token by RFC 9068; other
  // profiles ask for types and claims that the test must add.
  TokenBuilder Token(absl::string_view issuer = "") const;

  // A connection whose calls carry this token as it is: none is checked before it is sent, unlike
  // by ClientAuth. With a name, the client presents the certificate that certificates().Issue()
  // made under it.
  std::shared_ptr<grpc::Channel> Channel(const std::string& token,
                                         absl::string_view client_certificate = "") const;

  // The same with a good token of the first issuer.
  std::shared_ptr<grpc::Channel> ChannelAs(absl::string_view subject,
                                           const std::vector<std::string>& scopes = {}) const;

  // The same without a token.
  std::shared_ptr<grpc::Channel> AnonymousChannel(absl::string_view client_certificate = "") const;

  // For clients of one's own, with certificates().Client() as their tls: "localhost:PORT", or
  // "unix:PATH".
  const std::string& target() const;

  TestCertificates& certificates();
  // Every decision of the server.
  RecordingAuditSink& audit();
  ServerAuth& auth();

  // Ends it before it goes. Where there are completion queues, call this, then shut them down and
  // drain them; gRPC still holds requests there.
  void Shutdown();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_TEST_SERVER_H_
