// SPDX-License-Identifier: Apache-2.0
//
// What the header may say: typ, alg, and nothing that changes what the token means.

#include "tests/sdk/made_keys.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::PublicSpellings;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;

constexpr auto kGood = std::nullopt;
constexpr auto kMalformed = AuthFailure::kMalformedToken;
using Verdict = std::optional<AuthFailure>;

class VerifierHeaderTest : public VerifierFixture {
 protected:
  // The header of a good token, and these members.
  std::string With(const std::string& members) const {
    return absl::StrCat("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"", issuer_.key().id(),
                        "\"", members.empty() ? "" : ",", members, "}");
  }
};

TEST_F(VerifierHeaderTest, MembersThatMeanNothingAreIgnored) {
  EXPECT_THAT(verifier_->Verify(SignHeader(With(""))), IsOk());
  EXPECT_THAT(verifier_->Verify(SignHeader(With("\"x5t\":\"a\",\"x5t#S256\":\"b\",\"x\":[1]"))),
              IsOk());
}

class RefusedParameterTest : public VerifierHeaderTest,
                             public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedParameterTest, MakesATokenMalformed) {
  const std::string name = GetParam();
  for (const char* value : {"true", "false", "null", "[]", "[\"exp\"]", "{}", "\"\"", "\"JWT\"",
                            "\"https://attacker.example/keys\""}) {
    EXPECT_THAT(verifier_->Verify(SignHeader(With("\"" + name + "\":" + value))),
                FailsWith(AuthFailure::kMalformedToken))
        << value;
  }
  // Escaped, it is the same member.
  const std::string escaped = absl::StrCat("\"\\u00", absl::BytesToHexString(name.substr(0, 1)),
                                           name.substr(1), "\":\"a\"");
  EXPECT_THAT(verifier_->Verify(SignHeader(With(escaped))),
              FailsWith(AuthFailure::kMalformedToken));
  // Inside another it is nobody's.
  EXPECT_THAT(verifier_->Verify(SignHeader(With("\"x\":{\"" + name + "\":1}"))), IsOk());
}

INSTANTIATE_TEST_SUITE_P(, RefusedParameterTest,
                         ::testing::Values("crit", "b64", "zip", "enc", "cty", "jwk", "jku", "x5u",
                                           "x5c"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(VerifierHeaderTest, RefusesAKeyInTheHeader) {
  // CVE-2018-0114: the attacker's own key, and a good signature by it.
  const Key attacker = *Key::Generate(Algorithm::kEs256);
  const std::string header =
      absl::StrCat("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"jwk\":", *attacker.ToPublicJwk(), "}");
  EXPECT_THAT(verifier_->Verify(
                  *internal::SignCompact(attacker, Algorithm::kEs256, header, Claims().str())),
              FailsWith(AuthFailure::kMalformedToken));
}

struct Header {
  const char* name;
  std::string json;
};

class MalformedHeaderTest : public VerifierFixture, public ::testing::WithParamInterface<Header> {};

TEST_P(MalformedHeaderTest, IsRefused) {
  EXPECT_THAT(verifier_->Verify(SignHeader(GetParam().json)),
              FailsWith(AuthFailure::kMalformedToken));
}

INSTANTIATE_TEST_SUITE_P(
    , MalformedHeaderTest,
    ::testing::Values(
        Header{"Array", "[\"ES256\"]"}, Header{"Text", "\"ES256\""}, Header{"NotJson", "alg=ES256"},
        Header{"Null", "null"}, Header{"NoAlg", "{\"typ\":\"at+jwt\"}"},
        Header{"EmptyObject", "{}"}, Header{"AlgNumber", "{\"alg\":256}"},
        Header{"AlgNull", "{\"alg\":null}"}, Header{"AlgArray", "{\"alg\":[\"ES256\"]}"},
        Header{"AlgObject", "{\"alg\":{\"ES256\":1}}"},
        Header{"AlgTwice", "{\"alg\":\"none\",\"alg\":\"ES256\",\"typ\":\"at+jwt\"}"},
        Header{"AlgTwiceEscaped", "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"typ\":\"at+jwt\"}"},
        Header{"TypNumber", "{\"alg\":\"ES256\",\"typ\":1}"},
        Header{"TypNull", "{\"alg\":\"ES256\",\"typ\":null}"},
        Header{"TypArray", "{\"alg\":\"ES256\",\"typ\":[\"at+jwt\"]}"},
        Header{"TypTwice", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"typ\":\"at+jwt\"}"},
        Header{"KidNumber", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":1}"},
        Header{"KidNull", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":null}"},
        Header{"TrailingText", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}x"},
        Header{"ByteOrderMark", "\xef\xbb\xbf{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}"},
        Header{"NotUtf8", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":\"\xff\"}"},
        Header{"Nul", std::string("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}") + '\0'}),
    [](const auto& info) { return info.param.name; });

TEST_F(VerifierHeaderTest, HeaderTakesTheBoundOfNesting) {
  EXPECT_THAT(verifier_->Verify(
                  SignHeader(With("\"x\":" + std::string(40, '[') + "1" + std::string(40, ']')))),
              FailsWith(AuthFailure::kMalformedToken));
}

struct Alg {
  const char* name;
  const char* alg;
};

class UnsupportedAlgorithmTest : public VerifierFixture,
                                 public ::testing::WithParamInterface<Alg> {};

TEST_P(UnsupportedAlgorithmTest, IsRefused) {
  EXPECT_THAT(verifier_->Verify(SignHeader(
                  absl::StrCat("{\"alg\":\"", GetParam().alg, "\",\"typ\":\"at+jwt\"}"))),
              FailsWith(AuthFailure::kUnsupportedAlgorithm));
}

INSTANTIATE_TEST_SUITE_P(
    , UnsupportedAlgorithmTest,
    ::testing::Values(Alg{"None", "none"}, Alg{"NoneCapitalized", "None"},
                      Alg{"NoneInCapitals", "NONE"}, Alg{"NoneMixed", "nOnE"},
                      Alg{"NoneWithSpace", "none "}, Alg{"NoneWithNul", "none\\u0000"},
                      Alg{"Empty", ""}, Alg{"InSmallLetters", "es256"}, Alg{"SpaceAfter", "ES256 "},
                      Alg{"SpaceBefore", " ES256"}, Alg{"NulAfter", "ES256\\u0000"},
                      Alg{"Prefix", "ES25"}, Alg{"Longer", "ES2567"},
                      Alg{"NotListedEs384", "ES384"}, Alg{"NotListedEs512", "ES512"},
                      Alg{"NotListedRs256", "RS256"}, Alg{"NotListedPs256", "PS256"},
                      Alg{"NotListedHs256", "HS256"}, Alg{"NotListedEdDsa", "EdDSA"},
                      Alg{"Secp256k1", "ES256K"}, Alg{"Sha1", "RS1"}, Alg{"Encryption", "RSA-OAEP"},
                      Alg{"Direct", "dir"}, Alg{"Unspecified", "ALGORITHM_UNSPECIFIED"}),
    [](const auto& info) { return info.param.name; });

TEST_F(VerifierHeaderTest, RefusesAlgNoneWithoutASignature) {
  const std::string token = SignHeader("{\"alg\":\"none\",\"typ\":\"at+jwt\"}");
  EXPECT_THAT(verifier_->Verify(token.substr(0, token.rfind('.') + 1)),
              FailsWith(AuthFailure::kMalformedToken));
}

TEST_F(VerifierHeaderTest, RefusesAListedAlgorithmThatTheKeyIsNotFor) {
  // RFC 8725 section 3.1: one key, one algorithm, even where the issuer lists both.
  TestIssuer rsa(Algorithm::kRs256, "rsa", clock_);
  v1::Issuer config = rsa.Config();
  config.add_algorithms(v1::PS256);
  const auto verifier = Make({{config, rsa.Keys()}});
  EXPECT_THAT(verifier->Verify(rsa.Token().Sign()), IsOk());
  const Key open = *Key::FromPem(*rsa.key().ExportPrivatePem());
  auto builder = rsa.Token();
  for (const bool with_kid : {true, false}) {
    builder.RawHeader(absl::StrCat(
        "{\"alg\":\"PS256\",\"typ\":\"at+jwt\"",
        with_kid ? absl::StrCat(",\"kid\":\"", rsa.key().id(), "\"") : std::string(), "}"));
    EXPECT_THAT(
        verifier->Verify(*internal::SignCompact(open, Algorithm::kPs256, builder.HeaderJson(),
                                                builder.ClaimsJson())),
        FailsWith(with_kid ? AuthFailure::kUnsupportedAlgorithm : AuthFailure::kUnknownKey));
  }
}

// A public key, known to all, taken for an HMAC secret.
class KeyConfusionTest : public VerifierFixture,
                         public ::testing::WithParamInterface<std::tuple<Algorithm, Algorithm>> {
 protected:
  const TestIssuer attacked_{std::get<0>(GetParam()), "attacked", clock_};
};

TEST_P(KeyConfusionTest, RefusesHmacSignedWithThePublicKey) {
  const auto [public_key, hmac] = GetParam();
  const auto verifier = Make({{attacked_.Config(), attacked_.Keys()}});
  ASSERT_THAT(verifier->Verify(attacked_.Token().Sign()), IsOk());
  int tried = 0;
  for (const auto& [spelling, secret] : PublicSpellings(attacked_.key())) {
    const auto forger = Key::FromHmacSecret(secret);
    if (!forger.ok() || !forger->Fits(hmac)) continue;  // Too short, or a guessable text.
    ++tried;
    for (const std::string& kid : {attacked_.key().id(), std::string()}) {
      // The header says what it is …
      auto builder = attacked_.Token();
      const std::string rest = kid.empty() ? "" : absl::StrCat(",\"kid\":\"", kid, "\"");
      auto header = [&rest](Algorithm algorithm) {
        return absl::StrCat("{\"alg\":\"", AlgorithmName(algorithm), "\",\"typ\":\"at+jwt\"", rest,
                            "}");
      };
      EXPECT_THAT(verifier->Verify(
                      *internal::SignCompact(*forger, hmac, header(hmac), builder.ClaimsJson())),
                  FailsWith(AuthFailure::kUnsupportedAlgorithm))
          << spelling;
      // … or claims to be the issuer's.
      EXPECT_THAT(verifier->Verify(*internal::SignCompact(*forger, hmac, header(public_key),
                                                          builder.ClaimsJson())),
                  FailsWith(AuthFailure::kBadSignature))
          << spelling;
    }
  }
  EXPECT_GE(tried, 5);
}

INSTANTIATE_TEST_SUITE_P(
    , KeyConfusionTest,
    ::testing::Combine(::testing::Values(Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEs256,
                                         Algorithm::kEs512, Algorithm::kEdDsa),
                       ::testing::Values(Algorithm::kHs256, Algorithm::kHs384, Algorithm::kHs512)),
    [](const auto& info) {
      return absl::StrCat(AlgorithmName(std::get<0>(info.param)), "As",
                          AlgorithmName(std::get<1>(info.param)));
    });

TEST_F(VerifierHeaderTest, PublicKeyInAnHmacIssuersSetIsNoSecret) {
  // A set that no loader makes: were it there, the type of the key would still decide.
  TestIssuer hmac(Algorithm::kHs256, "hmac", clock_);
  const Key rsa = *Key::Generate(Algorithm::kRs256)->WithId("k");
  const auto verifier = Make({{hmac.Config(), std::make_shared<StaticKeySource>(KeySet({rsa}))}});
  const Key forger = *Key::FromHmacSecret(*rsa.ToPublicPem());
  EXPECT_THAT(verifier->Verify(*internal::SignCompact(
                  forger, Algorithm::kHs256, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}",
                  hmac.Token().ClaimsJson())),
              FailsWith(AuthFailure::kUnknownKey));
}

TEST_F(VerifierHeaderTest, UnboundKeyVerifiesNothing) {
  // An RSA key without alg that a source failed to bind: the token must not choose.
  TestIssuer rsa(Algorithm::kRs256, "rsa", clock_);
  const Key open = *Key::FromPem(*rsa.key().ToPublicPem());
  const auto verifier = Make({{rsa.Config(), std::make_shared<StaticKeySource>(KeySet({open}))}});
  EXPECT_THAT(verifier->Verify(rsa.Token().Sign()), FailsWith(AuthFailure::kUnsupportedAlgorithm));
  EXPECT_THAT(verifier->Verify(rsa.Token().KeyId("").Sign()), FailsWith(AuthFailure::kUnknownKey));
}

struct TypRow {
  const char* name;
  // JSON; empty leaves it out.
  const char* typ;
  Verdict rfc9068, kubernetes, custom, custom_no_typ;
};

constexpr auto kWrong = AuthFailure::kWrongType;

class VerifierTypTest : public VerifierFixture, public ::testing::WithParamInterface<TypRow> {};

TEST_P(VerifierTypTest, FitsTheProfileOrNot) {
  const std::string token = SignHeader(absl::StrCat(
      "{\"alg\":\"ES256\"", *GetParam().typ == '\0' ? "" : ",\"typ\":", GetParam().typ, "}"));
  ExpectVerdict(*verifier_, token, GetParam().rfc9068);
  ExpectVerdict(*MakeFor(Config(v1::RFC9068)), token, GetParam().rfc9068);
  ExpectVerdict(*MakeFor(Config(v1::KUBERNETES)), token, GetParam().kubernetes);
  ExpectVerdict(*MakeFor(Config(v1::CUSTOM, {"Our+JWT", "application/other"})), token,
                GetParam().custom);
  ExpectVerdict(*MakeFor(Config(v1::CUSTOM, {"NO_TYP"})), token, GetParam().custom_no_typ);
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierTypTest,
    ::testing::Values(
        TypRow{"AtJwt", "\"at+jwt\"", kGood, kWrong, kWrong, kWrong},
        TypRow{"AtJwtInCapitals", "\"AT+JWT\"", kGood, kWrong, kWrong, kWrong},
        TypRow{"AtJwtMixed", "\"at+JWT\"", kGood, kWrong, kWrong, kWrong},
        TypRow{"ApplicationAtJwt", "\"application/at+jwt\"", kGood, kWrong, kWrong, kWrong},
        TypRow{"ApplicationInCapitals", "\"APPLICATION/AT+JWT\"", kGood, kWrong, kWrong, kWrong},
        TypRow{"ApplicationTwice", "\"application/application/at+jwt\"", kWrong, kWrong, kWrong,
               kWrong},
        TypRow{"TextAtJwt", "\"text/at+jwt\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"SpaceAfter", "\"at+jwt \"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"NulAfter", "\"at+jwt\\u0000\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"Parameter", "\"at+jwt;x=1\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"Prefix", "\"at+jw\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"Absent", "", kWrong, kGood, kWrong, kGood},
        TypRow{"Empty", "\"\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"Number", "1", kMalformed, kMalformed, kMalformed, kMalformed},
        TypRow{"Null", "null", kMalformed, kMalformed, kMalformed, kMalformed},
        TypRow{"Jwt", "\"JWT\"", kWrong, kGood, kWrong, kWrong},
        TypRow{"JwtInSmallLetters", "\"jwt\"", kWrong, kGood, kWrong, kWrong},
        TypRow{"Jose", "\"JOSE\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"Custom", "\"our+jwt\"", kWrong, kWrong, kGood, kWrong},
        TypRow{"CustomWithApplication", "\"application/our+jwt\"", kWrong, kWrong, kGood, kWrong},
        TypRow{"OtherCustom", "\"other\"", kWrong, kWrong, kGood, kWrong},
        TypRow{"WordForNoTyp", "\"NO_TYP\"", kWrong, kWrong, kWrong, kWrong},
        // Other kinds of JWT by the same issuer and key.
        TypRow{"LogoutToken", "\"logout+jwt\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"SecurityEventToken", "\"secevent+jwt\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"ClientAssertion", "\"client-authentication+jwt\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"DpopProof", "\"dpop+jwt\"", kWrong, kWrong, kWrong, kWrong},
        TypRow{"IntrospectionResponse", "\"token-introspection+jwt\"", kWrong, kWrong, kWrong,
               kWrong}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lanyard
