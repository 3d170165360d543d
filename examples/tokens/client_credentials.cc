// SPDX-License-Identifier: Apache-2.0
// Tokens from an OAuth 2.0 issuer, for the client itself.

#include "examples/tokens/get_order.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"

int main() {
  lanyard::ClientCredentialsOptions credentials;
  credentials.client.token_url = Env("TOKEN_URL");
  credentials.client.client_id = Env("CLIENT_ID");
  credentials.client.client_secret_file = Env("CLIENT_SECRET_FILE");
  credentials.client.client_secret_in = lanyard::ClientSecretIn::kForm;
  credentials.client.ca_file = Env("CA_FILE");
  credentials.client.https = lanyard::Https();
  credentials.audience_as = lanyard::AudienceAs::kResource;
  credentials.scopes = {"orders.read"};
  auto source = lanyard::ClientCredentialsTokenSource(credentials);
  if (!source.ok()) return Fail(source.status());

  lanyard::ClientAuthOptions options;
  options.audience = "https://orders.example.test";
  options.token_source = *source;
  options.tls.root_certificates = Env("CA_FILE");
  return GetOrder(lanyard::CreateChannel(Env("TARGET"), options));
}
