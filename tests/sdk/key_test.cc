// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_keys.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::JwkText;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMessage[] = "the message";

bool FitsByType(absl::string_view type, Algorithm algorithm) {
  const absl::string_view name = AlgorithmName(algorithm);
  if (type == "oct") return absl::StartsWith(name, "HS");
  if (type == "RSA") return absl::StartsWith(name, "RS") || absl::StartsWith(name, "PS");
  if (type == "EC") return absl::StartsWith(name, "ES");
  return name == "EdDSA";
}

class KeyOfEachAlgorithmTest : public ::testing::TestWithParam<Algorithm> {
 protected:
  const Key key_ = *Key::Generate(GetParam());
};

INSTANTIATE_TEST_SUITE_P(, KeyOfEachAlgorithmTest, ::testing::ValuesIn(kAllAlgorithms),
                         [](const auto& info) { return std::string(AlgorithmName(info.param)); });

TEST_P(KeyOfEachAlgorithmTest, IsBoundToItAndNamedByItsThumbprint) {
  EXPECT_EQ(key_.algorithm(), GetParam());
  EXPECT_EQ(key_.id(), key_.Thumbprint());
  EXPECT_EQ(key_.id().size(), 43u);
  EXPECT_TRUE(key_.has_private());
  EXPECT_EQ(key_.is_hmac(), IsHmac(GetParam()));
  for (const Algorithm other : kAllAlgorithms) {
    EXPECT_EQ(key_.Fits(other), other == GetParam()) << AlgorithmName(other);
  }
}

TEST_P(KeyOfEachAlgorithmTest, VerifiesOnlyWhatItSigned) {
  const auto signature = key_.material().Sign(GetParam(), kMessage);
  ASSERT_THAT(signature, IsOk());
  EXPECT_TRUE(key_.material().Verify(GetParam(), kMessage, *signature));
  EXPECT_FALSE(key_.material().Verify(GetParam(), "the massage", *signature));
  EXPECT_FALSE(key_.material().Verify(GetParam(), "", *signature));
  const Key other = *Key::Generate(GetParam());
  EXPECT_FALSE(other.material().Verify(GetParam(), kMessage, *signature));
}

TEST_P(KeyOfEachAlgorithmTest, RefusesTheSignatureUnderAnyOtherAlgorithm) {
  const auto signature = key_.material().Sign(GetParam(), kMessage);
  ASSERT_THAT(signature, IsOk());
  for (const Algorithm other : kAllAlgorithms) {
    if (other == GetParam()) continue;
    EXPECT_FALSE(key_.material().Verify(other, kMessage, *signature)) << AlgorithmName(other);
  }
}

TEST_P(KeyOfEachAlgorithmTest, DoesNotSignForAnotherType) {
  for (const Algorithm other : kAllAlgorithms) {
    if (FitsByType(key_.type(), other)) continue;
    EXPECT_THAT(key_.material().Sign(other, kMessage), Not(IsOk())) << AlgorithmName(other);
    EXPECT_THAT(key_.WithAlgorithm(other), IsError(HasSubstr(std::string(AlgorithmName(other)))));
  }
}

TEST_P(KeyOfEachAlgorithmTest, RefusesEveryOtherLength) {
  const std::string good = *key_.material().Sign(GetParam(), kMessage);
  const std::string zero(1, '\0');
  for (const std::string& bad :
       {std::string(), good.substr(1), good.substr(0, good.size() - 1), zero + good, good + zero,
        good + good, good.substr(0, good.size() / 2), std::string(1, good[0])}) {
    EXPECT_FALSE(key_.material().Verify(GetParam(), kMessage, bad)) << bad.size() << " bytes";
  }
}

TEST_P(KeyOfEachAlgorithmTest, RefusesEveryFlippedBit) {
  const std::string good = *key_.material().Sign(GetParam(), kMessage);
  for (size_t i = 0; i < good.size(); i += 5) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    EXPECT_FALSE(key_.material().Verify(GetParam(), kMessage, bad)) << "byte " << i;
  }
  EXPECT_FALSE(key_.material().Verify(GetParam(), kMessage, std::string(good.size(), '\0')));
  EXPECT_FALSE(key_.material().Verify(GetParam(), kMessage, std::string(good.size(), '\xff')));
}

TEST_P(KeyOfEachAlgorithmTest, RoundTripsAsPrivateJwk) {
  const auto jwk = key_.ExportPrivateJwk();
  ASSERT_THAT(jwk, IsOk());
  const auto again = Key::FromJwk(*jwk);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->SameKeyAs(key_));
  EXPECT_TRUE(again->has_private());
  EXPECT_EQ(again->id(), key_.id());
  EXPECT_EQ(again->algorithm(), GetParam());
  const auto signature = again->material().Sign(GetParam(), kMessage);
  ASSERT_THAT(signature, IsOk());
  EXPECT_TRUE(key_.material().Verify(GetParam(), kMessage, *signature));
}

TEST_P(KeyOfEachAlgorithmTest, PublicFormsHoldNoPrivateHalf) {
  if (key_.is_hmac()) {
    EXPECT_THAT(key_.PublicHalf(), IsError(HasSubstr("no public half")));
    EXPECT_THAT(key_.ToPublicJwk(), IsError(HasSubstr("no public half")));
    EXPECT_THAT(key_.ToPublicPem(), IsError(HasSubstr("no public half")));
    EXPECT_THAT(key_.ExportPrivatePem(), IsError(HasSubstr("no PEM form")));
    return;
  }
  const std::string signature = *key_.material().Sign(GetParam(), kMessage);
  const auto half = key_.PublicHalf();
  const auto jwk = key_.ToPublicJwk();
  const auto pem = key_.ToPublicPem();
  ASSERT_THAT(half, IsOk());
  ASSERT_THAT(jwk, IsOk());
  ASSERT_THAT(pem, IsOk());
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    EXPECT_THAT(*jwk, Not(HasSubstr(absl::StrCat("\"", member, "\":"))));
  }
  EXPECT_THAT(*pem, HasSubstr("BEGIN PUBLIC KEY"));
  for (const auto& reader : {half, Key::FromJwk(*jwk), Key::FromPem(*pem)}) {
    ASSERT_THAT(reader, IsOk());
    EXPECT_FALSE(reader->has_private());
    EXPECT_TRUE(reader->SameKeyAs(key_));
    EXPECT_EQ(reader->id(), key_.id());
    EXPECT_TRUE(reader->material().Verify(GetParam(), kMessage, signature));
    EXPECT_THAT(reader->material().Sign(GetParam(), kMessage), IsError(HasSubstr("public")));
    EXPECT_THAT(reader->ExportPrivateJwk(), Not(IsOk()));
    EXPECT_THAT(reader->ExportPrivatePem(), Not(IsOk()));
  }
}

TEST_P(KeyOfEachAlgorithmTest, RoundTripsAsPrivatePem) {
  if (key_.is_hmac()) return;
  const auto pem = key_.ExportPrivatePem();
  ASSERT_THAT(pem, IsOk());
  EXPECT_THAT(*pem, HasSubstr("BEGIN PRIVATE KEY"));
  const auto again = Key::FromPem(*pem);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->has_private());
  EXPECT_TRUE(again->SameKeyAs(key_));
  EXPECT_THAT(again->material().Sign(GetParam(), kMessage), IsOk());
}

struct HmacRow {
  Algorithm algorithm;
  size_t least;
};

class HmacLengthTest : public ::testing::TestWithParam<HmacRow> {};

INSTANTIATE_TEST_SUITE_P(, HmacLengthTest,
                         ::testing::Values(HmacRow{Algorithm::kHs256, 32},
                                           HmacRow{Algorithm::kHs384, 48},
                                           HmacRow{Algorithm::kHs512, 64}),
                         [](const auto& info) {
                           return std::string(AlgorithmName(info.param.algorithm));
                         });

// A secret with a byte that is not printable, so that only its length counts.
std::string SecretOf(size_t size) { return std::string(size, '\x01'); }

TEST_P(HmacLengthTest, NeedsTheHashsLength) {
  const auto [algorithm, least] = GetParam();
  EXPECT_EQ(internal::HmacMinimumBytes(algorithm), least);
  for (const size_t size : {least - 1, least, least + 1}) {
    const auto key = Key::FromHmacSecret(SecretOf(size));
    if (size < 32) {
      EXPECT_THAT(key, IsError(HasSubstr("32 to 1024"))) << size;
      continue;
    }
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->Fits(algorithm), size >= least) << size;
    EXPECT_EQ(key->WithAlgorithm(algorithm).ok(), size >= least) << size;
    EXPECT_EQ(key->material().Sign(algorithm, kMessage).ok(), size >= least) << size;
  }
}

TEST_P(HmacLengthTest, RefusesAShorterSecretInAJwk) {
  const auto [algorithm, least] = GetParam();
  for (const size_t size : {least - 1, least, least + 1}) {
    const std::string jwk =
        JwkText("oct").Bytes("k", SecretOf(size)).Text("alg", AlgorithmName(algorithm)).str();
    EXPECT_EQ(Key::FromJwk(jwk).ok(), size >= least) << size;
  }
}

TEST_P(HmacLengthTest, NeedsTwiceThatOfPrintableText) {
  // RFC 8725 section 3.5.
  const auto [algorithm, least] = GetParam();
  for (const size_t size : {2 * least - 1, 2 * least, 2 * least + 1}) {
    const auto key = Key::FromHmacSecret(std::string(size, 'a'));
    EXPECT_EQ(key.ok() && key->Fits(algorithm), size >= 2 * least) << size;
  }
}

TEST(HmacKeyTest, RefusesSecretsThatAreTooLong) {
  EXPECT_THAT(Key::FromHmacSecret(SecretOf(1024)), IsOk());
  EXPECT_THAT(Key::FromHmacSecret(SecretOf(1025)), IsError(HasSubstr("32 to 1024")));
}

TEST(HmacKeyTest, RefusesPassphrases) {
  EXPECT_THAT(Key::FromHmacSecret(std::string(32, 'a')), IsError(HasSubstr("random bytes")));
  EXPECT_THAT(Key::FromHmacSecret(std::string(63, '~')), IsError(HasSubstr("random bytes")));
  EXPECT_THAT(Key::FromHmacSecret(std::string(64, ' ')), IsOk());
  EXPECT_THAT(Key::FromHmacSecret(std::string(31, 'a') + "\x7f"), IsOk());
  EXPECT_THAT(Key::FromHmacSecret(std::string(31, 'a') + "\x1f"), IsOk());
  EXPECT_THAT(Key::FromJwk(JwkText("oct").Bytes("k", std::string(32, 'a')).str()),
              IsError(HasSubstr("random bytes")));
}

TEST(HmacKeyTest, RefusesJwksWithoutASecret) {
  EXPECT_THAT(Key::FromJwk("{\"kty\":\"oct\"}"), Not(IsOk()));
  EXPECT_THAT(Key::FromJwk("{\"kty\":\"oct\",\"k\":\"\"}"), Not(IsOk()));
}

}  // namespace
}  // namespace lanyard
