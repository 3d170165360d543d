// SPDX-License-Identifier: Apache-2.0
//   client TARGET AUDIENCE TOKEN_FILE CA_FILE
//   client greeter.prod:8443 greeter /var/run/secrets/tokens/greeter ca.pem

#include <grpcpp/grpcpp.h>

#include <cstdio>

#include "greeter.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: client TARGET AUDIENCE TOKEN_FILE CA_FILE\n");
    return 2;
  }
  lanyard::ClientAuthOptions options;
  options.audience = argv[2];
  options.token_source = lanyard::FileTokenSource(argv[3]);
  options.tls.root_certificates = argv[4];
  auto channel = lanyard::CreateChannel(argv[1], options);
  if (!channel.ok()) {
    std::fprintf(stderr, "client: %s\n", channel.status().ToString().c_str());
    return 1;
  }

  acme::GreetRequest request;
  request.set_greeting("Hello");
  acme::GreetReply reply;
  grpc::ClientContext context;
  const grpc::Status status = acme::Greeter::NewStub(*channel)->Greet(&context, request, &reply);
  if (!status.ok()) {
    std::fprintf(stderr, "client: %s\n", status.error_message().c_str());
    return 1;
  }
  std::printf("%s\n", reply.text().c_str());
}
