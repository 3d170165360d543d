// SPDX-License-Identifier: Apache-2.0
//
// What a JWK may and may not say beside its key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_keys.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::WithMembers;
using ::testing::HasSubstr;
using ::testing::Not;

// An EC key's JWK without kid, use and alg.
std::string BareJwk(bool is_private = false) {
  static const auto* key = new Key(*Key::Generate(Algorithm::kEs256));
  const std::string jwk = is_private ? *key->ExportPrivateJwk() : *key->ToPublicJwk();
  return absl::StrCat(jwk.substr(0, jwk.find(",\"kid\":")), "}");
}

struct Row {
  const char* name;
  const char* members;
  // Null: the key is good.
  const char* error;
};

class JwkMembersTest : public ::testing::TestWithParam<Row> {};

TEST_P(JwkMembersTest, AreTakenOrRefused) {
  const auto key = Key::FromJwk(WithMembers(BareJwk(), GetParam().members));
  if (GetParam().error == nullptr) {
    EXPECT_THAT(key, IsOk());
  } else {
    EXPECT_THAT(key, IsError(HasSubstr(GetParam().error)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , JwkMembersTest,
    ::testing::Values(
        Row{"UseSig", "\"use\":\"sig\"", nullptr}, Row{"UseEnc", "\"use\":\"enc\"", "use"},
        Row{"UseOther", "\"use\":\"x509-svid\"", "use"},
        Row{"UseInCapitals", "\"use\":\"SIG\"", "use"}, Row{"UseEmpty", "\"use\":\"\"", "use"},
        Row{"UseNumber", "\"use\":1", "use"}, Row{"UseNull", "\"use\":null", "use"},
        Row{"UseArray", "\"use\":[\"sig\"]", "use"},
        Row{"KeyOpsVerify", "\"key_ops\":[\"verify\"]", nullptr},
        Row{"KeyOpsVerifyAndSign", "\"key_ops\":[\"sign\",\"verify\"]", nullptr},
        Row{"KeyOpsTwice", "\"key_ops\":[\"verify\",\"verify\"]", "twice"},
        Row{"KeyOpsSign", "\"key_ops\":[\"sign\"]", "key_ops"},
        Row{"KeyOpsEncrypt", "\"key_ops\":[\"encrypt\"]", "key_ops"},
        Row{"KeyOpsInCapitals", "\"key_ops\":[\"Verify\"]", "key_ops"},
        Row{"KeyOpsEmpty", "\"key_ops\":[]", "key_ops"},
        Row{"KeyOpsText", "\"key_ops\":\"verify\"", "key_ops"},
        Row{"KeyOpsNull", "\"key_ops\":null", "key_ops"},
        Row{"KeyOpsWithNumber", "\"key_ops\":[\"verify\",1]", "key_ops"},
        Row{"UseAndKeyOpsAgree", "\"use\":\"sig\",\"key_ops\":[\"verify\"]", nullptr},
        Row{"UseAndKeyOpsContradict", "\"use\":\"sig\",\"key_ops\":[\"verify\",\"encrypt\"]",
            "contradict"},
        Row{"AlgThatFits", "\"alg\":\"ES256\"", nullptr},
        Row{"AlgOfAnotherCurve", "\"alg\":\"ES384\"", "ES384"},
        Row{"AlgOfAnotherType", "\"alg\":\"RS256\"", "RS256"},
        Row{"AlgHmac", "\"alg\":\"HS256\"", "HS256"}, Row{"AlgNone", "\"alg\":\"none\"", "alg"},
        Row{"AlgInSmallLetters", "\"alg\":\"es256\"", "alg"},
        Row{"AlgForEncryption", "\"alg\":\"ECDH-ES\"", "alg"},
        Row{"AlgEmpty", "\"alg\":\"\"", "alg"}, Row{"AlgNumber", "\"alg\":256", "alg"},
        Row{"AlgNull", "\"alg\":null", "alg"}, Row{"Kid", "\"kid\":\"one\"", nullptr},
        Row{"KidEmpty", "\"kid\":\"\"", "kid"}, Row{"KidNumber", "\"kid\":1", "kid"},
        Row{"KidNull", "\"kid\":null", "kid"},
        // RFC 7517 sections 4.6 to 4.9 offer the key once more, or fetch it: never looked at.
        Row{"ForgedX5c", "\"x5c\":[\"Zm9yZ2Vk\"],\"x5t\":\"x\",\"x5t#S256\":\"y\"", nullptr},
        Row{"X5cOfAnyKind", "\"x5c\":17", nullptr},
        Row{"X5u", "\"x5u\":\"https://attacker.example/cert\"", nullptr},
        Row{"UnknownMembers", "\"ext\":true,\"nbf\":1,\"x\u00e4\":{}", nullptr},
        // Members of other key types mean nothing here, and nothing takes them for a key.
        Row{"SecretOfAnHmacKey", "\"k\":\"c2VjcmV0\"", nullptr},
        Row{"MembersOfAnRsaKey", "\"n\":\"AQAB\",\"e\":\"AQAB\"", nullptr}),
    [](const auto& info) { return info.param.name; });

TEST(JwkTest, ASecretWithoutKidIsNotNamedByItsThumbprintInReports) {
  const auto secret = Key::FromHmacSecret(std::string(16, '\x81') + std::string(16, '\x92'));
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_EQ(secret->id(), secret->Thumbprint());
  EXPECT_EQ(secret->PrintableId(), "no kid");
  const auto key = Key::Generate(Algorithm::kEs256);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->PrintableId(), key->id());
}

TEST(JwkTest, KeyWithoutKidIsNamedByItsThumbprint) {
  const auto key = Key::FromJwk(BareJwk());
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->id(), key->Thumbprint());
  EXPECT_EQ(key->algorithm(), std::nullopt);
  // Its curve leaves it one algorithm.
  for (const Algorithm algorithm : kAllAlgorithms) {
    EXPECT_EQ(key->Fits(algorithm), algorithm == Algorithm::kEs256) << AlgorithmName(algorithm);
  }
}

TEST(JwkTest, KidHasOneTo256Bytes) {
  for (const size_t size : {1u, 255u, 256u}) {
    const std::string kid(size, 'k');
    const auto key = Key::FromJwk(WithMembers(BareJwk(), absl::StrCat("\"kid\":\"", kid, "\"")));
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->id(), kid);
  }
  EXPECT_THAT(
      Key::FromJwk(WithMembers(BareJwk(), absl::StrCat("\"kid\":\"", std::string(257, 'k'), "\""))),
      IsError(HasSubstr("1 to 256")));
}

TEST(JwkTest, WithIdChangesNothingButTheId) {
  const Key key = *Key::FromJwk(BareJwk());
  const Key named = *key.WithId("other");
  EXPECT_EQ(named.id(), "other");
  EXPECT_TRUE(named.SameKeyAs(key));
  EXPECT_EQ(named.Thumbprint(), key.Thumbprint());
  EXPECT_THAT(key.WithId(""), IsError(HasSubstr("1 to 256")));
  EXPECT_THAT(key.WithId(std::string(257, 'k')), IsError(HasSubstr("1 to 256")));
}

TEST(JwkTest, PrivateMembersMakeAPrivateKey) {
  const auto key = Key::FromJwk(BareJwk(true));
  ASSERT_THAT(key, IsOk());
  EXPECT_TRUE(key->has_private());
  EXPECT_FALSE(key->PublicHalf()->has_private());
}

TEST(JwkTest, PrivateKeyMayBeForSigningAlone) {
  const auto signs = Key::FromJwk(WithMembers(BareJwk(true), "\"key_ops\":[\"sign\"]"));
  ASSERT_THAT(signs, IsOk());
  EXPECT_FALSE(signs->may_verify());
  EXPECT_THAT(KeySet({*signs}).BindTo({Algorithm::kEs256}),
              IsError(HasSubstr("is without \"verify\"")));
  EXPECT_THAT(Key::FromJwk(WithMembers(BareJwk(true), "\"key_ops\":[\"decrypt\"]")),
              IsError(HasSubstr("key_ops")));
}

TEST(JwkTest, KidIsEscapedWhenWritten) {
  const Key key = *Key::FromJwk(BareJwk())->WithId("a\"b\\c\nd");
  const auto jwk = key.ToPublicJwk();
  ASSERT_THAT(jwk, IsOk());
  const auto again = Key::FromJwk(*jwk);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->id(), "a\"b\\c\nd");
}

TEST(JwkTest, RefusesWhatIsNoJwk) {
  for (const char* text : {"", "{}", "[]", "null", "{\"kty\":1}", "{\"kty\":\"XYZ\"}",
                           "{\"kty\":\"ec\"}", "{\"kty\":\"RSA\"}", "{\"kty\":\"EC\"}",
                           "{\"kty\":\"OKP\"}", "{\"kty\":\"EC\",\"kty\":\"EC\"}"}) {
    EXPECT_THAT(Key::FromJwk(text), Not(IsOk())) << text;
  }
}

TEST(JwkTest, RefusesOtherBase64) {
  const std::string jwk = BareJwk();
  for (const char* bad : {"\"x\":\"=", "\"x\":\" ", "\"x\":\"+", "\"x\":\"\\n"}) {
    EXPECT_THAT(Key::FromJwk(absl::StrReplaceAll(jwk, {{"\"x\":\"", bad}})),
                IsError(HasSubstr("base64url")))
        << bad;
  }
  EXPECT_THAT(Key::FromJwk("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":2}"),
              IsError(HasSubstr("base64url")));
}

TEST(JwkTest, ErrorsNeverQuoteTheKey) {
  const std::string secret = "c2VjcmV0IHRoYXQgbm9ib2R5IG1heSBzZWU";
  for (const std::string& jwk :
       {absl::StrCat("{\"kty\":\"oct\",\"k\":\"", secret, "\"}"),
        absl::StrCat("{\"kty\":\"oct\",\"k\":\"", secret, "=\"}"),
        absl::StrCat("{\"kty\":\"oct\",\"k\":\"", secret),
        absl::StrCat("{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"", secret, "\"}"),
        absl::StrCat("{\"kty\":\"", secret, "\"}"), absl::StrCat("{\"alg\":\"", secret, "\"}")}) {
    EXPECT_THAT(Key::FromJwk(jwk), IsError(Not(HasSubstr(secret.substr(0, 8)))));
  }
}

TEST(PemTest, RefusesWhatIsNoKey) {
  for (const char* text : {"", "text", "-----BEGIN PUBLIC KEY-----",
                           "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END "
                           "PUBLIC KEY-----\n",
                           "-----BEGIN X-----\nAAAA\n-----END X-----\n", "-----BEGIN "}) {
    EXPECT_THAT(Key::FromPem(text), Not(IsOk())) << text;
  }
  EXPECT_THAT(Key::FromPem("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                           "-----END ENCRYPTED PRIVATE KEY-----\n"),
              IsError(HasSubstr("password")));
}

TEST(PemTest, RefusesShortRsaKeys) {
  // SubjectPublicKeyInfo of a modulus of 1024 bits.
  const std::string n = testing::OddNumber(1024);
  const std::string rsa = absl::StrCat("\x30\x81\x89\x02\x81\x81", std::string(1, '\0'), n,
                                       "\x02\x03\x01", std::string(1, '\0'), "\x01");
  const std::string spki =
      absl::StrCat("\x30\x81\x9f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05",
                   std::string(1, '\0'), "\x03\x81\x8d", std::string(1, '\0'), rsa);
  EXPECT_THAT(Key::FromPem(absl::StrCat("-----BEGIN PUBLIC KEY-----\n", absl::Base64Escape(spki),
                                        "\n-----END PUBLIC KEY-----\n")),
              IsError(HasSubstr("1024")));
}

TEST(PemTest, SkipsTextBeforeTheBlock) {
  const std::string pem = *Key::FromJwk(BareJwk())->ToPublicPem();
  EXPECT_THAT(Key::FromPem("Subject: us\n" + pem), IsOk());
}

}  // namespace
}  // namespace lanyard
