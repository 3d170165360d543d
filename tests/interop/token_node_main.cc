// SPDX-License-Identifier: Apache-2.0
//
// One node of a fleet that shares a Redis: an issuer, or a server that takes its tokens.
//
//   token_node_main issuer FOLDER REDIS PORT
//   token_node_main resource FOLDER REDIS PORT [ISSUERS]
//
// FOLDER holds certificates, keys and the session secret. A resource server follows the revocations
// of the issuers at ISSUERS, or without them those in Redis. Prints "ready" and serves until it is
// killed.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/revocation_stream.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/interceptors/token_service_source.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/issuer/token_service.h"

namespace lanyard::test {
namespace {

constexpr char kIssuer[] = "https://tokens.example.com";

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}

struct Node {
  std::string folder, redis;
  int port;

  std::string Path(const char* file) const { return absl::StrCat(folder, "/", file); }
  TlsFiles Server(bool mutual) const {
    return {Path("server.crt"), Path("server.key"), mutual ? Path("ca.pem") : ""};
  }
  std::shared_ptr<IssuerStore> Store() const {
    RedisStoreOptions options;
    options.address = redis;
    options.timeout = absl::Seconds(5);
    return OrDie(RedisStore::Create(options));
  }
  [[noreturn]] void Serve(ServerAuth& auth, grpc::Service* service,
                          const PortOptions& port_options) const {
    grpc::ServerBuilder builder;
    auth.AddListeningPort(builder, absl::StrCat("127.0.0.1:", port), port_options);
    builder.RegisterService(service);
    const auto server = builder.BuildAndStart();
    if (server == nullptr) std::exit(1);
    while (!auth.Ready().ok()) absl::SleepFor(absl::Milliseconds(10));
    std::printf("ready\n");
    std::fflush(stdout);
    for (;;) absl::SleepFor(absl::Hours(1));
  }
};

[[noreturn]] void ServeIssuer(const Node& node) {
  TokenIssuerOptions options;
  options.config.set_issuer(kIssuer);
  options.config.set_key_directory(node.Path("keys"));
  options.config.mutable_sign_in()->set_session_secret_file(node.Path("session-secret"));
  options.store = node.Store();
  options.cheaper_passwords_for_tests = 4;
  const std::shared_ptr<TokenIssuer> issuer = OrDie(TokenIssuer::Create(options));
  TokenServiceOptions service_options;
  service_options.issuer = issuer;
  const auto service = OrDie(TokenService::Create(service_options));
  ServerAuthOptions auth_options;
  service->AddTo(&auth_options);
  auth_options.tls = node.Server(/*mutual=*/true);
  PortOptions port_options;
  port_options.clients_may_lack_certificates = true;
  node.Serve(*OrDie(ServerAuth::Create(auth_options)), service->service(), port_options);
}

class OrdersService final : public shop::Orders::Service {
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

std::shared_ptr<const RevocationSource> Follow(const Node& node, const std::string& issuers) {
  TokenServiceSourceOptions own;
  own.target = issuers;
  own.tls = {node.Path("orders.crt"), node.Path("orders.key"), node.Path("ca.pem")};
  own.client_id = "orders";
  ClientAuthOptions client;
  client.audience = kIssuer;
  client.token_source = OrDie(TokenServiceSource(own));
  client.tls.root_certificates = node.Path("ca.pem");
  RevocationStreamOptions stream;
  stream.channel = OrDie(CreateChannel(issuers, client));
  stream.issuer = kIssuer;
  return OrDie(StreamRevocations(stream));
}

[[noreturn]] void ServeResource(const Node& node, const std::string& issuers) {
  ServerAuthOptions options;
  options.config_text = absl::StrCat("issuers { name: \"shop\" issuer: \"", kIssuer,
                                     "\" audiences: \"orders\" algorithms: ES256 jwks_file: \"",
                                     node.Path("jwks.json"), "\" revocations {} }");
  if (issuers.empty()) {
    RevocationFeedOptions feed;
    feed.issuer = kIssuer;
    feed.store = node.Store();
    options.revocation_sources["shop"] = std::make_shared<RevocationFeed>(feed);
  } else {
    options.revocation_sources["shop"] = Follow(node, issuers);
  }
  options.tls = node.Server(/*mutual=*/false);
  OrdersService orders;
  node.Serve(*OrDie(ServerAuth::Create(options)), &orders, PortOptions());
}

}  // namespace
}  // namespace lanyard::test

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: token_node_main issuer|resource FOLDER REDIS PORT [ISSUERS]\n");
    return 2;
  }
  const lanyard::test::Node node{argv[2], argv[3], std::atoi(argv[4])};
  if (std::string(argv[1]) == "issuer") lanyard::test::ServeIssuer(node);
  lanyard::test::ServeResource(node, argc > 5 ? argv[5] : "");
}
