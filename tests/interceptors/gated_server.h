// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_GATED_SERVER_H_
#define LANYARD_TESTS_INTERCEPTORS_GATED_SERVER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"

namespace lanyard::test {

// Whose token verified; empty where none did.
inline std::string SubjectOf(const AuditEvent& event) {
  return event.caller.authenticated() ? event.caller.subject() : "";
}

// An Echo server behind ServerAuth, with one issuer and TLS on loopback.
class GatedServer {
 public:
  explicit GatedServer(Api api, const std::string& more_config = "",
                       Algorithm algorithm = Algorithm::kEs256,
                       std::shared_ptr<const Clock> clock = SystemClock())
      : issuer(algorithm, "test", clock), echo(api) {
    options.clock = std::move(clock);
    options.config_text = issuer.ConfigText() + more_config;
    options.key_sources["test"] = issuer.Keys();
    options.tls = files.Server();
    options.audit_sink = audit;
    // Generic services have no descriptors of their own here.
    options.services = {"lanyard.test.Echo"};
  }
  // One that goes by a test's clock, as its issuer does.
  GatedServer(Api api, std::shared_ptr<const Clock> clock, const std::string& more_config = "")
      : GatedServer(api, more_config, Algorithm::kEs256, std::move(clock)) {}

  void Create() {
    auto created = ServerAuth::Create(options);
    ASSERT_TRUE(created.ok()) << created.status();
    auth = *std::move(created);
  }

  // Creates, listens and serves.
  void Start() {
    if (auth == nullptr) {
      ASSERT_NO_FATAL_FAILURE(Create());
    }
    auth->AddListeningPort(echo.builder(), "127.0.0.1:0", &port);
    ASSERT_TRUE(echo.Start()) << auth->start_error();
  }

  // How many calls of each method went through only because it is observed, where any did.
  std::map<std::string, int64_t> WouldDeny() const {
    std::map<std::string, int64_t> counts;
    for (const MethodStatus& method : auth->Methods()) {
      if (method.would_deny > 0) counts[method.method] = method.would_deny;
    }
    return counts;
  }

  std::shared_ptr<grpc::Channel> Channel() const { return PlainTls(files, port); }

  testing::TestCertificates files;
  testing::TestIssuer issuer;
  std::shared_ptr<testing::RecordingAuditSink> audit =
      std::make_shared<testing::RecordingAuditSink>();
  ServerAuthOptions options;
  std::unique_ptr<ServerAuth> auth;
  EchoServer echo;
  int port = 0;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_GATED_SERVER_H_
