// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/provider_tokens.h"

namespace lanyard::testing {
namespace {

using ::testing::AnyOf;

constexpr auto kMissing = AuthFailure::kMissingClaim;
constexpr auto kWrongType = AuthFailure::kWrongType;

// ID tokens. A client hands them about as proof of a login; whoever holds one must not be able to
// call with it, whatever it happens to carry or lack. Each is for a client that has our audience's
// name, has a header like the access token's, and so differs from it by its claims alone.

struct IdTokenRow {
  const char* name;
  const char* config;
  const char* typ;
  ClaimsText claims;
};

class IdTokenTest : public ProviderFixture, public ::testing::WithParamInterface<IdTokenRow> {};

TEST_P(IdTokenTest, IsNoAccessToken) {
  EXPECT_THAT(MakeFrom(GetParam().config)->Verify(Sign(GetParam().typ, GetParam().claims)),
              AnyOf(FailsWith(kWrongType), FailsWith(kMissing)));
}

TEST_P(IdTokenTest, IsNoneUnderRfc9068Either) {
  v1::Issuer config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(GetParam().config, &config));
  config.clear_profile();
  config.clear_custom_types();
  config.clear_required_claims();
  EXPECT_THAT(Make({{config, Provider().Keys()}})->Verify(Sign(GetParam().typ, GetParam().claims)),
              FailsWith(kWrongType));
}

// For a client that is our audience.
ClaimsText Auth0IdTokenForUs() { return With(Auth0IdToken(), "aud: 'https://orders.example'"); }
ClaimsText OktaIdTokenForUs() { return With(OktaIdToken(), "aud: 'api://orders'"); }

// An answer of the userinfo endpoint, signed, by a provider that gives it an exp.
ClaimsText UserinfoWithExp() {
  return With({}, R"(
    iss: 'https://sso.example.test/realms/shop'; aud: 'orders'; exp: @290; iat: @-10; sub: 'alice'
    name: 'Alice Example'; email: 'alice@shop.example'; email_verified: true)");
}

INSTANTIATE_TEST_SUITE_P(
    , IdTokenTest,
    ::testing::Values(
        IdTokenRow{"Keycloak", kKeycloak, "JWT",
                   With(KeycloakIdToken(), "nonce: 'n-1'; at_hash: 'h'")},
        IdTokenRow{"KeycloakWithNonce", kKeycloak, "JWT", With(KeycloakIdToken(), "nonce: 'n-1'")},
        IdTokenRow{"KeycloakWithAtHash", kKeycloak, "JWT", With(KeycloakIdToken(), "at_hash: 'h'")},
        IdTokenRow{"KeycloakWithCHash", kKeycloak, "JWT", With(KeycloakIdToken(), "c_hash: 'h'")},
        IdTokenRow{"KeycloakWithSHash", kKeycloak, "JWT", With(KeycloakIdToken(), "s_hash: 'h'")},
        IdTokenRow{"KeycloakBare", kKeycloak, "JWT", KeycloakIdToken()},
        IdTokenRow{"KeycloakBareForOthersToo", kKeycloak, "JWT",
                   With(KeycloakIdToken(), "aud: ['orders','account']")},
        IdTokenRow{"KeycloakBareForAnotherClientToo", kKeycloak, "JWT",
                   With(KeycloakIdToken(), "aud: ['storefront','orders']; azp: 'storefront'")},
        IdTokenRow{"KeycloakBareWithRolesAndScope", kKeycloak, "JWT",
                   With(KeycloakIdToken(),
                        "realm_access: {'roles':['buyer']}; scope: 'openid orders.read'")},
        IdTokenRow{"KeycloakServiceAccountBare", kKeycloak, "JWT",
                   With(KeycloakIdToken(),
                        "auth_time:; client_id: 'orders'; "
                        "preferred_username: 'service-account-orders'")},
        IdTokenRow{"Auth0WithNonce", kAuth0, "JWT", With(Auth0IdTokenForUs(), "nonce: 'n-1'")},
        IdTokenRow{"Auth0Bare", kAuth0, "JWT", Auth0IdTokenForUs()},
        IdTokenRow{"Auth0BareWithAuthTime", kAuth0, "JWT",
                   With(Auth0IdTokenForUs(), "auth_time: @-60")},
        IdTokenRow{"OktaWithNonceAndAtHash", kOkta, "",
                   With(OktaIdTokenForUs(), "nonce: 'n-1'; at_hash: 'h'")},
        IdTokenRow{"OktaBare", kOkta, "", OktaIdTokenForUs()},
        IdTokenRow{"EntraWithNonce", kEntra, "JWT", With(EntraIdToken(), "nonce: 'n-1'")},
        IdTokenRow{"EntraBare", kEntra, "JWT", EntraIdToken()},
        IdTokenRow{"EntraBareWithRoles", kEntra, "JWT",
                   With(EntraIdToken(), "roles: ['Orders.Buyer']")},
        IdTokenRow{"CognitoWithAtHash", kCognito, "", With(CognitoIdToken(), "at_hash: 'h'")},
        IdTokenRow{"CognitoBare", kCognito, "", CognitoIdToken()},
        IdTokenRow{"GoogleSignInWithAtHash", kGoogle, "JWT",
                   With(GoogleSignInToken(), "at_hash: 'h'")},
        IdTokenRow{"GoogleSignInBare", kGoogle, "JWT", GoogleSignInToken()},
        IdTokenRow{"UserinfoWithExp", kKeycloak, "JWT", UserinfoWithExp()}),
    kRowName);

}  // namespace
}  // namespace lanyard::testing
