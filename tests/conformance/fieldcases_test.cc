// SPDX-License-Identifier: Apache-2.0
//
// Tokens behind bug reports and CVEs of other JWT libraries, through a Verifier whose config is as
// open as a config can be, so that what refuses them is the check that should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/conformance/corpus_reader.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::conformance {
namespace {

using internal::JsonDocument;
using internal::JsonValue;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::nullopt_t kAccepted = std::nullopt;

struct Answer {
  std::optional<AuthFailure> failure;
  const char* detail = "";  // What the operator reads, where the failure alone says little.
};

// The answer to each, by "CASE: name".
const std::map<std::string, Answer>& Answers() {
  using F = AuthFailure;
  static const auto& answers = *new std::map<std::string, Answer>{
      {"A00: control HS256", {kAccepted}},
      {"A00: control RS256", {kAccepted}},
      {"A00: control ES256", {kAccepted}},
      {"A00: control ES384", {kAccepted}},
      {"A00: control EdDSA", {kAccepted}},
      {"A01: none, empty signature", {F::kMalformedToken, "segment is empty"}},
      {"A01: none, left-over HS256 signature", {F::kUnsupportedAlgorithm}},
      {"A01: none, junk signature", {F::kUnsupportedAlgorithm}},
      {"A02: PEM SPKI as HMAC key", {F::kUnsupportedAlgorithm}},
      {"A02: PEM without final newline", {F::kUnsupportedAlgorithm}},
      {"A02: DER SPKI as HMAC key", {F::kUnsupportedAlgorithm}},
      {"A02: PKCS1 DER", {F::kUnsupportedAlgorithm}},
      {"A02: modulus bytes", {F::kUnsupportedAlgorithm}},
      {"A02: n member text", {F::kUnsupportedAlgorithm}},
      {"A03: signature + \"=\"", {F::kMalformedToken, "without padding"}},
      {"A03: header + \"==\"", {F::kMalformedToken, "without padding"}},
      {"A03: issuer padded header/payload and signed that text",
       {F::kMalformedToken, "without padding"}},
      {"A04: exp negative", {F::kMalformedToken, "\"exp\" is not a time"}},
      {"A04: exp -1", {F::kMalformedToken, "\"exp\" is not a time"}},
      {"A04: nbf negative", {F::kMalformedToken, "\"nbf\" is not a time"}},
      {"A05: exp now+0.5", {kAccepted}},
      {"A05: fractional nbf and exp", {kAccepted}},
      {"A05: exp now-0.5", {F::kExpired}},
      {"A05: nbf now+0.5", {F::kNotYetValid}},
      {"A06: exp missing", {F::kMissingClaim, "no \"exp\""}},
      {"A07: iat 20 s ahead", {kAccepted}},
      {"A07: nbf 20 s ahead leeway 60", {kAccepted}},
      {"A07: nbf 61 s ahead leeway 60", {F::kNotYetValid}},
      {"A08: aud array containing us", {kAccepted}},
      {"A08: aud one-element array", {kAccepted}},
      {"A08: aud array without us", {F::kWrongAudience}},
      {"A08: aud longer string", {F::kWrongAudience}},
      {"A08: aud other case", {F::kWrongAudience}},
      {"A09: iss 'http'", {F::kUnknownIssuer}},
      {"A09: iss 'https://issuer.tes'", {F::kUnknownIssuer}},
      {"A09: iss 'https://issuer.test.evil'", {F::kUnknownIssuer}},
      {"A09: iss 'https://issuer.test/'", {F::kUnknownIssuer}},
      {"A09: iss 'HTTPS://ISSUER.TEST'", {F::kUnknownIssuer}},
      {"A09: iss ' https://issuer.test'", {F::kUnknownIssuer}},
      {"A09: iss array", {F::kMalformedToken, "\"iss\" is not a string"}},
      {"A10: duplicate sub", {F::kMalformedToken, "duplicate member name"}},
      {"A10: duplicate exp", {F::kMalformedToken, "duplicate member name"}},
      {"A11: crit unknown extension", {F::kMalformedToken, "\"crit\""}},
      {"A12: ES512 132 bytes both halves start 00", {kAccepted}},
      {"A12: ES512 same signature as 130 bytes", {F::kBadSignature}},
      {"A12: ES512 full-range signature", {kAccepted}},
      {"A13: ES256 DER signature", {F::kBadSignature}},
      {"A14: RS256 3-byte signature", {F::kBadSignature}},
      {"A14: RS256 255 bytes", {F::kBadSignature}},
      {"A14: RS256 257 bytes, leading 00", {F::kBadSignature}},
      {"A14: RS256 257 bytes, trailing 00", {F::kBadSignature}},
      {"A14: RS256 all zero 256", {F::kBadSignature}},
      {"A14: RS256 all ff 256", {F::kBadSignature}},
      {"A15: HMAC key empty", {F::kKeysUnavailable}},
      {"A15: unknown kid, attacker signs with empty key", {F::kUnknownKey}},
      {"A15: RSA JWK without alg, HS256 token MACed with empty key", {F::kUnsupportedAlgorithm}},
      {"A16: kid number", {F::kMalformedToken, "\"kid\" in the header is not a string"}},
      {"A16: kid object", {F::kMalformedToken, "\"kid\" in the header is not a string"}},
      {"A16: kid null", {F::kMalformedToken, "\"kid\" in the header is not a string"}},
      {"A16: kid array", {F::kMalformedToken, "\"kid\" in the header is not a string"}},
      {"A17: kid r1 but signed by r2", {F::kBadSignature}},
      {"A18: set with unknown kty AKP first", {kAccepted}},
      {"A19: EC P-384 JWK without alg", {kAccepted}},
      {"A19: ES384 header with P-256 key", {F::kUnsupportedAlgorithm}},
      {"A20: no kid; enc key first, sig key second", {kAccepted}},
      {"A20: kid names an enc key", {F::kKeysUnavailable}},
      {"A21: attacker key in jwk header", {F::kMalformedToken, "\"jwk\""}},
      {"A21: jku header, good signature by trusted key", {F::kMalformedToken, "\"jku\""}},
      {"A22: four segments", {F::kMalformedToken, "three segments"}},
      {"A22: four segments, last empty", {F::kMalformedToken, "three segments"}},
      {"A22: two segments", {F::kMalformedToken, "three segments"}},
      {"A22: 10000 dots", {F::kMalformedToken, "three segments"}},
      {"A23: numeric sub", {F::kMalformedToken, "\"sub\" is not a string"}},
      {"A23: private claim 2^53+1", {kAccepted}},
      {"A24: private claim nested 3000 deep", {F::kMalformedToken, "nested more than"}},
      {"A25: JWKS entry carries private members", {kAccepted}},
  };
  return answers;
}

std::string IdOf(const JsonValue& vector) {
  return absl::StrCat(Text(vector, "case"), ": ", Text(vector, "name"));
}

// A key set that no file could be loaded from: the server does not start with it.
const std::set<std::string>& WithoutUsableKey() {
  static const auto& ids =
      *new std::set<std::string>{"A15: HMAC key empty", "A20: kid names an enc key"};
  return ids;
}

class NoKeys final : public KeySource {
 public:
  std::shared_ptr<const KeySet> Current() const override { return nullptr; }
};

v1::Issuer ConfigOf(const JsonValue& vector) {
  const JsonValue config = Member(vector, "config");
  v1::Issuer issuer;
  issuer.set_name("fieldcases");
  issuer.set_issuer(Text(config, "iss"));
  issuer.add_audiences(Text(config, "aud"));
  issuer.mutable_leeway()->set_seconds(Number(config, "leeway"));
  issuer.set_profile(v1::CUSTOM);
  issuer.add_custom_types("JWT");
  issuer.add_custom_types("NO_TYP");
  issuer.set_issuer_signs_access_tokens_only(true);
  // What whoever has these keys would list.
  std::set<int> algorithms;
  for (const JsonValue key : Member(Member(vector, "jwks"), "keys")) {
    const std::string type = Text(key, "kty");
    if (type == "oct") algorithms.insert(v1::HS256);
    if (type == "RSA") algorithms.insert(v1::RS256);
    if (type == "EC") algorithms.insert({v1::ES256, v1::ES384, v1::ES512});
    if (type == "OKP") algorithms.insert(v1::EdDSA);
  }
  for (const int algorithm : algorithms) {
    issuer.add_algorithms(static_cast<v1::Algorithm>(algorithm));
  }
  issuer.set_every_verifier_can_mint(algorithms.count(v1::HS256) != 0);
  return issuer;
}

absl::StatusOr<KeySet> KeysOf(const JsonValue& vector) {
  auto keys = KeySet::FromJwks(JsonText(Member(vector, "jwks")));
  if (!keys.ok()) return keys.status();
  return keys->BindTo(internal::AlgorithmsOf(ConfigOf(vector)));
}

absl::StatusOr<std::unique_ptr<Verifier>> VerifierOf(const JsonValue& vector) {
  VerifierOptions options;
  options.clock =
      std::make_shared<FakeClock>(absl::FromUnixSeconds(Number(Member(vector, "config"), "now")));
  auto keys = KeysOf(vector);
  EXPECT_EQ(keys.ok(), WithoutUsableKey().count(IdOf(vector)) == 0) << keys.status();
  TrustedIssuer issuer{ConfigOf(vector), std::make_shared<NoKeys>()};
  if (keys.ok()) issuer.keys = std::make_shared<StaticKeySource>(*std::move(keys));
  options.issuers.push_back(std::move(issuer));
  return Verifier::Create(std::move(options));
}

struct OneCheck final : TokenConnection {
  bool BeginSignatureCheck() override { return ++checks != 0; }
  int checks = 0;
};

class FieldcasesTest : public CorpusTest {
 protected:
  // The one vector of that id.
  JsonValue Vector(absl::string_view id) {
    if (!document_.has_value()) document_ = ReadVectorJson("fieldcases.json");
    for (const JsonValue vector : Member(document_->root(), "vectors")) {
      if (IdOf(vector) == id) return vector;
    }
    ADD_FAILURE() << "no vector " << id;
    return document_->root();
  }

  std::optional<JsonDocument> document_;
};

TEST_F(FieldcasesTest, EveryTokenGetsItsAnswerForItsReason) {
  const JsonDocument document = ReadVectorJson("fieldcases.json");
  Tally tally("fieldcases.json");
  std::set<std::string> seen;
  for (const JsonValue vector : Member(document.root(), "vectors")) {
    const std::string id = IdOf(vector);
    SCOPED_TRACE(id);
    ASSERT_TRUE(seen.insert(id).second);
    const auto answer = Answers().find(id);
    ASSERT_NE(answer, Answers().end());
    auto verifier = VerifierOf(vector);
    ASSERT_THAT(verifier, IsOk());
    // The second time a good verdict comes from the cache.
    for (int time = 0; time < 2; ++time) {
      OneCheck connection;
      auto caller = (*verifier)->Verify(Text(vector, "token"), connection);
      EXPECT_LE(connection.checks, 1);
      if (answer->second.failure.has_value()) {
        EXPECT_THAT(caller, FailsWith(*answer->second.failure));
        EXPECT_THAT(caller, IsError(HasSubstr(answer->second.detail)));
      } else {
        EXPECT_THAT(caller, IsOk());
      }
    }
    const bool listed = Text(vector, "expect") == "accept";
    if (listed != answer->second.failure.has_value()) {
      tally.AsListed();
      continue;
    }
    // The list leaves it open; a key offered by a token is refused, not ignored.
    EXPECT_EQ(id, "A21: jku header, good signature by trusted key");
    EXPECT_TRUE(vector.Find("policy").has_value());
    tally.Exception("jku refused, not ignored");
  }
  EXPECT_EQ(seen.size(), Answers().size());
  EXPECT_EQ(tally.run(), Number(document.root(), "count"));
}

TEST_F(FieldcasesTest, IntegersBeyondADoubleReachTheHandlerExactly) {
  const JsonValue vector = Vector("A23: private claim 2^53+1");
  auto verifier = VerifierOf(vector);
  ASSERT_THAT(verifier, IsOk());
  auto caller = (*verifier)->Verify(Text(vector, "token"));
  ASSERT_THAT(caller, IsOk());
  const auto& claims = caller->claims().private_claims();
  ASSERT_EQ(claims.count("org"), 1u);
  EXPECT_EQ(claims.at("org").int_value(), (int64_t{1} << 53) + 1);
  EXPECT_THAT(caller->claims_json(), HasSubstr("9007199254740993"));
}

TEST_F(FieldcasesTest, UnknownKindOfKeyIsLeftOutWithAWarning) {
  auto keys = KeysOf(Vector("A18: set with unknown kty AKP first"));
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys().size(), 1u);
  EXPECT_THAT(keys->warnings(), ElementsAre(HasSubstr("kty")));
}

TEST_F(FieldcasesTest, PublishedPrivateHalfIsDroppedWithAWarning) {
  const JsonValue vector = Vector("A25: JWKS entry carries private members");
  const JsonValue entry = *Member(Member(vector, "jwks"), "keys").begin();
  auto keys = KeysOf(vector);
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->keys().size(), 1u);
  EXPECT_FALSE(keys->keys()[0].has_private());
  ASSERT_THAT(keys->warnings(), ElementsAre(HasSubstr("private half")));
  EXPECT_EQ(keys->warnings()[0].find(Text(entry, "d").substr(0, 8)), std::string::npos);
  EXPECT_THAT(keys->keys()[0].ExportPrivateJwk().value_or(""), IsEmpty());
}

}  // namespace
}  // namespace lanyard::conformance
