// SPDX-License-Identifier: Apache-2.0
// docs/guides/oidc.md: the config that examples/oidc has for each provider, against tokens shaped
// like that provider's.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/sdk/provider_tokens.h"

namespace lanyard::testing {
namespace {

using ::testing::AnyOf;

struct ProviderRow {
  const char* name;
  const char* typ;
  ClaimsText access_token;
  // For a client that has our audience's name.
  ClaimsText id_token;
  std::vector<std::string> scopes, roles;
};

class OidcConfigTest : public ProviderFixture, public ::testing::WithParamInterface<ProviderRow> {
 protected:
  // The example's, with the names that these tokens have.
  std::unique_ptr<Verifier> MakeFromExample() const {
    const std::string path = absl::StrCat("examples/oidc/", GetParam().name, ".textproto");
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    v1::ServerConfig config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrReplaceAll(text.str(), {{"login.microsoftonline.com", "login.entra.example.test"},
                                         {"accounts.google.com", "accounts.google.example.test"},
                                         {"shop.eu.auth0.com", "shop.auth0.example.test"},
                                         {"shop.okta.com", "shop.okta.example.test"},
                                         {"TENANT", "72f9-tenant"},
                                         {"APPLICATION", "11111111-orders"}}),
        &config))
        << path;
    EXPECT_EQ(config.issuers_size(), 1) << path;
    return Make({{config.issuers(0), Provider().Keys()}});
  }
};

TEST_P(OidcConfigTest, TakesAccessTokens) {
  const auto caller = MakeFromExample()->Verify(Sign(GetParam().typ, GetParam().access_token));
  ASSERT_THAT(caller, IsOk());
  EXPECT_EQ(caller->scopes(), GetParam().scopes);
  EXPECT_EQ(caller->roles(), GetParam().roles);
}

TEST_P(OidcConfigTest, TakesNoIdTokens) {
  EXPECT_THAT(MakeFromExample()->Verify(Sign(GetParam().typ, GetParam().id_token)),
              AnyOf(FailsWith(AuthFailure::kWrongType), FailsWith(AuthFailure::kMissingClaim)));
}

INSTANTIATE_TEST_SUITE_P(
    , OidcConfigTest,
    ::testing::Values(ProviderRow{"keycloak",
                                  "JWT",
                                  KeycloakAccessToken(),
                                  KeycloakIdToken(),
                                  {"openid", "email", "profile", "orders.read"},
                                  {"offline_access", "buyer", "read", "cancel"}},
                      ProviderRow{"auth0",
                                  "JWT",
                                  Auth0AccessToken(),
                                  With(Auth0IdToken(), "aud: 'https://orders.example'"),
                                  {"openid", "profile", "orders.read"},
                                  {"orders.read"}},
                      ProviderRow{"entra",
                                  "JWT",
                                  EntraUserToken(),
                                  EntraIdToken(),
                                  {"Orders.Read", "Orders.Cancel"},
                                  {"Orders.Buyer"}},
                      ProviderRow{"okta",
                                  "",
                                  OktaAccessToken(),
                                  With(OktaIdToken(), "aud: 'api://orders'"),
                                  {"openid", "orders.read"},
                                  {}},
                      ProviderRow{
                          "google", "JWT", GoogleServiceToken(), GoogleSignInToken(), {}, {}}),
    kRowName);

}  // namespace
}  // namespace lanyard::testing
