// SPDX-License-Identifier: Apache-2.0
//
// Tokens shaped like those of the providers that servers trust, each against the config that an
// operator would write for it: what is accepted, and for which reason the rest is not.

#include <google/protobuf/text_format.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Verdict = std::optional<AuthFailure>;
constexpr auto kGood = std::nullopt;
constexpr auto kMissing = AuthFailure::kMissingClaim;
constexpr auto kTooLong = AuthFailure::kLifetimeTooLong;
constexpr auto kUnknownIssuer = AuthFailure::kUnknownIssuer;
constexpr auto kWrongAudience = AuthFailure::kWrongAudience;
constexpr auto kWrongType = AuthFailure::kWrongType;

// Seconds since the epoch, that long after the time at which the clock stands.
std::string At(int64_t seconds) { return absl::StrCat(1900000000 + seconds); }

// Claims with changes, one a line or between semicolons: "name: JSON" sets, "name:" takes out, ' is
// written for ", and @N for the time N seconds from now.
ClaimsText With(ClaimsText claims, absl::string_view changes) {
  for (absl::string_view change : absl::StrSplit(changes, absl::ByAnyChar("\n;"))) {
    change = absl::StripAsciiWhitespace(change);
    if (change.empty()) continue;
    const size_t colon = change.find(": ");
    if (colon == change.npos) {
      claims.Remove(std::string(absl::StripSuffix(change, ":")));
      continue;
    }
    const std::string name(change.substr(0, colon));
    absl::string_view json = change.substr(colon + 2);
    int64_t seconds = 0;
    if (absl::ConsumePrefix(&json, "@") && absl::SimpleAtoi(json, &seconds)) {
      claims.Set(name, At(seconds));
    } else {
      claims.Set(name, absl::StrReplaceAll(json, {{"'", "\""}}));
    }
  }
  return claims;
}

// The key of whichever provider; made once, because RSA keys take their time.
const TestIssuer& Provider() {
  static const auto* const provider = new TestIssuer(Algorithm::kRs256, "provider");
  return *provider;
}

std::string Sign(const std::string& typ, const ClaimsText& claims) {
  return Provider().Token().Type(typ).RawClaims(claims.str()).Sign();
}

// The claim at a path of names, a text or a list of texts.
std::vector<std::string> TextsAt(const Identity& caller, const std::vector<std::string>& path) {
  const auto* members = &caller.claims().private_claims();
  v1::Value value;
  for (const std::string& name : path) {
    const auto it = members->find(name);
    if (it == members->end()) return {"absent: " + name};
    value = it->second;
    members = &it->second.object_value().members();
  }
  if (value.kind_case() == v1::Value::kStringValue) return {value.string_value()};
  std::vector<std::string> texts;
  for (const auto& element : value.list_value().values()) texts.push_back(element.string_value());
  return texts;
}

class ProviderFixture : public VerifierFixture {
 protected:
  std::unique_ptr<Verifier> MakeFrom(const std::string& config_text) const {
    v1::Issuer config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(config_text, &config));
    return Make({{config, Provider().Keys()}});
  }

  // Who that token's caller is; the anonymous one, and a failure of the test, if it is refused.
  Identity CallerOf(const std::string& config_text, const std::string& typ,
                    const ClaimsText& claims) const {
    const auto caller = MakeFrom(config_text)->Verify(Sign(typ, claims));
    EXPECT_THAT(caller, IsOk());
    return caller.value_or(Identity());
  }
};

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

constexpr auto kRowName = [](const auto& info) { return info.param.name; };

// Keycloak.

constexpr char kKeycloak[] = R"(
  name: "sso"  issuer: "https://sso.example.test/realms/shop"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks"  profile: KEYCLOAK )";

// For clients whose realm is told to write "at+jwt" in the header of access tokens.
constexpr char kKeycloakAtJwt[] = R"(
  name: "sso"  issuer: "https://sso.example.test/realms/shop"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks"  profile: CUSTOM  custom_types: "at+jwt" )";

ClaimsText KeycloakToken() {
  return With({}, R"(
    exp: @290; iat: @-10; jti: '6a2b7c5e-18f0-4f6f-9d6f-000000000001'
    iss: 'https://sso.example.test/realms/shop')");
}

ClaimsText KeycloakAccessToken() {
  return With(KeycloakToken(), R"(
    auth_time: @-60; aud: ['orders','account']; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'
    typ: 'Bearer'; azp: 'storefront'; session_state: 'b41d0c3e-0000-4000-8000-000000000003'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; acr: '1'
    allowed-origins: ['https://shop.example']; realm_access: {'roles':['offline_access','buyer']}
    resource_access: {'orders':{'roles':['read','cancel']},'account':{'roles':['view-profile']}}
    scope: 'openid email profile orders.read'; email_verified: true; name: 'Alice Example'
    preferred_username: 'alice'; email: 'alice@shop.example')");
}

ClaimsText KeycloakServiceAccountToken() {
  return With(KeycloakToken(), R"(
    aud: ['orders','account']; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000004'; typ: 'Bearer'
    azp: 'billing'; acr: '1'; realm_access: {'roles':['offline_access']}
    resource_access: {'orders':{'roles':['read']}}; scope: 'email profile'; email_verified: false
    client_id: 'billing'; preferred_username: 'service-account-billing'; clientHost: '10.1.2.3'
    clientAddress: '10.1.2.3')");
}

// Nothing but what the client "billing" and its key need: no sub, no roles.
ClaimsText KeycloakLightweightToken() {
  return With(KeycloakToken(), R"(
    typ: 'Bearer'; azp: 'billing'; scope: 'email profile')");
}

// For a client that has our audience's name, with neither nonce nor at_hash.
ClaimsText KeycloakIdToken() {
  return With(KeycloakToken(), R"(
    auth_time: @-60; aud: 'orders'; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'ID'
    azp: 'orders'; session_state: 'b41d0c3e-0000-4000-8000-000000000003'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; acr: '1'; email_verified: true
    name: 'Alice Example'; preferred_username: 'alice'; email: 'alice@shop.example')");
}

ClaimsText KeycloakRefreshToken() {
  return With(KeycloakToken(), R"(
    exp: @1790; aud: 'https://sso.example.test/realms/shop'
    sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'Refresh'; azp: 'storefront'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; scope: 'openid email profile orders.read')");
}

// Offline sessions may have no end.
ClaimsText KeycloakOfflineToken() { return With(KeycloakRefreshToken(), "typ: 'Offline'; exp:"); }

ClaimsText KeycloakLogoutToken() {
  return With(KeycloakToken(), R"(
    aud: 'orders'; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'Logout'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'
    events: {'http://schemas.openid.net/event/backchannel-logout':{}})");
}

std::string KeycloakSubjectless() {
  return absl::StrCat(kKeycloak, "accept_subjectless_tokens: true");
}

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

constexpr char kKubernetes[] = R"(
  name: "cluster"  issuer: "https://oidc.cluster.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "cluster.jwks"  profile: KUBERNETES )";

ClaimsText KubernetesToken() {
  return With({},
              R"(
    aud: ['orders']; exp: @3597; iat: @-10; nbf: @-10; iss: 'https://oidc.cluster.example.test'
    sub: 'system:serviceaccount:shop:billing'
    kubernetes.io: {'namespace':'shop','pod':{'name':'billing-0','uid':'1'},)"
              R"('node':{'name':'n1','uid':'2'},'serviceaccount':{'name':'billing','uid':'3'}})");
}

// A year long, so that pods that never read their token again do not fall over.
ClaimsText KubernetesExtendedToken() {
  return With(
      KubernetesToken(),
      "exp: @31535990; kubernetes.io: {'namespace':'shop','pod':{'name':'billing-0','uid':'1'},"
      "'serviceaccount':{'name':'billing','uid':'3'},'warnafter':1900003597}");
}

// The token of a Secret: for ever and for everyone.
ClaimsText KubernetesSecretToken() {
  return With({}, R"(
    iss: 'kubernetes/serviceaccount'; kubernetes.io/serviceaccount/namespace: 'shop'
    kubernetes.io/serviceaccount/secret.name: 'billing-token-x7k2p'
    kubernetes.io/serviceaccount/service-account.name: 'billing'
    kubernetes.io/serviceaccount/service-account.uid: '3'
    sub: 'system:serviceaccount:shop:billing')");
}

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

constexpr char kAuth0[] = R"(
  name: "auth0"  issuer: "https://shop.auth0.example.test/"  audiences: "https://orders.example"
  algorithms: RS256  jwks_file: "auth0.jwks"  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azp" exists: true } )";

ClaimsText Auth0Token() {
  return With({}, R"(
    iss: 'https://shop.auth0.example.test/'; sub: 'auth0|5f7c8ec7c33c6c004bbafe82'; iat: @-10
    exp: @86390)");
}

ClaimsText Auth0AccessToken() {
  return With(Auth0Token(), R"(
    https://shop.example/roles: ['buyer','reviewer']; https://shop.example/tenant: {'id':'t-1'}
    aud: ['https://orders.example','https://shop.auth0.example.test/userinfo']
    azp: 'Xq3vB0storefront'; scope: 'openid profile orders.read'; permissions: ['orders.read'])");
}

ClaimsText Auth0ClientCredentialsToken() {
  return With(Auth0Token(), R"(
    sub: 'Zk8billing@clients'; aud: 'https://orders.example'; azp: 'Zk8billing'
    scope: 'orders.read'; gty: 'client-credentials')");
}

ClaimsText Auth0IdToken() {
  return With(Auth0Token(), R"(
    nickname: 'alice'; name: 'alice@shop.example'; picture: 'https://pictures.example/a.png'
    updated_at: '2030-03-17T17:46:30.000Z'; email: 'alice@shop.example'; email_verified: true
    aud: 'Xq3vB0storefront'; sid: 's-1')");
}

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

constexpr char kOkta[] = R"(
  name: "okta"  issuer: "https://shop.okta.example.test/oauth2/default"  audiences: "api://orders"
  algorithms: RS256  jwks_file: "okta.jwks"  profile: CUSTOM  custom_types: "NO_TYP"
  required_claims { path: "cid" exists: true } )";

ClaimsText OktaToken() {
  return With({}, R"(
    ver: 1; iss: 'https://shop.okta.example.test/oauth2/default'; iat: @-10; exp: @3590
    auth_time: @-60)");
}

ClaimsText OktaAccessToken() {
  return With(OktaToken(), R"(
    jti: 'AT.0001'; aud: 'api://orders'; cid: '0oastorefront'; uid: '00ualice'
    scp: ['openid','orders.read']; sub: 'alice@shop.example')");
}

ClaimsText OktaIdToken() {
  return With(OktaToken(), R"(
    jti: 'ID.0001'; aud: '0oastorefront'; sub: '00ualice'; name: 'Alice Example'
    preferred_username: 'alice@shop.example'; amr: ['pwd']; idp: '00oshop')");
}

INSTANTIATE_TEST_SUITE_P(
    Okta, ProviderTokenTest,
    ::testing::Values(TokenRow{"AccessToken", kOkta, "", OktaAccessToken(), kGood},
                      TokenRow{"ClientCredentials", kOkta, "", With(OktaAccessToken(), R"(
    sub: '0oabilling'; uid:; auth_time:)"),
                               kGood},
                      TokenRow{"IdTokenForItsClient", kOkta, "", OktaIdToken(), kWrongAudience}),
    kRowName);

// Entra ID, version 2: aud of either kind is an application's id.

constexpr char kEntra[] = R"(
  name: "entra"  issuer: "https://login.entra.example.test/72f9-tenant/v2.0"
  audiences: "11111111-orders"  algorithms: RS256  jwks_file: "entra.jwks"
  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azpacr" exists: true } )";

ClaimsText EntraToken() {
  return With({}, R"(
    aud: '11111111-orders'; iss: 'https://login.entra.example.test/72f9-tenant/v2.0'; iat: @-310
    nbf: @-310; exp: @4100; aio: 'ATQAy/8opaque'; oid: '2222-alice'; rh: '0.opaque.'
    sub: 'pairwise-alice'; tid: '72f9-tenant'; uti: 'opaque'; ver: '2.0')");
}

ClaimsText EntraUserToken() {
  return With(EntraToken(), R"(
    azp: '33333333-storefront'; azpacr: '1'; name: 'Alice Example'
    preferred_username: 'alice@shop.example'; roles: ['Orders.Buyer']
    scp: 'Orders.Read Orders.Cancel')");
}

ClaimsText EntraApplicationToken() {
  return With(EntraToken(), R"(
    azp: '44444444-billing'; azpacr: '2'; idtyp: 'app'; oid: '4444-billing'; sub: '4444-billing'
    roles: ['Orders.Read.All'])");
}

ClaimsText EntraIdToken() {
  return With(EntraToken(), "name: 'Alice Example'; preferred_username: 'alice@shop.example'");
}

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
  EXPECT_THAT(caller.scopes(), IsEmpty()) << "scp is a claim like any other";
  EXPECT_THAT(TextsAt(caller, {"scp"}), ElementsAre("Orders.Read Orders.Cancel"));
  EXPECT_THAT(TextsAt(caller, {"roles"}), ElementsAre("Orders.Buyer"));
  EXPECT_THAT(TextsAt(caller, {"tid"}), ElementsAre("72f9-tenant"));
}

// Google: what one service shows another is an ID token by name, made for that audience;
// so the services are listed.

constexpr char kGoogle[] = R"(
  name: "google"  issuer: "https://accounts.google.example.test"
  audiences: "https://orders.example"  algorithms: RS256  jwks_file: "google.jwks"
  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azp" any_of: "112233445566778899000" } )";

ClaimsText GoogleServiceToken() {
  return With({}, R"(
    aud: 'https://orders.example'; azp: '112233445566778899000'
    email: 'billing@shop.iam.gserviceaccount.example'; email_verified: true; exp: @3590; iat: @-10
    iss: 'https://accounts.google.example.test'; sub: '112233445566778899000')");
}

// A person's, for a web client that has our audience's name.
ClaimsText GoogleSignInToken() {
  return With(GoogleServiceToken(), R"(
    azp: 'https://orders.example'; email: 'alice@shop.example'; sub: '998877665544332211000'
    name: 'Alice Example')");
}

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

constexpr char kSpiffe[] = R"(
  name: "spire"  issuer: "https://spire.example.test"  audiences: "spiffe://shop.example/orders"
  algorithms: RS256  jwks_file: "spire.jwks"
  profile: CUSTOM  custom_types: "JWT"  custom_types: "JOSE"  custom_types: "NO_TYP"
  issuer_signs_access_tokens_only: true )";

ClaimsText StrictSvid() {
  return With({}, R"(
    sub: 'spiffe://shop.example/billing'; aud: ['spiffe://shop.example/orders']; exp: @290)");
}

ClaimsText SvidWithIssuer() {
  return With(StrictSvid(), "iss: 'https://spire.example.test'; iat: @-10");
}

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

constexpr char kRfc9068[] = R"(
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks" )";

ClaimsText Rfc9068Token() {
  return With({}, R"(
    iss: 'https://sso.example.test'; sub: 'alice'; aud: 'orders'; exp: @290; iat: @-10; jti: '5'
    client_id: 'storefront'; scope: 'openid orders.read'; auth_time: @-60; acr: '1'
    amr: ['pwd','otp']; roles: ['buyer']; groups: ['shop']; entitlements: ['refund'])");
}

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

// ID tokens. A client hands them about as proof of a login; whoever holds one must not be able to
// call with it, whatever it happens to carry or lack. Each is for a client that has our audience's
// name, has a header like the access token's, and so differs from it by its claims alone.

// User pools of Cognito: access tokens have client_id and no aud at all, ID tokens have aud.
constexpr char kCognito[] = R"(
  name: "pool"  issuer: "https://pool.cognito.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "pool.jwks"  profile: CUSTOM  custom_types: "NO_TYP"
  required_claims { path: "token_use" any_of: "access" } )";

ClaimsText CognitoIdToken() {
  return With({}, R"(
    sub: 'alice'; iss: 'https://pool.cognito.example.test'; cognito:username: 'alice'
    aud: 'orders'; token_use: 'id'; auth_time: @-60; exp: @3590; iat: @-10
    email: 'alice@shop.example')");
}

ClaimsText CognitoAccessToken() {
  return With(CognitoIdToken(), R"(
    token_use: 'access'; aud:; email:; cognito:username:; username: 'alice'
    client_id: 'storefront'; scope: 'orders/read')");
}

INSTANTIATE_TEST_SUITE_P(Cognito, ProviderTokenTest,
                         ::testing::Values(TokenRow{"AccessTokenWithoutAudience", kCognito, "",
                                                    CognitoAccessToken(), kWrongAudience},
                                           TokenRow{"AccessTokenForUs", kCognito, "",
                                                    With(CognitoAccessToken(), "aud: 'orders'"),
                                                    kGood}),
                         kRowName);

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

// Other kinds of JWT that the same issuer signs with the same key.

struct Profile {
  const char* config;
  // Whether it takes tokens whose header says "JWT", and ones whose header says nothing.
  bool jwt, untyped;
};

constexpr Profile kProfiles[] = {{"", false, false},
                                 {"profile: KUBERNETES", true, true},
                                 {"profile: KEYCLOAK", true, false},
                                 {"profile: CUSTOM custom_types: 'JWT' "
                                  "issuer_signs_access_tokens_only: true",
                                  true, false},
                                 {"profile: CUSTOM custom_types: 'NO_TYP' "
                                  "issuer_signs_access_tokens_only: true",
                                  false, true}};

std::string ConfigWith(const Profile& profile) {
  return absl::StrCat(R"(name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
                         algorithms: RS256  jwks_file: "sso.jwks" )",
                      profile.config);
}

class TypedKindTest : public ProviderFixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(TypedKindTest, IsRefusedUnderEveryProfileHoweverGoodItsClaims) {
  const std::string typ = GetParam();
  for (const Profile& profile : kProfiles) {
    for (const std::string& spelling : {typ, "application/" + typ, absl::AsciiStrToUpper(typ)}) {
      EXPECT_THAT(MakeFrom(ConfigWith(profile))->Verify(Sign(spelling, Rfc9068Token())),
                  FailsWith(kWrongType))
          << spelling << " " << profile.config;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, TypedKindTest,
                         ::testing::Values("logout+jwt", "secevent+jwt",
                                           "client-authentication+jwt", "dpop+jwt",
                                           "token-introspection+jwt", "oauth-authz-req+jwt"),
                         [](const auto& info) {
                           return absl::StrReplaceAll(info.param, {{"-", "_"}, {"+", "_"}});
                         });

struct KindRow {
  const char* name;
  ClaimsText claims;
  // By its claims, where typ does not tell.
  AuthFailure failure;
};

class UntypedKindTest : public ProviderFixture, public ::testing::WithParamInterface<KindRow> {};

TEST_P(UntypedKindTest, IsRefusedUnderEveryProfile) {
  // iss is looked at before typ.
  const AuthFailure by_type = GetParam().failure == kUnknownIssuer ? kUnknownIssuer : kWrongType;
  for (const Profile& profile : kProfiles) {
    const auto verifier = MakeFrom(ConfigWith(profile));
    EXPECT_THAT(verifier->Verify(Sign("JWT", GetParam().claims)),
                FailsWith(profile.jwt ? GetParam().failure : by_type))
        << "JWT " << profile.config;
    EXPECT_THAT(verifier->Verify(Sign("", GetParam().claims)),
                FailsWith(profile.untyped ? GetParam().failure : by_type))
        << "no typ " << profile.config;
  }
}

// No exp: an event stays true.
ClaimsText SecurityEvent() {
  return With({}, R"(
    iss: 'https://sso.example.test'; aud: 'orders'; iat: @-10; jti: '7'; sub: 'alice'
    events: {'https://schemas.openid.net/secevent/risc/event-type/account-disabled':{}})");
}

// For the token endpoint, by the client for itself.
ClaimsText ClientAssertion(const std::string& client) {
  return With({}, absl::StrCat("iss: '", client, "'; sub: '", client, R"('
    aud: 'https://sso.example.test/token'
    jti: '8'
    iat: @-10
    exp: @50)"));
}

ClaimsText DpopProof() {
  return With({}, R"(
    jti: '9'; htm: 'POST'; htu: 'https://orders.example/shop.Orders/Cancel'; iat: @-1; ath: 'h')");
}

ClaimsText IntrospectionResponse() {
  return With({}, R"(
    iss: 'https://sso.example.test'; aud: 'orders'; iat: @-10
    token_introspection: {'active':true,'sub':'alice','scope':'orders.read'})");
}

ClaimsText Userinfo() {
  return With({}, R"(
    iss: 'https://sso.example.test'; aud: 'orders'; sub: 'alice'; name: 'Alice Example'
    email: 'alice@shop.example')");
}

// The answer to an authorization request (JARM).
ClaimsText AuthorizationResponse() {
  return With({}, R"(
    iss: 'https://sso.example.test'; aud: 'orders'; iat: @-10; exp: @590; code: 'c'; state: 's')");
}

INSTANTIATE_TEST_SUITE_P(
    , UntypedKindTest,
    ::testing::Values(
        KindRow{"SecurityEvent", SecurityEvent(), kMissing},
        KindRow{"SecurityEventWithExp", With(SecurityEvent(), "exp: @290"), kWrongType},
        KindRow{"LogoutToken", With(KeycloakLogoutToken(), "iss: 'https://sso.example.test'"),
                kWrongType},
        KindRow{"LogoutTokenOfASession",
                With(KeycloakLogoutToken(), "iss: 'https://sso.example.test'; sub:"), kMissing},
        KindRow{"ClientAssertion", ClientAssertion("storefront"), kUnknownIssuer},
        KindRow{"ClientAssertionOfTheIssuer", ClientAssertion("https://sso.example.test"),
                kWrongAudience},
        KindRow{"DpopProof", DpopProof(), kUnknownIssuer},
        KindRow{"IntrospectionResponse", IntrospectionResponse(), kMissing},
        KindRow{"Userinfo", Userinfo(), kMissing},
        KindRow{"AuthorizationResponse", AuthorizationResponse(), kMissing}),
    kRowName);

TEST_F(ProviderFixture, DpopProofBringsItsKeyAndIsMalformed) {
  const TestIssuer holder(Algorithm::kEs256, "holder");
  const std::string proof = holder.Token()
                                .RawHeader(absl::StrCat(R"({"typ":"dpop+jwt","alg":"ES256","jwk":)",
                                                        *holder.key().ToPublicJwk(), "}"))
                                .RawClaims(DpopProof().str())
                                .Sign();
  for (const Profile& profile : kProfiles) {
    EXPECT_THAT(MakeFrom(ConfigWith(profile))->Verify(proof),
                FailsWith(AuthFailure::kMalformedToken))
        << profile.config;
  }
}

// A service that signs for itself, iss and sub the same, is no client assertion if it is for us.
TEST_F(ProviderFixture, IssuersOwnTokenForUsIsAccepted) {
  EXPECT_TRUE(CallerOf(ConfigWith(kProfiles[3]), "JWT",
                       With(ClientAssertion("https://sso.example.test"), "aud: 'orders'"))
                  .Is("sso", "https://sso.example.test"));
}

}  // namespace
}  // namespace lanyard
