// SPDX-License-Identifier: Apache-2.0
//
// Project Wycheproof's JOSE files, run where their tokens are tokens: the parsing of the compact
// form, the loading of keys, the choice of the key and the signature. Their payloads are not
// claims.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "lanyard/conformance/corpus_reader.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::conformance {
namespace {

using internal::JsonValue;

constexpr size_t kMaxTokenBytes = 16 * 1024;
constexpr absl::string_view kAccepted = "ACCEPTED";
constexpr absl::string_view kKeyRefused = "KEY_REFUSED";

const std::vector<Algorithm>& AllAlgorithms() {
  static const auto& all =
      *new std::vector<Algorithm>(std::begin(kAllAlgorithms), std::end(kAllAlgorithms));
  return all;
}

// The keys of a group as a server loads an issuer's key file; null if it would refuse to.
std::shared_ptr<const KeySet> LoadKeys(absl::string_view text,
                                       const std::vector<Algorithm>& algorithms) {
  auto keys = KeySet::FromText(text);
  if (!keys.ok()) return nullptr;
  auto bound = keys->BindTo(algorithms);
  if (!bound.ok()) return nullptr;
  return std::make_shared<const KeySet>(*std::move(bound));
}

// "ACCEPTED", "KEY_REFUSED", or the AuthFailure's name.
std::string Verify(absl::string_view token, const KeySet* keys,
                   const std::vector<Algorithm>& algorithms) {
  if (keys == nullptr) return std::string(kKeyRefused);
  auto jws = internal::ParseJws(token, kMaxTokenBytes);
  absl::Status status = jws.status();
  if (status.ok()) {
    internal::IssuerRules rules;
    rules.algorithms = algorithms;
    TokenConnection connection;
    status = internal::VerifySignature(*jws, rules, keys, connection).status();
  }
  if (status.ok()) return std::string(kAccepted);
  const auto failure = FailureOf(status);
  return failure.has_value() ? std::string(AuthFailureName(*failure)) : status.ToString();
}

// The public half where the group has one: what a verifier is given.
JsonValue VerifierKey(const JsonValue& group) {
  const auto half = group.Find("public");
  return half.has_value() ? *half : Member(group, "private");
}

// A token, or the JSON serialization of one, which no verifier of compact tokens knows.
std::string TokenOf(const JsonValue& test) {
  const JsonValue jws = Member(test, "jws");
  return jws.is(JsonValue::Kind::kString) ? std::string(jws.string()) : JsonText(jws);
}

void RunFile(absl::string_view name, const std::vector<NamedException>& exceptions,
             std::vector<int64_t>* refused_keys) {
  const auto document = ReadVectorJson(absl::StrCat("wycheproof/testvectors_v1/", name));
  Tally tally(name);
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    const auto keys = LoadKeys(JsonText(VerifierKey(group)), AllAlgorithms());
    for (const JsonValue test : Member(group, "tests")) {
      if (test.Find("jwe").has_value()) {
        tally.Skipped("JWE");
        continue;
      }
      const std::string outcome = Verify(TokenOf(test), keys.get(), AllAlgorithms());
      tally.Compare(test, outcome == kAccepted, outcome, exceptions);
      if (keys == nullptr) refused_keys->push_back(Number(test, "tcId"));
    }
  }
  EXPECT_EQ(tally.run() + tally.skipped(), Number(document.root(), "numberOfTests"));
}

using WycheproofJwsTest = CorpusTest;

constexpr absl::string_view kSameToken = "listed once as valid and twice as invalid";
constexpr absl::string_view kNotBase64Url = "a character outside base64url";
constexpr absl::string_view kKeySaysAlg = "the JWK's alg is another one";
constexpr absl::string_view kEmptyPayload = "an empty payload is no JWT";

TEST_F(WycheproofJwsTest, SignaturesAreJudgedAsListed) {
  std::vector<int64_t> refused_keys;
  RunFile("json_web_signature_test.json",
          {
              // The text of 357, which is listed as valid.
              {367, kAccepted, kSameToken},
              {370, kAccepted, kSameToken},
              // RFC 7515 section 2 and RFC 4648 section 3.3.
              {372, "MALFORMED_TOKEN", kNotBase64Url},
              {373, "MALFORMED_TOKEN", kNotBase64Url},
              // RFC 7517 section 4.4 and RFC 8725 section 3.1; "ES521" is no algorithm at all.
              {346, "UNSUPPORTED_ALGORITHM", kKeySaysAlg},
              {350, "UNSUPPORTED_ALGORITHM", kKeySaysAlg},
              {347, kKeyRefused, kKeySaysAlg},
              {351, kKeyRefused, kKeySaysAlg},
              // A claims set is a JSON object (RFC 7519 section 7.2).
              {259, "MALFORMED_TOKEN", kEmptyPayload},
              {264, "MALFORMED_TOKEN", kEmptyPayload},
              {268, "MALFORMED_TOKEN", kEmptyPayload},
              {272, "MALFORMED_TOKEN", kEmptyPayload},
              {320, "MALFORMED_TOKEN", kEmptyPayload},
              {325, "MALFORMED_TOKEN", kEmptyPayload},
          },
          &refused_keys);
  // Beside the two above, the four keys that are for encryption.
  EXPECT_THAT(refused_keys, ::testing::ElementsAre(347, 351, 353, 354, 355, 356));
}

TEST_F(WycheproofJwsTest, KeysAreJudgedAsListed) {
  std::vector<int64_t> refused_keys;
  RunFile("json_web_key_test.json",
          {
              // The second key of the kid is left out as RFC 7517 section 5 has it, so the kid
              // names one key; RefusesTwoKeysOfOneId has a well-formed second one.
              {4, kAccepted, "the second key's k is not canonical base64url"},
          },
          &refused_keys);
  // All that are listed as invalid but 3, a bad signature, and 4: the fault is found when the keys
  // are loaded. 1 mixes oct and EC, 7 is a ROCA key.
  EXPECT_THAT(refused_keys, ::testing::ElementsAre(1, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20,
                                                   21, 22, 23, 24, 25, 26));
}

TEST_F(WycheproofJwsTest, TheOlderMixIsJudgedAsListed) {
  std::vector<int64_t> refused_keys;
  RunFile("json_web_crypto_test.json", {}, &refused_keys);
  EXPECT_THAT(refused_keys, ::testing::ElementsAre(46, 47));  // ROCA; oct beside EC.
}

TEST_F(WycheproofJwsTest, RefusesTwoKeysOfOneId) {
  const auto document = ReadVectorJson("wycheproof/testvectors_v1/json_web_key_test.json");
  int found = 0;
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    if (Text(group, "comment") != "jws_keyset") continue;
    ++found;
    const std::string two = JsonText(VerifierKey(group));
    EXPECT_NE(LoadKeys(two, AllAlgorithms()), nullptr);
    const std::string one_name = absl::StrReplaceAll(two, {{"kid-aes-sign-2", "kid-aes-sign"}});
    ASSERT_NE(one_name, two);
    EXPECT_EQ(LoadKeys(one_name, AllAlgorithms()), nullptr);
  }
  EXPECT_EQ(found, 1);
}

// Shows that 346, 347, 350 and 351 fail for the label on the key, and for nothing else.
TEST_F(WycheproofJwsTest, SignaturesUnderMislabelledKeysVerifyOnceTheLabelIsOff) {
  const auto document = ReadVectorJson("wycheproof/testvectors_v1/json_web_signature_test.json");
  int found = 0;
  for (const JsonValue group : Member(document.root(), "testGroups")) {
    for (const JsonValue test : Member(group, "tests")) {
      const int64_t id = Number(test, "tcId");
      if (id != 346 && id != 347 && id != 350 && id != 351) continue;
      ++found;
      const bool rsa = Text(VerifierKey(group), "kty") == "RSA";
      const std::vector<Algorithm> one = {rsa ? Algorithm::kPs384 : Algorithm::kEs512};
      const auto keys = LoadKeys(JsonText(VerifierKey(group), "alg"), one);
      EXPECT_EQ(Verify(TokenOf(test), keys.get(), one), kAccepted) << "tcId " << id;
    }
  }
  EXPECT_EQ(found, 4);
}

}  // namespace
}  // namespace lanyard::conformance
