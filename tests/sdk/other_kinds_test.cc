// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/provider_tokens.h"

namespace lanyard::testing {
namespace {

constexpr auto kMissing = AuthFailure::kMissingClaim;
constexpr auto kUnknownIssuer = AuthFailure::kUnknownIssuer;
constexpr auto kWrongAudience = AuthFailure::kWrongAudience;
constexpr auto kWrongType = AuthFailure::kWrongType;

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
}  // namespace lanyard::testing
