// SPDX-License-Identifier: Apache-2.0
// A token source of one's own: here a program that prints a token, as cloud providers have them.

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/token_source.h"

// Lanyard keeps what it gives, asks again in time, and checks whom each token is for. It may block
// for a while: it is asked on a thread of its own.
class ProgramTokenSource final : public lanyard::TokenSource {
 public:
  explicit ProgramTokenSource(std::string command) : command_(std::move(command)) {}

  void Fetch(const lanyard::TokenRequest& request, lanyard::TokenCallback done) override {
    if (request.subject_token != nullptr) return done(lanyard::NoExchange());
    std::FILE* const program = popen(command_.c_str(), "r");
    if (program == nullptr) return done(absl::UnavailableError("the program does not start"));
    char token[8192] = "";
    const bool read = std::fgets(token, sizeof(token), program) != nullptr;
    if (pclose(program) != 0 || !read) return done(absl::UnavailableError("it printed no token"));
    done(lanyard::BearerToken(absl::StripAsciiWhitespace(token), absl::Now() + absl::Minutes(5)));
  }

 private:
  const std::string command_;
};

int main() {
  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = std::make_shared<ProgramTokenSource>(Env("TOKEN_COMMAND"));
  options.tls.root_certificates = Env("CA_FILE");
  return GetOrder(lanyard::CreateChannel(Env("TARGET"), options));
}
