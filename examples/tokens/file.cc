// SPDX-License-Identifier: Apache-2.0
// A token in a file that somebody else keeps fresh, as Kubernetes does.

#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"

int main() {
  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = lanyard::FileTokenSource(Env("TOKEN_FILE"));
  options.tls.root_certificates = Env("CA_FILE");
  return GetOrder(lanyard::CreateChannel(Env("TARGET"), options));
}
