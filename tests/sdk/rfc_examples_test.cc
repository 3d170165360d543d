// SPDX-License-Identifier: Apache-2.0
//
// The examples of the RFCs. They are not access tokens, so they are checked one layer below the
// Verifier: as a JWS and a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Optional;

// {"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}
constexpr char kJoe[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";

// RFC 7515 appendix A.1.1.
constexpr char kHmacJwk[] =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTw)"
    R"(jAzZr1Z9CAow"})";

// RFC 7515 appendix A.2.1, the public half.
constexpr char kRsaJwk[] =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJ)"
    R"(rcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bS)"
    R"(f63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4)"
    R"(LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"A)"
    R"(QAB"})";

// RFC 7515 appendix A.3.1.
constexpr char kP256Jwk[] =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36)"
    R"(HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";

// RFC 7515 appendix A.4.1.
constexpr char kP521Jwk[] =
    R"({"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6)"
    R"(OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79)"
    R"(ajL4Kkd0AZMaZmh9ubmf63e3kyMj2","d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPA)"
    R"(xerEzgdRhajnu0ferB0d53vM9mE15j2C"})";

// RFC 8037 appendix A.1.
constexpr char kEd25519Jwk[] =
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKx)"
    R"(CrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

struct Example {
  const char* name;
  const char* jwk;
  Algorithm algorithm;
  std::string header, payload, signature;
};

class RfcExampleTest : public ::testing::TestWithParam<Example> {
 protected:
  std::string Token() const {
    return absl::StrCat(GetParam().header, ".", GetParam().payload, ".", GetParam().signature);
  }
};

TEST_P(RfcExampleTest, Verifies) {
  const auto key = Key::FromJwk(GetParam().jwk);
  ASSERT_THAT(key, IsOk());
  const std::string token = Token();
  const auto jws = internal::ParseJws(token, 16384);
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->header->algorithm_name, AlgorithmName(GetParam().algorithm));
  EXPECT_EQ(jws->header->key_id, std::nullopt);
  EXPECT_TRUE(key->material().Verify(GetParam().algorithm, jws->signing_input, jws->signature));
  for (const Algorithm other : kAllAlgorithms) {
    EXPECT_EQ(key->material().Verify(other, jws->signing_input, jws->signature),
              other == GetParam().algorithm)
        << AlgorithmName(other);
  }
}

TEST_P(RfcExampleTest, DoesNotVerifyWithAnotherPayload) {
  const auto key = Key::FromJwk(GetParam().jwk);
  ASSERT_THAT(key, IsOk());
  const std::string token =
      absl::StrCat(GetParam().header, ".", GetParam().payload, "AA.", GetParam().signature);
  const auto jws = internal::ParseJws(token, 16384);
  if (!jws.ok()) return;  // The length does not allow two characters more.
  EXPECT_FALSE(key->material().Verify(GetParam().algorithm, jws->signing_input, jws->signature));
}

INSTANTIATE_TEST_SUITE_P(
    , RfcExampleTest,
    ::testing::Values(
        // Also RFC 7519 section 3.1.
        Example{"Rfc7515A1Hs256", kHmacJwk, Algorithm::kHs256,
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", kJoe,
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
        Example{"Rfc7515A2Rs256", kRsaJwk, Algorithm::kRs256, "eyJhbGciOiJSUzI1NiJ9", kJoe,
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5"
                "YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h"
                "6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZE"
                "Sc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
                "cN_IoypGlUPQGe77Rw"},
        Example{"Rfc7515A3Es256", kP256Jwk, Algorithm::kEs256, "eyJhbGciOiJFUzI1NiJ9", kJoe,
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6"
                "NU1Q"},
        Example{"Rfc7515A4Es512", kP521Jwk, Algorithm::kEs512, "eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA",
                "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0a"
                "w_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXu"
                "kOXolLzeO_Jn"},
        Example{"Rfc8037A4Ed25519", kEd25519Jwk, Algorithm::kEdDsa, "eyJhbGciOiJFZERTQSJ9",
                "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM"
                "0KAg"}),
    [](const auto& info) { return info.param.name; });

TEST(RfcExamplesTest, Rfc7515A1HasItsHeaderAndClaims) {
  const std::string token = absl::StrCat("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.", kJoe,
                                         ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const auto jws = internal::ParseJws(token, 16384);
  ASSERT_THAT(jws, IsOk());
  EXPECT_THAT(jws->header->type, Optional(std::string("JWT")));
  const v1::Claims claims = internal::ClaimsFromJson(jws->payload);
  EXPECT_EQ(claims.issuer(), "joe");
  EXPECT_EQ(claims.expires_at().seconds(), 1300819380);
  EXPECT_TRUE(claims.private_claims().at("http://example.com/is_root").bool_value());
}

TEST(RfcExamplesTest, DeterministicSignaturesAreReproduced) {
  const Key hmac = *Key::FromJwk(kHmacJwk);
  EXPECT_EQ(
      *internal::SignCompact(hmac, Algorithm::kHs256, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
                             "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                             "\"http://example.com/is_root\":true}"),
      absl::StrCat("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.", kJoe,
                   ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
  const Key ed25519 = *Key::FromJwk(kEd25519Jwk);
  EXPECT_EQ(*internal::SignCompact(ed25519, Algorithm::kEdDsa, "{\"alg\":\"EdDSA\"}",
                                   "Example of Ed25519 signing"),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
            "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(RfcExamplesTest, Rfc7515A5UnsecuredIsRefused) {
  // Also RFC 7519 section 6.1: alg "none", and nothing after the last dot.
  EXPECT_THAT(internal::ParseJws(absl::StrCat("eyJhbGciOiJub25lIn0.", kJoe, "."), 16384),
              FailsWith(AuthFailure::kMalformedToken));
  EXPECT_EQ(AlgorithmFromName("none"), std::nullopt);
}

TEST(RfcExamplesTest, Rfc7515AppendixECritIsRefused) {
  const std::string example =
      "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9l"
      "eGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.";
  EXPECT_THAT(internal::ParseJws(example, 16384), FailsWith(AuthFailure::kMalformedToken));
  // With something for a signature it is crit that is in the way.
  EXPECT_THAT(internal::ParseJws(example + "AAAA", 16384), IsError(HasSubstr("crit")));
}

TEST(RfcExamplesTest, Rfc7515AppendixCBase64Url) {
  EXPECT_EQ(internal::Base64UrlEncode("\x03\xec\xff\xe0\xc1"), "A-z_4ME");
}

TEST(RfcExamplesTest, Rfc7638Section31Thumbprint) {
  const auto key = Key::FromJwk(
      R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aP)"
      R"(FFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4Qy)"
      R"(Q5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr)"
      R"(dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw)"
      R"(","e":"AQAB","alg":"RS256","kid":"2011-04-29"})");
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(key->id(), "2011-04-29");
}

TEST(RfcExamplesTest, Rfc8037A3Thumbprint) {
  const auto key = Key::FromJwk(kEd25519Jwk);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->Thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(key->id(), key->Thumbprint());
}

TEST(RfcExamplesTest, ThumbprintLooksAtTheKeyAlone) {
  const Key key = *Key::FromJwk(kP256Jwk);
  EXPECT_EQ(key.PublicHalf()->Thumbprint(), key.Thumbprint());
  EXPECT_EQ(key.WithAlgorithm(Algorithm::kEs256)->Thumbprint(), key.Thumbprint());
  EXPECT_EQ(key.WithId("x")->Thumbprint(), key.Thumbprint());
  EXPECT_NE(Key::FromJwk(kP521Jwk)->Thumbprint(), key.Thumbprint());
}

}  // namespace
}  // namespace lanyard
