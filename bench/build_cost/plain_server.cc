// SPDX-License-Identifier: Apache-2.0
//
// examples/consumer/server.cc without Lanyard: TLS, and whoever calls is served.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "plain/greeter.grpc.pb.h"

namespace acme {
namespace {

class GreeterService final : public Greeter::Service {
 public:
  grpc::Status Greet(grpc::ServerContext*, const GreetRequest* request,
                     GreetReply* reply) override {
    reply->set_text(request->greeting() + ", you");
    return grpc::Status::OK;
  }
};

std::string Read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace
}  // namespace acme

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: server ADDRESS CERTIFICATE KEY\n");
    return 2;
  }
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs = {{acme::Read(argv[3]), acme::Read(argv[2])}};
  acme::GreeterService greeter;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], grpc::SslServerCredentials(tls));
  builder.RegisterService(&greeter);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
