// SPDX-License-Identifier: Apache-2.0
//
// Which RSA keys are taken, and what their signatures are good for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_keys.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::JwkText;
using ::lanyard::testing::WithMembers;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kMessage[] = "the message";

struct RsaRow {
  const char* name;
  std::string n, e;
  bool good;
};

class RsaNumbersTest : public ::testing::TestWithParam<RsaRow> {};

TEST_P(RsaNumbersTest, AreTakenOrRefused) {
  const std::string jwk = JwkText("RSA").Bytes("n", GetParam().n).Bytes("e", GetParam().e).str();
  const auto key = Key::FromJwk(jwk);
  EXPECT_EQ(key.ok(), GetParam().good) << key.status();
}

const std::string& GoodModulus() {
  static const auto* modulus = new std::string(testing::OddNumber(2048));
  return *modulus;
}

std::string Even(std::string number) {
  number.back() = static_cast<char>(number.back() & 0xfe);
  return number;
}

const char kF4[] = "\x01\x00\x01";

std::string F4() { return std::string(kF4, 3); }

INSTANTIATE_TEST_SUITE_P(
    , RsaNumbersTest,
    ::testing::Values(
        RsaRow{"Bits512", testing::OddNumber(512), F4(), false},
        RsaRow{"Bits1024", testing::OddNumber(1024), F4(), false},
        RsaRow{"Bits2047", testing::OddNumber(2047), F4(), false},
        RsaRow{"Bits2048", GoodModulus(), F4(), true},
        RsaRow{"Bits2049", testing::OddNumber(2049), F4(), true},
        RsaRow{"Bits8191", testing::OddNumber(8191), F4(), true},
        RsaRow{"Bits8192", testing::OddNumber(8192), F4(), true},
        RsaRow{"Bits8193", testing::OddNumber(8193), F4(), false},
        RsaRow{"Bits16384", testing::OddNumber(16384), F4(), false},
        RsaRow{"EvenModulus", Even(GoodModulus()), F4(), false},
        RsaRow{"NoModulus", "", F4(), false}, RsaRow{"NoExponent", GoodModulus(), "", false},
        RsaRow{"ModulusWithLeadingZero", std::string(1, '\0') + GoodModulus(), F4(), false},
        RsaRow{"ExponentWithLeadingZero", GoodModulus(), std::string(1, '\0') + F4(), false},
        RsaRow{"ExponentZero", GoodModulus(), std::string(1, '\0'), false},
        RsaRow{"ExponentOne", GoodModulus(), "\x01", false},
        RsaRow{"ExponentTwo", GoodModulus(), "\x02", false},
        RsaRow{"ExponentThree", GoodModulus(), "\x03", true},
        RsaRow{"ExponentFour", GoodModulus(), "\x04", false},
        RsaRow{"ExponentEven", GoodModulus(), std::string("\x01\x00\x00", 3), false},
        RsaRow{"ExponentLargest", GoodModulus(), "\xff\xff\xff\xff", true},
        RsaRow{"ExponentTooLarge", GoodModulus(), std::string("\x01\x00\x00\x00\x01", 5), false}),
    [](const auto& info) { return info.param.name; });

TEST(RsaKeyTest, SaysHowManyBitsItWants) {
  EXPECT_THAT(
      Key::FromJwk(JwkText("RSA").Bytes("n", testing::OddNumber(1024)).Bytes("e", F4()).str()),
      IsError(AllOf(HasSubstr("2048 to 8192"), HasSubstr("1024"))));
  EXPECT_THAT(Key::Generate(Algorithm::kRs256, 1024), IsError(HasSubstr("2048")));
  EXPECT_THAT(Key::Generate(Algorithm::kRs256, 2047), IsError(HasSubstr("2048")));
}

// A modulus with the fingerprint of CVE-2017-15361: modulo each of the primes it is a power of
// 65537, here the first one.
std::string RocaModulus() {
  std::vector<uint8_t> product = {1};  // Little-endian.
  for (const unsigned prime :
       {3u,   5u,   7u,   11u,  13u,  17u,  19u,  23u,  29u,  31u,  37u,  41u,  43u,
        47u,  53u,  59u,  61u,  67u,  71u,  73u,  79u,  83u,  89u,  97u,  101u, 103u,
        107u, 109u, 113u, 127u, 131u, 137u, 139u, 149u, 151u, 157u, 163u, 167u}) {
    unsigned carry = 0;
    for (uint8_t& digit : product) {
      carry += digit * prime;
      digit = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) product.push_back(static_cast<uint8_t>(carry));
  }
  std::string modulus(257 - product.size(), '\0');
  for (const uint8_t digit : product) modulus.push_back(static_cast<char>(digit));
  std::reverse(modulus.begin(), modulus.end());
  modulus.resize(257);
  modulus[254] = 1;
  modulus[256] = 1;
  return modulus;
}

TEST(RsaKeyTest, RefusesRocaKeys) {
  const std::string modulus = RocaModulus();
  EXPECT_THAT(Key::FromJwk(JwkText("RSA").Bytes("n", modulus).Bytes("e", F4()).str()),
              IsError(HasSubstr("ROCA")));
  // The next odd number has the fingerprint no more.
  std::string next = modulus;
  next.back() = 3;
  EXPECT_THAT(Key::FromJwk(JwkText("RSA").Bytes("n", next).Bytes("e", F4()).str()), IsOk());
}

TEST(RsaKeyTest, RefusesAPrivateHalfThatDoesNotMatch) {
  const std::string one = *Key::Generate(Algorithm::kRs256)->ExportPrivateJwk();
  const std::string other = *Key::Generate(Algorithm::kRs256)->ExportPrivateJwk();
  const std::string mixed =
      one.substr(0, one.find(",\"d\":")) + other.substr(other.find(",\"d\":"));
  EXPECT_THAT(Key::FromJwk(mixed), IsError(HasSubstr("does not match")));
}

TEST(RsaKeyTest, RefusesAPrivateHalfWithoutItsPrimes) {
  const std::string jwk = *Key::Generate(Algorithm::kRs256)->ExportPrivateJwk();
  for (const char* member : {"p", "q", "dp", "dq", "qi"}) {
    const std::string renamed = absl::StrReplaceAll(
        jwk, {{absl::StrCat("\"", member, "\":"), absl::StrCat("\"x-", member, "\":")}});
    EXPECT_THAT(Key::FromJwk(renamed), IsError(HasSubstr("p, q, dp, dq and qi"))) << member;
  }
}

TEST(RsaKeyTest, RefusesMoreThanTwoPrimes) {
  const std::string jwk = *Key::Generate(Algorithm::kRs256)->ExportPrivateJwk();
  EXPECT_THAT(Key::FromJwk(WithMembers(jwk, "\"oth\":[]")), IsError(HasSubstr("two primes")));
}

TEST(RsaKeyTest, PssSaltsAreAsLongAsTheHash) {
  // An RSA key without alg fits all six, and none verifies for another.
  const Key key = *Key::FromPem(*Key::Generate(Algorithm::kPs256)->ExportPrivatePem());
  const Algorithm all[] = {Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512,
                           Algorithm::kPs256, Algorithm::kPs384, Algorithm::kPs512};
  for (const Algorithm signed_with : all) {
    ASSERT_TRUE(key.Fits(signed_with));
    const std::string signature = *key.material().Sign(signed_with, kMessage);
    for (const Algorithm other : all) {
      EXPECT_EQ(key.material().Verify(other, kMessage, signature), other == signed_with)
          << AlgorithmName(signed_with) << " taken as " << AlgorithmName(other);
    }
  }
}

}  // namespace
}  // namespace lanyard
