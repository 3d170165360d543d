// SPDX-License-Identifier: Apache-2.0
// A user signs in with a password at a token service, and calls another service with the token:
// what a changed token, a spent one and a revoked one are worth there, and what is left when both
// servers have been started anew. Everything is made here and thrown away at the end.

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/revocation_stream.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/interceptors/token_service_source.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/set_password.h"
#include "lanyard/issuer/sqlite_store.h"
#include "lanyard/issuer/token_service.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/v1/token_service.grpc.pb.h"

namespace {

using lanyard::testing::TestCertificates;

constexpr char kIssuer[] = "https://tokens.example.com";
constexpr char kPassword[] = "correct horse battery";

// What cannot be in a demonstration that works.
template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", std::string(value.status().message()).c_str());
  std::exit(1);
}
void OrDie(const absl::Status& status) { OrDie(status.ok() ? absl::StatusOr<int>(0) : status); }

// [issuer]
// The token service: an issuer over a store in one file, behind a gate.
class TokenServer {
 public:
  TokenServer(const TestCertificates& files, const std::string& folder, int* port) {
    lanyard::TokenIssuerOptions options;
    options.config.set_issuer(kIssuer);
    options.config.set_key_directory(folder + "/keys");
    options.config.mutable_sign_in()->set_session_secret_file(folder + "/session-secret");
    options.store = OrDie(lanyard::SqliteStore::Create({folder + "/issuer.db"}));
    issuer_ = OrDie(lanyard::TokenIssuer::Create(options));
    service_ = OrDie(lanyard::TokenService::Create({issuer_}));

    lanyard::ServerAuthOptions auth_options;
    service_->AddTo(&auth_options);
    auth_options.tls = files.Server(/*mutual=*/true);
    auth_ = OrDie(lanyard::ServerAuth::Create(auth_options));
    grpc::ServerBuilder builder;
    lanyard::PortOptions port_options;
    port_options.clients_may_lack_certificates = true;  // People have none.
    auth_->AddListeningPort(builder, absl::StrCat("127.0.0.1:", *port), port_options, port);
    builder.RegisterService(service_->service());
    server_ = builder.BuildAndStart();
  }
  ~TokenServer() { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

 private:
  std::shared_ptr<lanyard::TokenIssuer> issuer_;
  std::unique_ptr<lanyard::TokenService> service_;
  std::unique_ptr<lanyard::ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
};
// [end]

// [handler]
class OrdersService final : public shop::Orders::Service {
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    order->set_id(request->id());
    order->set_asked_by(lanyard::CallerOf(*context).subject());  // No session is looked up.
    return grpc::Status::OK;
  }
};
// [end]

// A service that takes the issuer's tokens.
class OrdersServer {
 public:
  OrdersServer(const TestCertificates& files, const std::string& folder,
               const std::string& token_service, int* port) {
    // [resource server]
    // It has tokens of its own, by its certificate, to hear what is revoked.
    lanyard::TokenServiceSourceOptions own;
    own.target = token_service;
    own.tls = files.Client("orders");
    own.client_id = "orders";
    lanyard::ClientAuthOptions client;
    client.audience = kIssuer;
    client.token_source = OrDie(lanyard::TokenServiceSource(own));
    client.tls = files.Client();
    lanyard::RevocationStreamOptions stream;
    stream.channel = OrDie(lanyard::CreateChannel(token_service, client));
    stream.issuer = kIssuer;

    lanyard::ServerAuthOptions options;
    options.config_text = absl::StrCat("issuers { name: \"shop\" issuer: \"", kIssuer,
                                       "\" audiences: \"orders\" algorithms: ES256 jwks_file: \"",
                                       folder, "/jwks.json\" revocations {} }");
    options.revocation_sources["shop"] = OrDie(lanyard::StreamRevocations(stream));
    options.tls = files.Server();
    auth_ = OrDie(lanyard::ServerAuth::Create(options));
    // [end]
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, absl::StrCat("127.0.0.1:", *port), port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    while (!auth_->Ready().ok()) absl::SleepFor(absl::Milliseconds(10));
  }
  ~OrdersServer() { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

 private:
  OrdersService service_;
  std::unique_ptr<lanyard::ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
};

// [read]
// What a token says, to whoever holds it: no key is needed to read.
std::string ClaimsOf(const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  std::string claims;
  absl::WebSafeBase64Unescape(parts[1], &claims);
  return claims;
}
// [end]

// [tamper]
// The same token with another user in it. The signature is what it was.
std::string Tampered(const std::string& token) {
  std::vector<std::string> parts = absl::StrSplit(token, '.');
  parts[1] =
      absl::WebSafeBase64Escape(absl::StrReplaceAll(ClaimsOf(token), {{"user:ada", "user:bob"}}));
  parts[1] = parts[1].substr(0, parts[1].find('='));
  return absl::StrCat(parts[0], ".", parts[1], ".", parts[2]);
}
// [end]

class SignIn {
 public:
  SignIn() {
    files_.Issue("orders", {"URI:spiffe://shop/orders"});
    folder_ = files_.Path("issuer");
    std::filesystem::create_directory(folder_);
    lanyard::RotationOptions rotation;
    rotation.algorithm = lanyard::Algorithm::kEs256;
    const auto key = OrDie(lanyard::RotateKeys(folder_ + "/keys", rotation, absl::Now()));
    std::ofstream(folder_ + "/jwks.json")
        << OrDie(lanyard::KeySet({OrDie(key.key.PublicHalf())}).ToPublicJwks());
    std::ifstream random("/dev/urandom", std::ios::binary);
    char secret[32];
    random.read(secret, sizeof(secret));
    std::ofstream(folder_ + "/session-secret", std::ios::binary).write(secret, sizeof(secret));
    chmod((folder_ + "/session-secret").c_str(), 0600);
    AddAccounts();
  }

  int Run() {
    std::printf(
        "A token service and a service that takes its tokens, each on a port with TLS.\n\n");
    Start();
    Report("wrong password", "refused", Code(Enter("wrong horse battery")));
    // UNAVAILABLE is for trying again: nobody can sign in within the second in which the password
    // was set, which ended all sessions before.
    grpc::Status entered = Enter(kPassword);
    for (int i = 0; i < 50 && entered.error_code() == grpc::StatusCode::UNAVAILABLE; ++i) {
      absl::SleepFor(absl::Milliseconds(100));
      entered = Enter(kPassword);
    }
    Report("sign in as ada", "a token", Code(entered));
    if (!good_) return 1;  // There is no token to go on with.
    const std::string first = tokens_.refresh_token(), access = tokens_.access_token();
    std::printf("\n%s\n\n", ClaimsOf(access).c_str());
    Report("call with the token", "user:ada", Call(access));
    Report("the same, ada made bob", "refused", Call(Tampered(access)));
    Report("refresh", "a token", Code(Refresh(first)));
    const std::string second = tokens_.refresh_token();
    Report("call with the new token", "user:ada", Call(tokens_.access_token()));

    std::printf("\nBoth servers end, and start again.\n\n");
    Start();
    Report("call with the token", "user:ada", Call(tokens_.access_token()));
    Report("refresh", "a token", Code(Refresh(second)));
    const std::string last = tokens_.access_token();
    Report("revoke", "done", Code(Revoke(tokens_.refresh_token())));
    const absl::Time revoked_at = absl::Now();
    while (Call(last) == "user:ada" && absl::Now() < revoked_at + absl::Seconds(60)) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    const absl::Duration lasted = absl::Now() - revoked_at;
    Report("call with the token", "refused", Call(last));
    Report("refresh", "refused", Code(Refresh(tokens_.refresh_token())));
    std::printf("\nThe revocation counted after %d ms.\n",
                static_cast<int>(absl::ToInt64Milliseconds(lasted)));

    std::printf("\nBoth servers end, and start again.\n\n");
    Start();
    Report("call with the revoked token", "refused", Call(last));
    std::printf("\n%s\n", good_ ? "All as it should be." : "NOT as it should be.");
    return good_ ? 0 : 1;
  }

 private:
  // Who there is: what `lanyard user add` and `lanyard client add` do.
  void AddAccounts() {
    // [accounts]
    std::shared_ptr<lanyard::IssuerStore> store =
        OrDie(lanyard::SqliteStore::Create({folder_ + "/issuer.db"}));
    lanyard::Accounts accounts(kIssuer, store);
    lanyard::v1::User ada;
    ada.set_name("ada");
    Grant(ada.add_grants(), "orders", "orders.read");
    OrDie(accounts.AddUser(ada));
    OrDie(lanyard::SetPassword(accounts, "ada", kPassword, lanyard::v1::SignIn()));

    lanyard::v1::Client web;  // Where users sign in. It keeps no secret.
    web.set_name("web");
    web.set_signs_users_in(true);
    Grant(web.add_grants(), "orders", "orders.read");
    OrDie(accounts.AddClient(web));

    lanyard::v1::Client orders;  // May hear what is revoked.
    orders.set_name("orders");
    orders.add_certificate_names("spiffe://shop/orders");
    Grant(orders.add_grants(), kIssuer, "tokens.revocations");
    OrDie(accounts.AddClient(orders));
    // [end]
  }

  static void Grant(lanyard::v1::Grant* grant, const char* audience, const char* scope) {
    grant->set_audience(audience);
    grant->add_scopes(scope);
  }

  // Both servers, on the ports that they had.
  void Start() {
    orders_.reset();
    token_server_.reset();
    token_server_ = std::make_unique<TokenServer>(files_, folder_, &token_port_);
    const std::string target = absl::StrCat("localhost:", token_port_);
    orders_ = std::make_unique<OrdersServer>(files_, folder_, target, &orders_port_);
    // As any client: it trusts the CA, and nothing more.
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files_.Read("ca.pem");
    stub_ =
        lanyard::v1::TokenService::NewStub(grpc::CreateChannel(target, grpc::SslCredentials(tls)));
  }

  // [sign-in]
  grpc::Status Enter(const std::string& password) {
    lanyard::v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(password);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    grpc::ClientContext context;
    return stub_->SignIn(&context, request, &tokens_);
  }
  // [end]

  // [refresh]
  grpc::Status Refresh(const std::string& refresh_token) {
    lanyard::v1::RefreshRequest request;
    request.set_refresh_token(refresh_token);
    request.mutable_client()->set_client_id("web");
    grpc::ClientContext context;
    return stub_->Refresh(&context, request, &tokens_);
  }
  // [end]

  grpc::Status Revoke(const std::string& token) {
    lanyard::v1::RevokeRequest request;
    request.set_token(token);
    request.mutable_client()->set_client_id("web");
    lanyard::v1::RevokeResponse response;
    grpc::ClientContext context;
    return stub_->Revoke(&context, request, &response);
  }

  // Whom the service took the caller for.
  std::string Call(const std::string& token) {
    // [call]
    lanyard::ClientAuthOptions options;
    options.audience = "orders";
    options.token_source = lanyard::StaticTokenSource(token);
    options.tls = files_.Client();
    const auto channel =
        OrDie(lanyard::CreateChannel(absl::StrCat("localhost:", orders_port_), options));
    grpc::ClientContext context;
    shop::GetOrderRequest request;
    shop::Order order;
    const grpc::Status status = shop::Orders::NewStub(channel)->GetOrder(&context, request, &order);
    // [end]
    return status.ok() ? order.asked_by() : Code(status);
  }

  static std::string Code(const grpc::Status& status) {
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) return "refused";
    return status.ok() ? "" : status.error_message();
  }

  void Report(const char* what, const std::string& expected, const std::string& got) {
    const bool as_expected = got == expected || (got.empty() && expected != "refused");
    good_ = good_ && as_expected;
    std::printf("%s", absl::StrFormat("%-28s %s%s\n", what, as_expected ? expected : got,
                                      as_expected ? "" : "   <- should be " + expected)
                          .c_str());
  }

  TestCertificates files_;
  std::string folder_;
  int token_port_ = 0, orders_port_ = 0;
  std::unique_ptr<TokenServer> token_server_;
  std::unique_ptr<OrdersServer> orders_;
  std::unique_ptr<lanyard::v1::TokenService::Stub> stub_;
  lanyard::v1::TokenResponse tokens_;
  bool good_ = true;
};

}  // namespace

int main() { return SignIn().Run(); }
