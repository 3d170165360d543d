// SPDX-License-Identifier: Apache-2.0
// A client without any secret: the SPIFFE agent of its machine, which SPIFFE_ENDPOINT_SOCKET names,
// sees which process asks and gives it tokens.

#include "lanyard/interceptors/workload_api.h"
#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"

int main() {
  auto tokens = lanyard::WorkloadApiTokenSource({});
  if (!tokens.ok()) return Fail(tokens.status());

  lanyard::ClientAuthOptions options;
  options.audience = "spiffe://prod.example/orders";
  options.token_source = *tokens;
  options.tls.root_certificates = Env("CA_FILE");
  return GetOrder(lanyard::CreateChannel(Env("TARGET"), options));
}
