// SPDX-License-Identifier: Apache-2.0
//
// The machine-readable examples of RFC 7520, with those of RFC 8037 and RFC 7797 beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/conformance/corpus_reader.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::conformance {
namespace {

using internal::JsonDocument;
using internal::JsonValue;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;

constexpr size_t kMaxTokenBytes = 16 * 1024;

template <typename Info>
std::string NameOf(const Info& info) {
  return info.param.test_name;
}

struct Example {
  const char* test_name;
  const char* path;
  Algorithm algorithm;
  bool reproducible;      // The same input gives the same signature.
  const char* part = "";  // The member that holds the example, where the file has two.

  JsonValue In(const JsonDocument& document) const {
    return *part == '\0' ? document.root() : Member(document.root(), part);
  }
};
void PrintTo(const Example& example, std::ostream* out) { *out << example.path; }

using CookbookSignatureTest = CorpusTestWithParam<Example>;

Key KeyOf(const JsonValue& example) {
  auto key = Key::FromJwkValue(Member(Member(example, "input"), "key"));
  EXPECT_THAT(key, IsOk());
  return *std::move(key);
}

TEST_P(CookbookSignatureTest, CompactFormVerifiesAndNoOtherDoes) {
  const JsonDocument document = ReadVectorJson(absl::StrCat("cookbook/", GetParam().path));
  const JsonValue example = GetParam().In(document);
  Tally tally(GetParam().path);
  const std::string token = Text(Member(example, "output"), "compact");
  const std::vector<Algorithm> one = {GetParam().algorithm};
  ASSERT_EQ(Text(Member(example, "input"), "alg"), AlgorithmName(one[0]));
  auto keys = KeySet({KeyOf(example)}).BindTo(one);
  ASSERT_THAT(keys, IsOk());
  internal::IssuerRules rules;
  rules.algorithms = one;

  auto jws = internal::ParseJws(token, kMaxTokenBytes);
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->payload, Text(Member(example, "input"), "payload"));
  EXPECT_EQ(jws->signing_input, Text(Member(example, "signing"), "sig-input"));
  // The examples' keys have names; where the token has none, the key's does not matter.
  TokenConnection connection;
  EXPECT_THAT(internal::VerifySignature(*jws, rules, &*keys, connection), IsOk());

  for (size_t i = 0; i < jws->signature.size(); i += 7) {
    jws->signature[i] ^= 1;
    EXPECT_THAT(internal::VerifySignature(*jws, rules, &*keys, connection),
                FailsWith(AuthFailure::kBadSignature));
    jws->signature[i] ^= 1;
  }
  tally.AsListed();
}

TEST_P(CookbookSignatureTest, SigningTheInputGivesTheExample) {
  const JsonDocument document = ReadVectorJson(absl::StrCat("cookbook/", GetParam().path));
  const JsonValue example = GetParam().In(document);
  const JsonValue signing = Member(example, "signing");
  std::string header;
  ASSERT_TRUE(internal::Base64UrlDecode(Text(signing, "protected_b64u"), &header));
  const Key key = KeyOf(example);
  auto token = internal::SignCompact(key, GetParam().algorithm, header,
                                     Text(Member(example, "input"), "payload"));
  ASSERT_THAT(token, IsOk());
  const std::string expected = Text(Member(example, "output"), "compact");
  if (GetParam().reproducible) {
    EXPECT_EQ(*token, expected);
    return;
  }
  EXPECT_NE(*token, expected);
  auto jws = internal::ParseJws(*token, kMaxTokenBytes);
  ASSERT_THAT(jws, IsOk());
  EXPECT_TRUE(key.material().Verify(GetParam().algorithm, jws->signing_input, jws->signature));
}

INSTANTIATE_TEST_SUITE_P(
    Examples, CookbookSignatureTest,
    ::testing::Values(
        Example{"Rfc7520Section41", "jws/4_1.rsa_v15_signature.json", Algorithm::kRs256, true},
        Example{"Rfc7520Section42", "jws/4_2.rsa-pss_signature.json", Algorithm::kPs384, false},
        Example{"Rfc7520Section43", "jws/4_3.ecdsa_signature.json", Algorithm::kEs512, false},
        Example{"Rfc7520Section44", "jws/4_4.hmac-sha2_integrity_protection.json",
                Algorithm::kHs256, true},
        Example{"Rfc7520Section6", "6.nesting_signatures_and_encryption.json", Algorithm::kPs256,
                false, "sign"},
        Example{"Rfc8037AppendixA4", "curve25519/jws.json", Algorithm::kEdDsa, true}),
    NameOf<::testing::TestParamInfo<Example>>);

using CookbookTest = CorpusTest;

// RFC 7520 section 4.5, RFC 7515 appendix F: what is signed is elsewhere.
TEST_F(CookbookTest, DetachedContentIsNoToken) {
  const JsonDocument document =
      ReadVectorJson("cookbook/jws/4_5.signature_with_detached_content.json");
  Tally tally("jws/4_5.signature_with_detached_content.json");
  const std::string token = Text(Member(document.root(), "output"), "compact");
  EXPECT_THAT(internal::ParseJws(token, kMaxTokenBytes), FailsWith(AuthFailure::kMalformedToken));
  // Which is all that is wrong with it.
  internal::UnverifiedJws jws;
  const JsonValue signing = Member(document.root(), "signing");
  ASSERT_TRUE(internal::Base64UrlDecode(Text(signing, "sig"), &jws.signature));
  EXPECT_TRUE(KeyOf(document.root())
                  .material()
                  .Verify(Algorithm::kHs256, Text(signing, "sig-input"), jws.signature));
  tally.AsListed();
}

// RFC 7797 section 7: b64 is not for JWTs.
TEST_F(CookbookTest, UnencodedPayloadsAreNoTokens) {
  int run = 0;
  for (const std::string& name : ListVectors("cookbook/rfc7797")) {
    if (!absl::EndsWith(name, ".json")) continue;
    const JsonDocument document = ReadVectorJson(absl::StrCat("cookbook/rfc7797/", name));
    Tally tally(absl::StrCat("rfc7797/", name));
    const JsonValue output = Member(document.root(), "output");
    const JsonValue flat = Member(output, "json_flat");
    const std::string header = Text(flat, "protected"), signature = Text(flat, "signature");
    std::vector<std::string> tokens = {
        JsonText(Member(output, "json")),
        JsonText(flat),
        absl::StrCat(header, ".", Text(flat, "payload"), ".", signature),
        // Whose payload is base64url at least, so that b64 in the header is all that is wrong.
        absl::StrCat(header, ".", internal::Base64UrlEncode(Text(flat, "payload")), ".", signature),
    };
    if (output.Find("compact").has_value()) tokens.push_back(Text(output, "compact"));
    for (const std::string& token : tokens) {
      EXPECT_THAT(internal::ParseJws(token, kMaxTokenBytes),
                  FailsWith(AuthFailure::kMalformedToken))
          << name;
    }
    EXPECT_THAT(
        internal::ParseJws(tokens[3], kMaxTokenBytes),
        IsError(::testing::AnyOf(::testing::HasSubstr("b64"), ::testing::HasSubstr("crit"))))
        << name;
    tally.AsListed();
    ++run;
  }
  EXPECT_EQ(run, 2);
}

// RFC 7520 sections 4.6 to 4.8, and the other form of all the others.
TEST_F(CookbookTest, JsonSerializationIsNoToken) {
  int run = 0;
  Tally tally("jws/*, JSON serialization");
  for (const std::string& name : ListVectors("cookbook/jws")) {
    const JsonDocument document = ReadVectorJson(absl::StrCat("cookbook/jws/", name));
    for (const JsonValue form : Member(document.root(), "output")) {
      if (form.name() == "compact") continue;
      EXPECT_THAT(internal::ParseJws(JsonText(form), kMaxTokenBytes),
                  FailsWith(AuthFailure::kMalformedToken))
          << name << " " << form.name();
      tally.AsListed();
    }
    ++run;
  }
  EXPECT_EQ(run, 8);
  EXPECT_EQ(tally.run(), 15);
}

// RFC 7520 section 6 and RFC 8037 appendix A.6: five segments.
TEST_F(CookbookTest, EncryptedTokensAreNoTokens) {
  const JsonDocument nested = ReadVectorJson("cookbook/6.nesting_signatures_and_encryption.json");
  const JsonDocument x25519 = ReadVectorJson("cookbook/curve25519/ecdh-es.json");
  Tally tally("6.nesting_signatures_and_encryption.json and curve25519/ecdh-es.json, JWE");
  for (const JsonValue example : {Member(nested.root(), "encrypt"), x25519.root()}) {
    EXPECT_THAT(internal::ParseJws(Text(Member(example, "output"), "compact"), kMaxTokenBytes),
                FailsWith(AuthFailure::kMalformedToken));
    const JsonValue key = Member(Member(example, "input"), "key");
    EXPECT_THAT(Key::FromJwkValue(key), IsError(::testing::HasSubstr("\"use\"")));
    tally.AsListed();
  }
  const std::string without_use = JsonText(Member(Member(x25519.root(), "input"), "key"), "use");
  EXPECT_THAT(Key::FromJwk(without_use), IsError(::testing::HasSubstr("Ed25519")));
}

struct JwkFile {
  const char* test_name;
  const char* path;
  const char* type;
  bool has_private;
  const char* thumbprint;  // Worked out apart from this code.
};
void PrintTo(const JwkFile& file, std::ostream* out) { *out << file.path; }

using CookbookJwkTest = CorpusTestWithParam<JwkFile>;

TEST_P(CookbookJwkTest, LoadsWithItsIdAndThumbprint) {
  const std::string text = ReadVectorFile(absl::StrCat("cookbook/jwk/", GetParam().path));
  Tally tally(absl::StrCat("jwk/", GetParam().path));
  auto document = JsonDocument::ParseObject(text);
  ASSERT_THAT(document, IsOk());
  auto key = Key::FromJwk(text);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->type(), GetParam().type);
  EXPECT_EQ(key->id(), Text(document->root(), "kid"));
  EXPECT_EQ(key->has_private(), GetParam().has_private);
  EXPECT_EQ(key->Thumbprint(), GetParam().thumbprint);
  EXPECT_THAT(KeySet::FromText(text), IsOk());
  tally.AsListed();
}

TEST_P(CookbookJwkTest, SurvivesBeingWrittenAndReadAgain) {
  auto key = Key::FromJwk(ReadVectorFile(absl::StrCat("cookbook/jwk/", GetParam().path)));
  ASSERT_THAT(key, IsOk());
  auto text = key->has_private() ? key->ExportPrivateJwk() : key->ToPublicJwk();
  ASSERT_THAT(text, IsOk());
  auto again = Key::FromJwk(*text);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->SameKeyAs(*key));
  EXPECT_EQ(again->id(), key->id());
  EXPECT_EQ(again->has_private(), key->has_private());
}

INSTANTIATE_TEST_SUITE_P(
    Files, CookbookJwkTest,
    ::testing::Values(JwkFile{"EcPublic", "3_1.ec_public_key.json", "EC", false,
                              "dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M"},
                      JwkFile{"EcPrivate", "3_2.ec_private_key.json", "EC", true,
                              "dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M"},
                      JwkFile{"RsaPublic", "3_3.rsa_public_key.json", "RSA", false,
                              "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"},
                      JwkFile{"RsaPrivate", "3_4.rsa_private_key.json", "RSA", true,
                              "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"},
                      JwkFile{"HmacSecret", "3_5.symmetric_key_mac_computation.json", "oct", true,
                              "RtoRur_1Dir5M4wuOfqNkDYOf9O_4RJ-aHkTA75RLA8"}),
    NameOf<::testing::TestParamInfo<JwkFile>>);

TEST_F(CookbookTest, EncryptionKeyIsRefused) {
  EXPECT_THAT(Key::FromJwk(ReadVectorFile("cookbook/jwk/3_6.symmetric_key_encryption.json")),
              IsError(::testing::HasSubstr("\"use\"")));
}

// RFC 8037 appendix A.3 gives the thumbprint of the key of A.4.
TEST_F(CookbookTest, Ed25519ThumbprintIsThatOfTheRfc) {
  const JsonDocument document = ReadVectorJson("cookbook/curve25519/jws.json");
  EXPECT_EQ(KeyOf(document.root()).Thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

}  // namespace
}  // namespace lanyard::conformance
