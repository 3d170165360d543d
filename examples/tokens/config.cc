// SPDX-License-Identifier: Apache-2.0
// Sources and targets in a file, which may change while the program runs.

#include "examples/tokens/get_order.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"

int main() {
  lanyard::ClientAuthOptions options;
  options.config_file = Env("CONFIG_FILE");
  options.https = lanyard::Https();
  options.tls.root_certificates = Env("CA_FILE");
  auto auth = lanyard::ClientAuth::Create(options);
  if (!auth.ok()) return Fail(auth.status());  // Names the file, the line and what would be right.
  return GetOrder((*auth)->CreateChannel(Env("TARGET")));
}
