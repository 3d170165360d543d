// SPDX-License-Identifier: Apache-2.0
// A service that asks the next one in its caller's name, with tokens that an OAuth 2.0 issuer gives
// for the caller's (RFC 8693).

#include "examples/tokens/get_order.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/on_behalf_of.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/token_exchange_source.h"

class Front final : public shop::Orders::Service {
 public:
  explicit Front(const std::shared_ptr<grpc::Channel>& next) : next_(shop::Orders::NewStub(next)) {}

  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    const auto call = grpc::ClientContext::FromServerContext(*context);
    lanyard::OnBehalfOf(*context, lanyard::OnBehalf::kAudienceChange, call.get());
    return next_->GetOrder(call.get(), *request, order);
  }

 private:
  const std::unique_ptr<shop::Orders::Stub> next_;
};

int main() {
  lanyard::ClientAuthOptions options;
  options.config_file = Env("CLIENT_CONFIG_FILE");  // A target with an exchange_source.
  options.https = lanyard::Https();
  options.tls.root_certificates = Env("CA_FILE");
  auto client = lanyard::ClientAuth::Create(options);
  if (!client.ok()) return Fail(client.status());
  auto next = (*client)->CreateChannel(Env("TARGET"));
  if (!next.ok()) return Fail(next.status());
  Front front(*next);

  lanyard::ServerAuthOptions server_options;
  server_options.config_files = {Env("SERVER_CONFIG_FILE")};
  server_options.tls = {Env("CERTIFICATE_FILE"), Env("PRIVATE_KEY_FILE"), ""};
  server_options.https = lanyard::Https();
  server_options.keep_callers_tokens = true;  // To be exchanged.
  auto auth = lanyard::ServerAuth::Create(server_options);
  if (!auth.ok()) return Fail(auth.status());
  grpc::ServerBuilder builder;
  int port = 0;
  (*auth)->AddListeningPort(builder, "127.0.0.1:0", &port);
  builder.RegisterService(&front);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("port %d\n", port);
  std::fflush(stdout);
  std::getchar();  // Until standard input is closed.
  server->Shutdown();
  return 0;
}
