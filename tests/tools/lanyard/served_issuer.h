// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_SERVED_ISSUER_H_
#define LANYARD_TESTS_TOOLS_LANYARD_SERVED_ISSUER_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/v1/token_service.grpc.pb.h"
#include "tests/tools/lanyard/binary_process.h"

namespace lanyard::testing {

// An issuer that the program has set up and serves, and calls of it. Its user "ada" signs in with
// the public client "web" for "orders"; the service "orders" has a certificate, and may follow
// revocations and ask about tokens.
class ServedIssuer {
 public:
  static constexpr char kIssuer[] = "https://tokens.example.com";
  static constexpr char kPassword[] = "correct horse battery";

  ServedIssuer() {
    files.Issue("orders", {"URI:spiffe://shop/orders"});
    config = TempFile("served.textproto",
                      absl::StrCat("issuer: \"", kIssuer, "\"\nkey_directory: \"keys\"\n",
                                   "sqlite { file: \"issuer.db\" }\n",
                                   "sign_in { session_secret_file: \"session-secret\" }\n",
                                   "serve {\n  listen: \"127.0.0.1:0\"\n  certificate_chain: \"",
                                   files.Server().certificate_chain, "\"\n  private_key: \"",
                                   files.Server().private_key, "\"\n  client_roots: \"",
                                   files.Path("ca.pem"), "\"\n}\n"));
    const std::string secret = TempFile("session-secret", std::string(32, '\x81'));
    EXPECT_EQ(chmod(secret.c_str(), 0600), 0);
    Must({"key", "rotate", TempPath("keys"), "--alg", "ES256"});
    Must({"user", "add", "ada", "--config", config, "--password-stdin", "--grant",
          "orders=orders.read,orders.write"},
         absl::StrCat(kPassword, "\n"));
    Must({"client", "add", "web", "--config", config, "--signs-users-in", "--grant",
          "orders=orders.read"});
    Must({"client", "add", "orders", "--config", config, "--certificate-name",
          "spiffe://shop/orders", "--grant",
          absl::StrCat(kIssuer, "=tokens.revocations,tokens.introspect")});
  }

  // Runs the program, which must succeed.
  static void Must(const std::vector<std::string>& args, absl::string_view input = "") {
    EXPECT_EQ(RunBinary(args, input).code, 0) << args[0] << " " << args[1];
  }

  // Serves, in a process of its own. What served before must have ended, or is killed.
  void Serve(const std::vector<std::string>& options = {}, const std::string& error_file = "") {
    stub = nullptr;
    server.reset();
    std::vector<std::string> args = {"serve", config};
    args.insert(args.end(), options.begin(), options.end());
    server.emplace(args, "", error_file);
    const std::string line = server->ReadLine();
    const size_t colon = line.rfind(':');
    ASSERT_NE(colon, line.npos) << "it does not serve: " << line;
    EXPECT_EQ(line.substr(0, colon), "gRPC on 127.0.0.1");
    ASSERT_TRUE(absl::SimpleAtoi(line.substr(colon + 1), &port));
    stub = v1::TokenService::NewStub(Channel(""));
  }

  // As any client: it trusts the CA; with a name it shows a certificate as well.
  std::shared_ptr<grpc::Channel> Channel(const std::string& certificate) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files.Read("ca.pem");
    if (!certificate.empty()) {
      tls.pem_cert_chain = files.Read(certificate + ".crt");
      tls.pem_private_key = files.Read(certificate + ".key");
    }
    return grpc::CreateChannel(absl::StrCat("localhost:", port), grpc::SslCredentials(tls));
  }

  // A context that gives up after half a minute, so that a hang fails the test.
  static void Limit(grpc::ClientContext* context) {
    context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  }

  grpc::Status SignIn(v1::TokenResponse* tokens) const {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    grpc::ClientContext context;
    Limit(&context);
    return stub->SignIn(&context, request, tokens);
  }

  grpc::Status Refresh(const std::string& token, v1::TokenResponse* tokens) const {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id("web");
    grpc::ClientContext context;
    Limit(&context);
    return stub->Refresh(&context, request, tokens);
  }

  grpc::Status Revoke(const std::string& token) const {
    v1::RevokeRequest request;
    request.set_token(token);
    request.mutable_client()->set_client_id("web");
    v1::RevokeResponse response;
    grpc::ClientContext context;
    Limit(&context);
    return stub->Revoke(&context, request, &response);
  }

  // A token of "orders" for the issuer itself.
  std::string TokenOfOrders() const {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id("orders");
    request.set_audience(kIssuer);
    v1::TokenResponse tokens;
    grpc::ClientContext context;
    Limit(&context);
    const grpc::Status status =
        v1::TokenService::NewStub(Channel("orders"))->IssueForService(&context, request, &tokens);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return tokens.access_token();
  }

  // Whether an access token is good now; `asker` is the token of who asks.
  bool IsActive(const std::string& token, const std::string& asker) const {
    v1::IntrospectRequest request;
    request.set_token(token);
    v1::IntrospectResponse response;
    grpc::ClientContext context;
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + asker);
    const grpc::Status status = stub->Introspect(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.active();
  }

  TestCertificates files;
  std::string config;
  std::optional<BinaryProcess> server;
  int port = 0;
  std::unique_ptr<v1::TokenService::Stub> stub;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_SERVED_ISSUER_H_
