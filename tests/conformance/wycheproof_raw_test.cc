// SPDX-License-Identifier: Apache-2.0
//
// Project Wycheproof's files of bare signatures and MACs, through KeyMaterial::Verify.
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/conformance/corpus_reader.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::conformance {
namespace {

using internal::JsonValue;

struct File {
  const char* name;
  Algorithm algorithm;
  int keys_without_jwk = 0;
  std::vector<NamedException> exceptions;
};

void PrintTo(const File& file, std::ostream* out) { *out << file.name; }

internal::JsonDocument Read(const File& file) {
  return ReadVectorJson(absl::StrCat("wycheproof/testvectors_v1/", file.name, ".json"));
}

// "ecdsa_secp256r1_sha256_p1363_test" as "EcdsaSecp256r1Sha256P1363".
template <typename Info>
std::string NameOf(const Info& info) {
  std::string name;
  for (const absl::string_view word : absl::StrSplit(info.param.name, '_')) {
    if (word == "test") continue;
    name += static_cast<char>(absl::ascii_toupper(word[0]));
    absl::StrAppend(&name, word.substr(1));
  }
  return name;
}

// A group's key from its PEM; where there is a JWK too, from both, which must be the same key.
std::optional<Key> PublicKey(const JsonValue& group, int* without_jwk) {
  auto key = Key::FromPem(Text(group, "publicKeyPem"));
  EXPECT_TRUE(key.ok()) << key.status();
  if (!key.ok()) return std::nullopt;
  auto jwk = group.Find("publicKeyJwk");
  if (!jwk.has_value()) jwk = group.Find("keyJwk");
  if (!jwk.has_value()) {
    ++*without_jwk;
    return *std::move(key);
  }
  auto same = Key::FromJwkValue(*jwk);
  EXPECT_TRUE(same.ok()) << same.status();
  EXPECT_TRUE(same.ok() && same->SameKeyAs(*key));
  return *std::move(key);
}

using WycheproofSignatureTest = CorpusTestWithParam<File>;

TEST_P(WycheproofSignatureTest, EverySignatureIsJudgedAsListed) {
  const File& file = GetParam();
  const auto document = Read(file);
  Tally tally(absl::StrCat(file.name, ".json"));
  int without_jwk = 0;
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    const auto key = PublicKey(group, &without_jwk);
    if (!key.has_value()) continue;
    for (const JsonValue test : Member(group, "tests")) {
      const std::string message = HexBytes(test, "msg"), signature = HexBytes(test, "sig");
      const bool good = key->material().Verify(file.algorithm, message, signature);
      tally.Compare(test, good, good ? "ACCEPTED" : "BAD_SIGNATURE", file.exceptions);
      if (!good) continue;
      // The same bytes are no signature by any other algorithm of that key.
      for (const Algorithm other : kAllAlgorithms) {
        if (other == file.algorithm) continue;
        EXPECT_FALSE(key->material().Verify(other, message, signature))
            << "tcId " << Number(test, "tcId") << " as " << AlgorithmName(other);
      }
    }
  }
  EXPECT_EQ(tally.run(), Number(document.root(), "numberOfTests"));
  EXPECT_EQ(without_jwk, file.keys_without_jwk);
}

// A DigestInfo must be the very bytes of RFC 8017 section 9.2, where NULL is not optional.
const NamedException kMissingNull = {8, "BAD_SIGNATURE", "no NULL in the DigestInfo"};

INSTANTIATE_TEST_SUITE_P(
    Files, WycheproofSignatureTest,
    ::testing::Values(File{"ecdsa_secp256r1_sha256_p1363_test", Algorithm::kEs256, 9, {}},
                      File{"ecdsa_secp384r1_sha384_p1363_test", Algorithm::kEs384, 9, {}},
                      File{"ecdsa_secp521r1_sha512_p1363_test", Algorithm::kEs512, 9, {}},
                      File{"rsa_signature_2048_sha256_test", Algorithm::kRs256, 0, {kMissingNull}},
                      File{"rsa_signature_3072_sha384_test", Algorithm::kRs384, 0, {kMissingNull}},
                      File{"rsa_signature_4096_sha512_test", Algorithm::kRs512, 0, {kMissingNull}},
                      File{"rsa_pss_2048_sha256_mgf1_32_test", Algorithm::kPs256, 0, {}},
                      File{"rsa_pss_2048_sha384_mgf1_48_test", Algorithm::kPs384, 0, {}},
                      File{"rsa_pss_4096_sha384_mgf1_48_test", Algorithm::kPs384, 0, {}},
                      File{"rsa_pss_4096_sha512_mgf1_64_test", Algorithm::kPs512, 0, {}},
                      File{"ed25519_test", Algorithm::kEdDsa, 0, {}}),
    NameOf<::testing::TestParamInfo<File>>);

using WycheproofDerTest = CorpusTest;

// RFC 7518 section 3.4: a JWS holds R||S, so all of these are wrong, the good ones included.
TEST_F(WycheproofDerTest, NoDerSignatureIsTakenForARawOne) {
  const File file{"ecdsa_secp256r1_sha256_test", Algorithm::kEs256, 0, {}};
  const auto document = Read(file);
  Tally tally(absl::StrCat(file.name, ".json"));
  int without_jwk = 0;
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    const auto key = PublicKey(group, &without_jwk);
    if (!key.has_value()) continue;
    for (const JsonValue test : Member(group, "tests")) {
      EXPECT_FALSE(
          key->material().Verify(file.algorithm, HexBytes(test, "msg"), HexBytes(test, "sig")))
          << "tcId " << Number(test, "tcId");
      if (Text(test, "result") == "valid") {
        tally.Exception("good as DER");
      } else {
        tally.AsListed();
      }
    }
  }
  EXPECT_EQ(tally.run(), Number(document.root(), "numberOfTests"));
}

using WycheproofMacTest = CorpusTestWithParam<File>;

TEST_P(WycheproofMacTest, EveryFullTagIsJudgedAsListed) {
  const File& file = GetParam();
  const auto document = Read(file);
  Tally tally(absl::StrCat(file.name, ".json"));
  const size_t least = internal::HmacMinimumBytes(file.algorithm);
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    const bool truncated = Number(group, "tagSize") != static_cast<int64_t>(8 * least);
    for (const JsonValue test : Member(group, "tests")) {
      const std::string message = HexBytes(test, "msg"), tag = HexBytes(test, "tag");
      const bool listed = Text(test, "result") == "valid";
      const std::string secret = HexBytes(test, "key");
      auto key = internal::MakeHmac(internal::Secret(secret));
      if (!key.ok() || !(*key)->Fits(file.algorithm)) {
        // RFC 7518 section 3.2: a key as long as the hash at least.
        EXPECT_LT(secret.size(), least) << "tcId " << Number(test, "tcId") << key.status();
        EXPECT_FALSE(key.ok() && (*key)->Verify(file.algorithm, message, tag));
        tally.Exception("refused key");
        continue;
      }
      const bool good = (*key)->Verify(file.algorithm, message, tag);
      if (!truncated) {
        tally.Compare(test, good, good ? "ACCEPTED" : "BAD_SIGNATURE", {});
        continue;
      }
      // Too short a tag is refused, however right; that our own is right, its beginning shows.
      EXPECT_FALSE(good) << "tcId " << Number(test, "tcId");
      auto whole = (*key)->Sign(file.algorithm, message);
      ASSERT_TRUE(whole.ok()) << whole.status();
      EXPECT_EQ(absl::StartsWith(*whole, tag), listed) << "tcId " << Number(test, "tcId");
      tally.Exception("truncated tag");
    }
  }
  EXPECT_EQ(tally.run(), Number(document.root(), "numberOfTests"));
}

INSTANTIATE_TEST_SUITE_P(Files, WycheproofMacTest,
                         ::testing::Values(File{"hmac_sha256_test", Algorithm::kHs256, 0, {}},
                                           File{"hmac_sha384_test", Algorithm::kHs384, 0, {}},
                                           File{"hmac_sha512_test", Algorithm::kHs512, 0, {}}),
                         NameOf<::testing::TestParamInfo<File>>);

}  // namespace
}  // namespace lanyard::conformance
