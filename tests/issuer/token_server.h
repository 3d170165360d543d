// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_TOKEN_SERVER_H_
#define LANYARD_TESTS_ISSUER_TOKEN_SERVER_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/interceptors/token_service_source.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/issuer/token_service.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/v1/token_service.grpc.pb.h"
#include "tests/interceptors/echo_client.h"
#include "tests/issuer/cheap_hash.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::test {

inline constexpr char kTokenIssuer[] = "https://tokens.example.com";
inline constexpr char kAdasPassword[] = "correct horse battery";

// A token service over TLS on loopback, on a store that the test gives: its user "ada" signs in
// with the client "web" for the audience "test"; the service "checkout" proves itself by its
// certificate and may follow revocations.
class TokenServer {
 public:
  explicit TokenServer(std::shared_ptr<IssuerStore> store = std::make_shared<MemoryStore>())
      : store(std::move(store)) {
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    EXPECT_TRUE(RotateKeys(folder.Path("keys"), rotation, absl::Now()).ok());
    files.Write("session-secret", std::string(32, '\x81'));
    EXPECT_EQ(chmod(files.Path("session-secret").c_str(), 0600), 0);
    issuer_options.config.set_issuer(kTokenIssuer);
    issuer_options.config.set_key_directory(folder.Path("keys"));
    issuer_options.config.mutable_sign_in()->set_session_secret_file(files.Path("session-secret"));
    issuer_options.store = this->store;
    issuer_options.cheaper_passwords_for_tests = kCheap;
    files.Issue("checkout", {"URI:spiffe://prod/checkout"});
    files.Issue("stranger", {"URI:spiffe://prod/stranger"});
  }
  ~TokenServer() { Stop(); }

  void AddAccounts() {
    Accounts accounts(kTokenIssuer, store);
    v1::User ada;
    ada.set_name("ada");
    ada.set_password_hash(CheapHash(kAdasPassword));
    Grant(ada.mutable_grants(), "test", {"read"});
    ASSERT_TRUE(accounts.AddUser(ada).ok());
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    Grant(web.mutable_grants(), "test", {"read", "write"});
    ASSERT_TRUE(accounts.AddClient(web).ok());
    v1::Client checkout;
    checkout.set_name("checkout");
    checkout.add_certificate_names("spiffe://prod/checkout");
    Grant(checkout.mutable_grants(), "test", {"read"});
    Grant(checkout.mutable_grants(), kTokenIssuer, {"tokens.introspect", "tokens.revocations"});
    ASSERT_TRUE(accounts.AddClient(checkout).ok());
  }

  static void Grant(google::protobuf::RepeatedPtrField<v1::Grant>* grants,
                    const std::string& audience, const std::vector<std::string>& scopes) {
    v1::Grant* grant = grants->Add();
    grant->set_audience(audience);
    for (const std::string& scope : scopes) grant->add_scopes(scope);
  }

  void Start() {
    auto made = TokenIssuer::Create(issuer_options);
    ASSERT_TRUE(made.ok()) << made.status();
    issuer = *std::move(made);
    service_options.issuer = issuer;
    auto served = TokenService::Create(service_options);
    ASSERT_TRUE(served.ok()) << served.status();
    service = *std::move(served);
    ServerAuthOptions options;
    service->AddTo(&options);
    options.tls = files.Server(/*mutual=*/true);
    auto created = ServerAuth::Create(options);
    ASSERT_TRUE(created.ok()) << created.status();
    auth = *std::move(created);
    grpc::ServerBuilder builder;
    PortOptions port_options;
    port_options.clients_may_lack_certificates = true;
    auth->AddListeningPort(builder, absl::StrCat("127.0.0.1:", port), port_options, &port);
    builder.RegisterService(service->service());
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr) << auth->start_error();
  }

  void Stop() {
    if (server != nullptr) server->Shutdown(std::chrono::system_clock::now());
    server.reset();
    auth.reset();
    service.reset();
    issuer.reset();
  }

  std::string target() const { return absl::StrCat("localhost:", port); }

  // For tokens of "checkout", with the certificate of that name.
  TokenServiceSourceOptions SourceOptions(const std::string& certificate) const {
    TokenServiceSourceOptions options;
    options.target = target();
    options.tls = files.Client(certificate);
    options.client_id = "checkout";
    options.timeout = absl::Seconds(30);
    return options;
  }

  // With the client's certificate of that name, if any.
  std::unique_ptr<v1::TokenService::Stub> Stub(const std::string& certificate = "") const {
    return v1::TokenService::NewStub(PlainTls(files, port, certificate));
  }

  v1::SignInRequest SignInOfAda() const {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kAdasPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("test");
    return request;
  }

  // A sign-in that must succeed.
  v1::TokenResponse SignIn() const {
    grpc::ClientContext context;
    Limit(&context);
    v1::TokenResponse response;
    const grpc::Status status = Stub()->SignIn(&context, SignInOfAda(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  grpc::Status Revoke(const std::string& token) const {
    grpc::ClientContext context;
    Limit(&context);
    v1::RevokeRequest request;
    request.set_token(token);
    request.mutable_client()->set_client_id("web");
    v1::RevokeResponse response;
    return Stub()->Revoke(&context, request, &response);
  }

  testing::TempFolder folder;
  testing::TestCertificates files;
  const std::shared_ptr<IssuerStore> store;
  TokenIssuerOptions issuer_options;
  TokenServiceOptions service_options;
  std::shared_ptr<TokenIssuer> issuer;
  std::unique_ptr<TokenService> service;
  std::unique_ptr<ServerAuth> auth;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_TOKEN_SERVER_H_
