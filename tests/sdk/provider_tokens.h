// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_PROVIDER_TOKENS_H_
#define LANYARD_TESTS_SDK_PROVIDER_TOKENS_H_

#include <google/protobuf/text_format.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/sdk/verifier_fixture.h"

// Claims as providers write them, and the configs that operators would write for those.
namespace lanyard::testing {

// Seconds since the epoch, that long after the time at which the clock stands.
inline std::string At(int64_t seconds) { return absl::StrCat(1900000000 + seconds); }

// Claims with changes, one a line or between semicolons: "name: JSON" sets, "name:" takes out, ' is
// written for ", and @N for the time N seconds from now.
inline ClaimsText With(ClaimsText claims, absl::string_view changes) {
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
inline const TestIssuer& Provider() {
  static const auto* const provider = new TestIssuer(Algorithm::kRs256, "provider");
  return *provider;
}

inline std::string Sign(const std::string& typ, const ClaimsText& claims) {
  return Provider().Token().Type(typ).RawClaims(claims.str()).Sign();
}

// The claim at a path of names, a text or a list of texts.
inline std::vector<std::string> TextsAt(const Identity& caller,
                                        const std::vector<std::string>& path) {
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

inline constexpr auto kRowName = [](const auto& info) { return info.param.name; };

inline constexpr char kKeycloak[] = R"(
  name: "sso"  issuer: "https://sso.example.test/realms/shop"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks"  profile: KEYCLOAK )";

// For clients whose realm is told to write "at+jwt" in the header of access tokens.
inline constexpr char kKeycloakAtJwt[] = R"(
  name: "sso"  issuer: "https://sso.example.test/realms/shop"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks"  profile: CUSTOM  custom_types: "at+jwt" )";

inline ClaimsText KeycloakToken() {
  return With({}, R"(
    exp: @290; iat: @-10; jti: '6a2b7c5e-18f0-4f6f-9d6f-000000000001'
    iss: 'https://sso.example.test/realms/shop')");
}

inline ClaimsText KeycloakAccessToken() {
  return With(KeycloakToken(), R"(
    auth_time: @-60; aud: ['orders','account']; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'
    typ: 'Bearer'; azp: 'storefront'; session_state: 'b41d0c3e-0000-4000-8000-000000000003'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; acr: '1'
    allowed-origins: ['https://shop.example']; realm_access: {'roles':['offline_access','buyer']}
    resource_access: {'orders':{'roles':['read','cancel']},'account':{'roles':['view-profile']}}
    scope: 'openid email profile orders.read'; email_verified: true; name: 'Alice Example'
    preferred_username: 'alice'; email: 'alice@shop.example')");
}

inline ClaimsText KeycloakServiceAccountToken() {
  return With(KeycloakToken(), R"(
    aud: ['orders','account']; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000004'; typ: 'Bearer'
    azp: 'billing'; acr: '1'; realm_access: {'roles':['offline_access']}
    resource_access: {'orders':{'roles':['read']}}; scope: 'email profile'; email_verified: false
    client_id: 'billing'; preferred_username: 'service-account-billing'; clientHost: '10.1.2.3'
    clientAddress: '10.1.2.3')");
}

// Nothing but what the client "billing" and its key need: no sub, no roles.
inline ClaimsText KeycloakLightweightToken() {
  return With(KeycloakToken(), R"(
    typ: 'Bearer'; azp: 'billing'; scope: 'email profile')");
}

// For a client that has our audience's name, with neither nonce nor at_hash.
inline ClaimsText KeycloakIdToken() {
  return With(KeycloakToken(), R"(
    auth_time: @-60; aud: 'orders'; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'ID'
    azp: 'orders'; session_state: 'b41d0c3e-0000-4000-8000-000000000003'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; acr: '1'; email_verified: true
    name: 'Alice Example'; preferred_username: 'alice'; email: 'alice@shop.example')");
}

inline ClaimsText KeycloakRefreshToken() {
  return With(KeycloakToken(), R"(
    exp: @1790; aud: 'https://sso.example.test/realms/shop'
    sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'Refresh'; azp: 'storefront'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'; scope: 'openid email profile orders.read')");
}

// Offline sessions may have no end.
inline ClaimsText KeycloakOfflineToken() {
  return With(KeycloakRefreshToken(), "typ: 'Offline'; exp:");
}

inline ClaimsText KeycloakLogoutToken() {
  return With(KeycloakToken(), R"(
    aud: 'orders'; sub: '0f2c61d4-77aa-4c0e-8d6e-000000000002'; typ: 'Logout'
    sid: 'b41d0c3e-0000-4000-8000-000000000003'
    events: {'http://schemas.openid.net/event/backchannel-logout':{}})");
}

inline std::string KeycloakSubjectless() {
  return absl::StrCat(kKeycloak, "accept_subjectless_tokens: true");
}

inline constexpr char kKubernetes[] = R"(
  name: "cluster"  issuer: "https://oidc.cluster.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "cluster.jwks"  profile: KUBERNETES )";

inline ClaimsText KubernetesToken() {
  return With({},
              R"(
    aud: ['orders']; exp: @3597; iat: @-10; nbf: @-10; iss: 'https://oidc.cluster.example.test'
    sub: 'system:serviceaccount:shop:billing'
    kubernetes.io: {'namespace':'shop','pod':{'name':'billing-0','uid':'1'},)"
              R"('node':{'name':'n1','uid':'2'},'serviceaccount':{'name':'billing','uid':'3'}})");
}

// A year long, so that pods that never read their token again do not fall over.
inline ClaimsText KubernetesExtendedToken() {
  return With(
      KubernetesToken(),
      "exp: @31535990; kubernetes.io: {'namespace':'shop','pod':{'name':'billing-0','uid':'1'},"
      "'serviceaccount':{'name':'billing','uid':'3'},'warnafter':1900003597}");
}

// The token of a Secret: for ever and for everyone.
inline ClaimsText KubernetesSecretToken() {
  return With({}, R"(
    iss: 'kubernetes/serviceaccount'; kubernetes.io/serviceaccount/namespace: 'shop'
    kubernetes.io/serviceaccount/secret.name: 'billing-token-x7k2p'
    kubernetes.io/serviceaccount/service-account.name: 'billing'
    kubernetes.io/serviceaccount/service-account.uid: '3'
    sub: 'system:serviceaccount:shop:billing')");
}

inline constexpr char kAuth0[] = R"(
  name: "auth0"  issuer: "https://shop.auth0.example.test/"  audiences: "https://orders.example"
  algorithms: RS256  jwks_file: "auth0.jwks"  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azp" exists: true } )";

inline ClaimsText Auth0Token() {
  return With({}, R"(
    iss: 'https://shop.auth0.example.test/'; sub: 'auth0|5f7c8ec7c33c6c004bbafe82'; iat: @-10
    exp: @86390)");
}

inline ClaimsText Auth0AccessToken() {
  return With(Auth0Token(), R"(
    https://shop.example/roles: ['buyer','reviewer']; https://shop.example/tenant: {'id':'t-1'}
    aud: ['https://orders.example','https://shop.auth0.example.test/userinfo']
    azp: 'Xq3vB0storefront'; scope: 'openid profile orders.read'; permissions: ['orders.read'])");
}

inline ClaimsText Auth0ClientCredentialsToken() {
  return With(Auth0Token(), R"(
    sub: 'Zk8billing@clients'; aud: 'https://orders.example'; azp: 'Zk8billing'
    scope: 'orders.read'; gty: 'client-credentials')");
}

inline ClaimsText Auth0IdToken() {
  return With(Auth0Token(), R"(
    nickname: 'alice'; name: 'alice@shop.example'; picture: 'https://pictures.example/a.png'
    updated_at: '2030-03-17T17:46:30.000Z'; email: 'alice@shop.example'; email_verified: true
    aud: 'Xq3vB0storefront'; sid: 's-1')");
}

inline constexpr char kOkta[] = R"(
  name: "okta"  issuer: "https://shop.okta.example.test/oauth2/default"  audiences: "api://orders"
  algorithms: RS256  jwks_file: "okta.jwks"  profile: CUSTOM  custom_types: "NO_TYP"
  required_claims { path: "cid" exists: true } )";

inline ClaimsText OktaToken() {
  return With({}, R"(
    ver: 1; iss: 'https://shop.okta.example.test/oauth2/default'; iat: @-10; exp: @3590
    auth_time: @-60)");
}

inline ClaimsText OktaAccessToken() {
  return With(OktaToken(), R"(
    jti: 'AT.0001'; aud: 'api://orders'; cid: '0oastorefront'; uid: '00ualice'
    scp: ['openid','orders.read']; sub: 'alice@shop.example')");
}

inline ClaimsText OktaIdToken() {
  return With(OktaToken(), R"(
    jti: 'ID.0001'; aud: '0oastorefront'; sub: '00ualice'; name: 'Alice Example'
    preferred_username: 'alice@shop.example'; amr: ['pwd']; idp: '00oshop')");
}

inline constexpr char kEntra[] = R"(
  name: "entra"  issuer: "https://login.entra.example.test/72f9-tenant/v2.0"
  audiences: "11111111-orders"  algorithms: RS256  jwks_file: "entra.jwks"
  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azpacr" exists: true } )";

inline ClaimsText EntraToken() {
  return With({}, R"(
    aud: '11111111-orders'; iss: 'https://login.entra.example.test/72f9-tenant/v2.0'; iat: @-310
    nbf: @-310; exp: @4100; aio: 'ATQAy/8opaque'; oid: '2222-alice'; rh: '0.opaque.'
    sub: 'pairwise-alice'; tid: '72f9-tenant'; uti: 'opaque'; ver: '2.0')");
}

inline ClaimsText EntraUserToken() {
  return With(EntraToken(), R"(
    azp: '33333333-storefront'; azpacr: '1'; name: 'Alice Example'
    preferred_username: 'alice@shop.example'; roles: ['Orders.Buyer']
    scp: 'Orders.Read Orders.Cancel')");
}

inline ClaimsText EntraApplicationToken() {
  return With(EntraToken(), R"(
    azp: '44444444-billing'; azpacr: '2'; idtyp: 'app'; oid: '4444-billing'; sub: '4444-billing'
    roles: ['Orders.Read.All'])");
}

inline ClaimsText EntraIdToken() {
  return With(EntraToken(), "name: 'Alice Example'; preferred_username: 'alice@shop.example'");
}

inline constexpr char kGoogle[] = R"(
  name: "google"  issuer: "https://accounts.google.example.test"
  audiences: "https://orders.example"  algorithms: RS256  jwks_file: "google.jwks"
  profile: CUSTOM  custom_types: "JWT"
  required_claims { path: "azp" any_of: "112233445566778899000" } )";

inline ClaimsText GoogleServiceToken() {
  return With({}, R"(
    aud: 'https://orders.example'; azp: '112233445566778899000'
    email: 'billing@shop.iam.gserviceaccount.example'; email_verified: true; exp: @3590; iat: @-10
    iss: 'https://accounts.google.example.test'; sub: '112233445566778899000')");
}

// A person's, for a web client that has our audience's name.
inline ClaimsText GoogleSignInToken() {
  return With(GoogleServiceToken(), R"(
    azp: 'https://orders.example'; email: 'alice@shop.example'; sub: '998877665544332211000'
    name: 'Alice Example')");
}

inline constexpr char kSpiffe[] = R"(
  name: "spire"  issuer: "https://spire.example.test"  audiences: "spiffe://shop.example/orders"
  algorithms: RS256  jwks_file: "spire.jwks"
  profile: CUSTOM  custom_types: "JWT"  custom_types: "JOSE"  custom_types: "NO_TYP"
  issuer_signs_access_tokens_only: true )";

inline ClaimsText StrictSvid() {
  return With({}, R"(
    sub: 'spiffe://shop.example/billing'; aud: ['spiffe://shop.example/orders']; exp: @290)");
}

inline ClaimsText SvidWithIssuer() {
  return With(StrictSvid(), "iss: 'https://spire.example.test'; iat: @-10");
}

inline constexpr char kRfc9068[] = R"(
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "sso.jwks" )";

inline ClaimsText Rfc9068Token() {
  return With({}, R"(
    iss: 'https://sso.example.test'; sub: 'alice'; aud: 'orders'; exp: @290; iat: @-10; jti: '5'
    client_id: 'storefront'; scope: 'openid orders.read'; auth_time: @-60; acr: '1'
    amr: ['pwd','otp']; roles: ['buyer']; groups: ['shop']; entitlements: ['refund'])");
}

// User pools of Cognito: access tokens have client_id and no aud at all, ID tokens have aud.
inline constexpr char kCognito[] = R"(
  name: "pool"  issuer: "https://pool.cognito.example.test"  audiences: "orders"
  algorithms: RS256  jwks_file: "pool.jwks"  profile: CUSTOM  custom_types: "NO_TYP"
  required_claims { path: "token_use" any_of: "access" } )";

inline ClaimsText CognitoIdToken() {
  return With({}, R"(
    sub: 'alice'; iss: 'https://pool.cognito.example.test'; cognito:username: 'alice'
    aud: 'orders'; token_use: 'id'; auth_time: @-60; exp: @3590; iat: @-10
    email: 'alice@shop.example')");
}

inline ClaimsText CognitoAccessToken() {
  return With(CognitoIdToken(), R"(
    token_use: 'access'; aud:; email:; cognito:username:; username: 'alice'
    client_id: 'storefront'; scope: 'orders/read')");
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_PROVIDER_TOKENS_H_
