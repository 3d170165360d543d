// SPDX-License-Identifier: Apache-2.0

// The application of docs/guides/sign-in.md: signs a user in, whose password is its standard input,
// and prints the access token; or, with a refresh token there, its next one.
//
//   sign_in_client signin|refresh PORT CA_FILE

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "lanyard/v1/token_service.grpc.pb.h"

namespace {

std::string Contents(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void Limit(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string command = argv[1], address = std::string("localhost:") + argv[2];
  const std::string ca_file = argv[3];
  std::string secret;
  std::getline(std::cin, secret);

  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = Contents(ca_file);
  const auto tokens =
      lanyard::v1::TokenService::NewStub(grpc::CreateChannel(address, grpc::SslCredentials(tls)));
  lanyard::v1::TokenResponse response;
  grpc::ClientContext context;
  Limit(&context);
  grpc::Status status;
  if (command == "signin") {
    const std::string password = secret;
    lanyard::v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(password);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    status = tokens->SignIn(&context, request, &response);
  } else {
    const std::string refresh_token = secret;
    lanyard::v1::RefreshRequest request;
    request.set_refresh_token(refresh_token);
    request.mutable_client()->set_client_id("web");
    status = tokens->Refresh(&context, request, &response);
  }
  if (!status.ok()) {
    std::cerr << status.error_message() << "\n";
    return 1;
  }
  std::cout << response.access_token() << "\n" << response.refresh_token() << "\n";
  return 0;
}
