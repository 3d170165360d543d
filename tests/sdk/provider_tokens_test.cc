// SPDX-License-Identifier: Apache-2.0
//
// Tokens shaped like those of the providers that servers trust, each against the config that an
// operator would write for it: what is accepted, and for which reason the rest is not.
#include "tests/sdk/provider_tokens.h"

namespace lanyard::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Verdict = std::optional<AuthFailure>;
constexpr auto kGood = std::nullopt;
constexpr auto kMissing = AuthFailure::kMissingClaim;
constexpr auto kTooLong = AuthFailure::kLifetimeTooLong;
constexpr auto kUnknownIssuer = AuthFailure::kUnknownIssuer;
constexpr auto kWrongAudience = AuthFailure::kWrongAudience;
constexpr auto kWrongType = AuthFailure::kWrongType;

struct TokenRow {
  const char* name;
  std::string config;
  // Empty: the header has none.
  const char* typ;
  ClaimsText claims;
  Verdict verdict;
};

class ProviderTokenTest : public ProviderFixture, public ::testing::WithParamInterface<TokenRow> {};

TEST_P(ProviderTokenTest, HasThisVerdict) {
  ExpectVerdict(*MakeFrom(GetParam().config), Sign(GetParam().typ, GetParam().claims),
                GetParam().verdict);
}

// Keycloak.

INSTANTIATE_TEST_SUITE_P(
    Keycloak, ProviderTokenTest,
    ::testing::Values(
        TokenRow{"AccessToken", kKeycloak, "JWT", KeycloakAccessToken(), kGood},
        TokenRow{"AccessTokenForOthers", kKeycloak, "JWT",
                 With(KeycloakAccessToken(), "aud: 'account'"), kWrongAudience},
        TokenRow{"AccessTokenForOthersToo", absl::StrCat(kKeycloak, "single_audience_only: true"),
                 "JWT", KeycloakAccessToken(), kWrongAudience},
        // Which old realms put there when the login had one; see verification.md, "kind".
        TokenRow{"AccessTokenWithNonce", kKeycloak, "JWT",
                 With(KeycloakAccessToken(), "nonce: 'n-1'"), kWrongType},
        TokenRow{"AccessTokenOfAnotherRealm", kKeycloak, "JWT",
                 With(KeycloakAccessToken(), "iss: 'https://sso.example.test/realms/toys'"),
                 kUnknownIssuer},
        TokenRow{"AccessTokenWithDpop", kKeycloak, "JWT",
                 With(KeycloakAccessToken(), "typ: 'DPoP'; cnf: {'jkt':'x'}"), kWrongType},
        TokenRow{
            "RequestingPartyToken", kKeycloak, "JWT",
            With(
                KeycloakAccessToken(),
                "authorization: {'permissions':[{'scopes':['view'],'rsid':'1','rsname':'order'}]}"),
            kGood},
        TokenRow{"AccessTokenTypedAtJwt", kKeycloak, "at+jwt", KeycloakAccessToken(), kGood},
        TokenRow{"IdTokenTypedAtJwt", kKeycloak, "at+jwt", KeycloakIdToken(), kWrongType},
        TokenRow{"AtJwtAccessToken", kKeycloakAtJwt, "at+jwt", KeycloakAccessToken(), kGood},
        TokenRow{"AtJwtIdToken", kKeycloakAtJwt, "JWT", KeycloakIdToken(), kWrongType},
        TokenRow{"ServiceAccount", kKeycloak, "JWT", KeycloakServiceAccountToken(), kGood},
        TokenRow{"Lightweight", kKeycloak, "JWT", KeycloakLightweightToken(), kWrongAudience},
        TokenRow{"LightweightForUs", kKeycloak, "JWT",
                 With(KeycloakLightweightToken(), "aud: 'orders'"), kMissing},
        TokenRow{"LightweightForUsWithoutSubject", KeycloakSubjectless(), "JWT",
                 With(KeycloakLightweightToken(), "aud: 'orders'"), kGood},
        TokenRow{"RefreshTokenWithThePublicKey", kKeycloak, "JWT", KeycloakRefreshToken(),
                 kWrongAudience},
        TokenRow{"OfflineTokenWithThePublicKey", kKeycloak, "JWT", KeycloakOfflineToken(),
                 kMissing},
        TokenRow{"LogoutToken", kKeycloak, "logout+jwt", KeycloakLogoutToken(), kWrongType},
        TokenRow{"LogoutTokenTypedJwt", kKeycloak, "JWT", KeycloakLogoutToken(), kWrongType},
        TokenRow{"LogoutTokenOfASession", KeycloakSubjectless(), "JWT",
                 With(KeycloakLogoutToken(), "sub:"), kWrongType}),
    kRowName);

// What the realm signs with its own secret, for itself.
TEST_F(ProviderFixture, KeycloakTokensWithTheRealmsSecretAreRefused) {
  const TestIssuer secret(Algorithm::kHs512, "realm");
  for (const ClaimsText& claims :
       {KeycloakRefreshToken(), KeycloakOfflineToken(),
        With(KeycloakAccessToken(), "typ: 'Serialized-ID'; aud: 'orders'")}) {
    EXPECT_THAT(
        MakeFrom(kKeycloak)->Verify(secret.Token().Type("JWT").RawClaims(claims.str()).Sign()),
        FailsWith(AuthFailure::kUnsupportedAlgorithm));
  }
}

TEST_F(ProviderFixture, KeycloakUserIsReadable) {
  const Identity caller = CallerOf(kKeycloak, "JWT", KeycloakAccessToken());
  EXPECT_TRUE(caller.Is("sso", "0f2c61d4-77aa-4c0e-8d6e-000000000002"));
  EXPECT_EQ(caller.client_id(), "storefront");
  EXPECT_THAT(caller.audiences(), ElementsAre("orders", "account"));
  EXPECT_THAT(caller.scopes(), ElementsAre("openid", "email", "profile", "orders.read"));
  EXPECT_THAT(TextsAt(caller, {"realm_access", "roles"}), ElementsAre("offline_access", "buyer"));
  EXPECT_THAT(TextsAt(caller, {"resource_access", "orders", "roles"}),
              ElementsAre("read", "cancel"));
  EXPECT_THAT(TextsAt(caller, {"preferred_username"}), ElementsAre("alice"));
}

TEST_F(ProviderFixture, KeycloakServiceAccountIsReadable) {
  const Identity caller = CallerOf(kKeycloak, "JWT", KeycloakServiceAccountToken());
  EXPECT_TRUE(caller.Is("sso", "0f2c61d4-77aa-4c0e-8d6e-000000000004"));
  EXPECT_EQ(caller.client_id(), "billing");
  EXPECT_THAT(TextsAt(caller, {"preferred_username"}), ElementsAre("service-account-billing"));
}

TEST_F(ProviderFixture, KeycloakLightweightTokenNamesItsClientOnly) {
  const Identity caller =
      CallerOf(KeycloakSubjectless(), "JWT", With(KeycloakLightweightToken(), "aud: 'orders'"));
  EXPECT_FALSE(caller.has_subject());
  EXPECT_EQ(caller.client_id(), "billing");
}

// The access token in everything but the one claim that says what it is.
class KeycloakKindTest : public ProviderFixture,
                         public ::testing::WithParamInterface<const char*> {};

TEST_P(KeycloakKindTest, IsToldByTheClaimTyp) {
  const ClaimsText claims = With(KeycloakAccessToken(), absl::StrCat("typ: '", GetParam(), "'"));
  EXPECT_THAT(MakeFrom(kKeycloak)->Verify(Sign("JWT", claims)), FailsWith(kWrongType));
}

INSTANTIATE_TEST_SUITE_P(, KeycloakKindTest,
                         ::testing::Values("ID", "Refresh", "Offline", "Logout", "Serialized-ID",
                                           "RegistrationAccessToken"),
                         [](const auto& info) {
                           return absl::StrReplaceAll(info.param, {{"-", ""}});
                         });

// Kubernetes.

INSTANTIATE_TEST_SUITE_P(
    Kubernetes, ProviderTokenTest,
    ::testing::Values(
        TokenRow{"Projected", kKubernetes, "", KubernetesToken(), kGood},
        TokenRow{"ProjectedWithTokenId", kKubernetes, "", With(KubernetesToken(), "jti: '4'"),
                 kGood},
        TokenRow{"ProjectedTypedJwt", kKubernetes, "JWT", KubernetesToken(), kGood},
        TokenRow{"ProjectedForADay", kKubernetes, "", With(KubernetesToken(), "exp: @86390"),
                 kGood},
        TokenRow{"ProjectedForADayAndASecond", kKubernetes, "",
                 With(KubernetesToken(), "exp: @86391"), kTooLong},
        TokenRow{"ForTheApiServer", kKubernetes, "",
                 With(KubernetesToken(), "aud: ['https://kubernetes.default.svc']"),
                 kWrongAudience},
        TokenRow{"OfAnotherCluster", kKubernetes, "",
                 With(KubernetesToken(), "iss: 'https://kubernetes.default.svc'"), kUnknownIssuer},
        TokenRow{"Extended", kKubernetes, "", KubernetesExtendedToken(), kTooLong},
        TokenRow{"ExtendedForTheApiServer", kKubernetes, "",
                 With(KubernetesExtendedToken(), "aud: ['https://kubernetes.default.svc']"),
                 kTooLong},
        TokenRow{"ExtendedWhereLivesMayBeLongest",
                 absl::StrCat(kKubernetes, "max_lifetime { seconds: 2678400 }"), "",
                 KubernetesExtendedToken(), kTooLong},
        TokenRow{"OfASecret", kKubernetes, "", KubernetesSecretToken(), kUnknownIssuer},
        TokenRow{"OfASecretWhereItsIssuerIsTrusted",
                 absl::StrReplaceAll(kKubernetes, {{"https://oidc.cluster.example.test",
                                                    "kubernetes/serviceaccount"}}),
                 "", KubernetesSecretToken(), kMissing}),
    kRowName);

TEST_F(ProviderFixture, KubernetesServiceAccountIsReadable) {
  const Identity caller = CallerOf(kKubernetes, "", KubernetesToken());
  EXPECT_TRUE(caller.Is("cluster", "system:serviceaccount:shop:billing"));
  EXPECT_EQ(caller.client_id(), "");
  EXPECT_THAT(TextsAt(caller, {"kubernetes.io", "namespace"}), ElementsAre("shop"));
  EXPECT_THAT(TextsAt(caller, {"kubernetes.io", "pod", "name"}), ElementsAre("billing-0"));
  EXPECT_THAT(TextsAt(caller, {"kubernetes.io", "serviceaccount", "name"}), ElementsAre("billing"));
}

// Auth0.

INSTANTIATE_TEST_SUITE_P(
    Auth0, ProviderTokenTest,
    ::testing::Values(
        TokenRow{"AccessToken", kAuth0, "JWT", Auth0AccessToken(), kGood},
        TokenRow{"AccessTokenForUserinfoToo", absl::StrCat(kAuth0, "single_audience_only: true"),
                 "JWT", Auth0AccessToken(), kWrongAudience},
        TokenRow{"AccessTokenForUserinfoOnly", kAuth0, "JWT",
                 With(Auth0AccessToken(), "aud: 'https://shop.auth0.example.test/userinfo'"),
                 kWrongAudience},
        TokenRow{"IssuerWithoutTheLastSlash", kAuth0, "JWT",
                 With(Auth0AccessToken(), "iss: 'https://shop.auth0.example.test'"),
                 kUnknownIssuer},
        TokenRow{"ClientCredentials", kAuth0, "JWT", Auth0ClientCredentialsToken(), kGood},
        TokenRow{"ClientCredentialsOfARareLongLife", kAuth0, "JWT",
                 With(Auth0ClientCredentialsToken(), "exp: @2591990"), kTooLong},
        TokenRow{"IdTokenForItsClient", kAuth0, "JWT", Auth0IdToken(), kWrongAudience}),
    kRowName);

TEST_F(ProviderFixture, Auth0ClaimsNamedByUrlsAreReadable) {
  const Identity caller = CallerOf(kAuth0, "JWT", Auth0AccessToken());
  EXPECT_TRUE(caller.Is("auth0", "auth0|5f7c8ec7c33c6c004bbafe82"));
  EXPECT_EQ(caller.client_id(), "Xq3vB0storefront");
  EXPECT_THAT(caller.scopes(), ElementsAre("openid", "profile", "orders.read"));
  EXPECT_THAT(TextsAt(caller, {"https://shop.example/roles"}), ElementsAre("buyer", "reviewer"));
  EXPECT_THAT(TextsAt(caller, {"https://shop.example/tenant", "id"}), ElementsAre("t-1"));
  EXPECT_THAT(TextsAt(caller, {"permissions"}), ElementsAre("orders.read"));
}

TEST_F(ProviderFixture, Auth0ClientIsReadable) {
  const Identity caller = CallerOf(kAuth0, "JWT", Auth0ClientCredentialsToken());
  EXPECT_TRUE(caller.Is("auth0", "Zk8billing@clients"));
  EXPECT_EQ(caller.client_id(), "Zk8billing");
  EXPECT_THAT(TextsAt(caller, {"gty"}), ElementsAre("client-credentials"));
}

// Okta: no typ in the header of either kind.

INSTANTIATE_TEST_SUITE_P(
    Okta, ProviderTokenTest,
    ::testing::Values(TokenRow{"AccessToken", kOkta, "", OktaAccessToken(), kGood},
                      TokenRow{"ClientCredentials", kOkta, "", With(OktaAccessToken(), R"(
    sub: '0oabilling'; uid:; auth_time:)"),
                               kGood},
                      TokenRow{"IdTokenForItsClient", kOkta, "", OktaIdToken(), kWrongAudience}),
    kRowName);

// Entra ID, version 2: aud of either kind is an application's id.

INSTANTIATE_TEST_SUITE_P(
    Entra, ProviderTokenTest,
    ::testing::Values(
        TokenRow{"User", kEntra, "JWT", EntraUserToken(), kGood},
        TokenRow{"Application", kEntra, "JWT", EntraApplicationToken(), kGood},
        TokenRow{"Version1", kEntra, "JWT", With(EntraUserToken(), R"(
    iss: 'https://sts.entra.example.test/72f9-tenant/'; ver: '1.0'; aud: 'api://11111111-orders'
    azp:; appid: '33333333-storefront')"),
                 kUnknownIssuer},
        TokenRow{
            "OfAnotherTenant", kEntra, "JWT",
            With(EntraUserToken(),
                 "iss: 'https://login.entra.example.test/66aa-tenant/v2.0'; tid: '66aa-tenant'"),
            kUnknownIssuer},
        TokenRow{"ForAnotherApplication", kEntra, "JWT",
                 With(EntraUserToken(), "aud: '00000003-graph'"), kWrongAudience}),
    kRowName);

TEST_F(ProviderFixture, EntraUserIsReadable) {
  const Identity caller = CallerOf(kEntra, "JWT", EntraUserToken());
  EXPECT_TRUE(caller.Is("entra", "pairwise-alice"));
  EXPECT_EQ(caller.client_id(), "33333333-storefront");
  EXPECT_THAT(caller.scopes(), ElementsAre("Orders.Read", "Orders.Cancel"));
  EXPECT_THAT(TextsAt(caller, {"scp"}), ElementsAre("Orders.Read Orders.Cancel"));
  EXPECT_THAT(TextsAt(caller, {"roles"}), ElementsAre("Orders.Buyer"));
  EXPECT_THAT(TextsAt(caller, {"tid"}), ElementsAre("72f9-tenant"));
}

// Google: what one service shows another is an ID token by name, made for that audience;
// so the services are listed.

INSTANTIATE_TEST_SUITE_P(
    Google, ProviderTokenTest,
    ::testing::Values(TokenRow{"Service", kGoogle, "JWT", GoogleServiceToken(), kGood},
                      TokenRow{"ServiceOnAMachine", kGoogle, "JWT",
                               With(GoogleServiceToken(),
                                    "google: {'compute_engine':{'project_id':'shop','zone':'z'}}"),
                               kGood},
                      TokenRow{"ServiceForAnother", kGoogle, "JWT",
                               With(GoogleServiceToken(), "aud: 'https://stock.example'"),
                               kWrongAudience}),
    kRowName);

TEST_F(ProviderFixture, GoogleServiceIsReadable) {
  const Identity caller = CallerOf(kGoogle, "JWT", GoogleServiceToken());
  EXPECT_TRUE(caller.Is("google", "112233445566778899000"));
  EXPECT_EQ(caller.client_id(), "112233445566778899000");
  EXPECT_THAT(TextsAt(caller, {"email"}), ElementsAre("billing@shop.iam.gserviceaccount.example"));
}

// SPIFFE JWT-SVIDs.

INSTANTIATE_TEST_SUITE_P(
    Spiffe, ProviderTokenTest,
    ::testing::Values(
        TokenRow{"TypedJwt", kSpiffe, "JWT", SvidWithIssuer(), kGood},
        TokenRow{"TypedJose", kSpiffe, "JOSE", SvidWithIssuer(), kGood},
        TokenRow{"Untyped", kSpiffe, "", SvidWithIssuer(), kGood},
        TokenRow{"TypedAtJwt", kSpiffe, "at+jwt", SvidWithIssuer(), kWrongType},
        TokenRow{"WithoutIssuer", kSpiffe, "JWT", StrictSvid(), kUnknownIssuer},
        TokenRow{"WithoutExp", kSpiffe, "JWT", With(SvidWithIssuer(), "exp:"), kMissing},
        TokenRow{"WithoutSubject", kSpiffe, "JWT", With(SvidWithIssuer(), "sub:"), kMissing},
        TokenRow{"ForAnotherWorkload", kSpiffe, "JWT",
                 With(SvidWithIssuer(), "aud: ['spiffe://shop.example/stock']"), kWrongAudience}),
    kRowName);

TEST_F(ProviderFixture, SpiffeIdIsTheSubject) {
  EXPECT_TRUE(CallerOf(kSpiffe, "", SvidWithIssuer()).Is("spire", "spiffe://shop.example/billing"));
}

// Access tokens by RFC 9068, as from Auth0's profile of that name.

INSTANTIATE_TEST_SUITE_P(
    Rfc9068, ProviderTokenTest,
    ::testing::Values(TokenRow{"AtJwt", kRfc9068, "at+jwt", Rfc9068Token(), kGood},
                      TokenRow{"AtJwtInCapitals", kRfc9068, "AT+JWT", Rfc9068Token(), kGood},
                      TokenRow{"ApplicationAtJwt", kRfc9068, "application/at+jwt", Rfc9068Token(),
                               kGood},
                      TokenRow{"Jwt", kRfc9068, "JWT", Rfc9068Token(), kWrongType},
                      TokenRow{"Untyped", kRfc9068, "", Rfc9068Token(), kWrongType},
                      TokenRow{"Text", kRfc9068, "text/at+jwt", Rfc9068Token(), kWrongType},
                      // Keycloak's at+jwt: azp, but client_id only in a service account's.
                      TokenRow{"WithAzpAlone", kRfc9068, "at+jwt",
                               With(Rfc9068Token(), "client_id:; azp: 'storefront'"), kMissing},
                      TokenRow{"WithAzpToo", kRfc9068, "at+jwt",
                               With(Rfc9068Token(), "azp: 'storefront'"), kGood}),
    kRowName);

INSTANTIATE_TEST_SUITE_P(Cognito, ProviderTokenTest,
                         ::testing::Values(TokenRow{"AccessTokenWithoutAudience", kCognito, "",
                                                    CognitoAccessToken(), kWrongAudience},
                                           TokenRow{"AccessTokenForUs", kCognito, "",
                                                    With(CognitoAccessToken(), "aud: 'orders'"),
                                                    kGood}),
                         kRowName);

}  // namespace
}  // namespace lanyard::testing
