// SPDX-License-Identifier: Apache-2.0
//
// The gated Echo server, for clients in other languages.
//
//   echo_server_main FOLDER
//
// Writes tokens to files in FOLDER (see Tokens below), prints the port and the path of the CA
// certificate, a line each, and serves until standard input is closed.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

// File names, and what is in them. "other" is signed with a key that is not the issuer's.
std::vector<std::pair<std::string, std::string>> Tokens(const testing::TestIssuer& issuer) {
  const testing::TestIssuer impostor;
  return {
      {"valid", issuer.Token().Scopes("read").Sign()},
      {"writer", issuer.Token().Scopes("read write").Sign()},
      {"expired", issuer.Token().ExpiresIn(-absl::Hours(1)).Sign()},
      {"early", issuer.Token().NotBeforeIn(absl::Minutes(4)).Sign()},
      {"elsewhere", issuer.Token().Audience("elsewhere").Sign()},
      {"other", impostor.Token().KeyId(issuer.key().id()).Sign()},
  };
}

int Serve(const std::string& folder) {
  GatedServer server(Api::kSync);
  server.Start();
  if (server.port == 0) return 1;
  for (const auto& [name, token] : Tokens(server.issuer)) {
    std::ofstream file(folder + "/" + name);
    file << token;
    if (!file.flush()) {
      std::fprintf(stderr, "echo_server_main: %s cannot be written\n", name.c_str());
      return 1;
    }
  }
  std::cout << server.port << "\n" << server.files.Client().root_certificates << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  return server.echo.handled().saw_bearer == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lanyard::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: echo_server_main FOLDER\n");
    return 2;
  }
  return lanyard::test::Serve(argv[1]);
}
