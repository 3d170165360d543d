// SPDX-License-Identifier: Apache-2.0
//
// examples/consumer/client.cc without Lanyard: TLS, and a token that is read once.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "plain/greeter.grpc.pb.h"

namespace {

std::string Read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: client TARGET TOKEN_FILE CA_FILE\n");
    return 2;
  }
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = Read(argv[3]);
  const auto credentials = grpc::CompositeChannelCredentials(
      grpc::SslCredentials(tls), grpc::AccessTokenCredentials(Read(argv[2])));
  const auto channel = grpc::CreateChannel(argv[1], credentials);

  acme::GreetRequest request;
  request.set_greeting("Hello");
  acme::GreetReply reply;
  grpc::ClientContext context;
  const grpc::Status status = acme::Greeter::NewStub(channel)->Greet(&context, request, &reply);
  if (!status.ok()) {
    std::fprintf(stderr, "client: %s\n", status.error_message().c_str());
    return 1;
  }
  std::printf("%s\n", reply.text().c_str());
}
