// SPDX-License-Identifier: Apache-2.0
//   server ADDRESS CONFIG CERTIFICATE KEY
//   server 0.0.0.0:8443 auth.textproto tls.crt tls.key

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "greeter.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/server_auth.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: server ADDRESS CONFIG CERTIFICATE KEY\n");
    return 2;
  }
  lanyard::ServerAuthOptions options;
  options.config_files = {argv[2]};
  options.https = lanyard::Https();  // Where the config has an issuer's keys by URL.
  options.tls.certificate_chain = argv[3];
  options.tls.private_key = argv[4];
  auto auth = lanyard::ServerAuth::Create(std::move(options));
  if (!auth.ok()) {
    std::fprintf(stderr, "server: %s\n", auth.status().ToString().c_str());
    return 1;
  }

  acme::GreeterService greeter;
  grpc::ServerBuilder builder;
  (*auth)->AddListeningPort(builder, argv[1]);
  builder.RegisterService(&greeter);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
