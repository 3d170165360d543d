// SPDX-License-Identifier: Apache-2.0
// Tokens that the client signs itself, with a key whose public half its servers know
// (`lanyard key rotate`, `lanyard key public`).

#include <utility>

#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"

int main() {
  // A folder of `lanyard key rotate`: the keys change by themselves.
  auto keys = lanyard::KeyDirectory::Create({Env("KEY_DIRECTORY")});
  if (!keys.ok()) return Fail(keys.status());
  lanyard::SignerOptions signing;
  signing.key_directory = *std::move(keys);
  auto signer = lanyard::Signer::Create(std::move(signing));
  if (!signer.ok()) return Fail(signer.status());

  lanyard::SelfSignedTokenOptions tokens;
  tokens.signer = *std::move(signer);
  tokens.issuer = "https://checkout.example.test";
  tokens.subject = "svc:checkout";
  tokens.scopes = {"orders.read"};
  auto source = lanyard::SelfSignedTokenSource(std::move(tokens));
  if (!source.ok()) return Fail(source.status());

  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = *source;
  options.tls.root_certificates = Env("CA_FILE");
  return GetOrder(lanyard::CreateChannel(Env("TARGET"), options));
}
