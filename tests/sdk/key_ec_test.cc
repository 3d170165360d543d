// SPDX-License-Identifier: Apache-2.0
//
// Which EC and Ed25519 keys are taken, and which of their signatures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

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
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMessage[] = "the message";

struct Curve {
  const char* name;
  Algorithm algorithm;
  size_t bytes;
};

class EcKeyTest : public ::testing::TestWithParam<Curve> {
 protected:
  const Key key_ = *Key::Generate(GetParam().algorithm);

  std::string Member(const char* name) const {
    const std::string jwk = *key_.ExportPrivateJwk();
    auto document = internal::JsonDocument::ParseObject(jwk);
    std::string bytes;
    internal::Base64UrlDecode(document->root().Find(name)->string(), &bytes);
    return bytes;
  }
};

INSTANTIATE_TEST_SUITE_P(, EcKeyTest,
                         ::testing::Values(Curve{"P256", Algorithm::kEs256, 32},
                                           Curve{"P384", Algorithm::kEs384, 48},
                                           Curve{"P521", Algorithm::kEs512, 66}),
                         [](const auto& info) { return info.param.name; });

std::string CurveName(const Curve& curve) {
  return absl::StrCat("P-", absl::string_view(curve.name).substr(1));
}

TEST_P(EcKeyTest, WritesCoordinatesAtTheirFullLength) {
  for (const char* member : {"x", "y", "d"}) {
    EXPECT_EQ(Member(member).size(), GetParam().bytes) << member;
  }
}

TEST_P(EcKeyTest, RefusesCoordinatesOfAnotherLength) {
  const std::string x = Member("x"), y = Member("y"), d = Member("d");
  const std::string zero(1, '\0');
  auto jwk = [&](const std::string& x, const std::string& y, const std::string& d) {
    JwkText text("EC");
    text.Text("crv", CurveName(GetParam())).Bytes("x", x).Bytes("y", y);
    if (!d.empty()) text.Bytes("d", d);
    return Key::FromJwk(text.str());
  };
  EXPECT_THAT(jwk(x, y, ""), IsOk());
  EXPECT_THAT(jwk(x, y, d), IsOk());
  EXPECT_THAT(jwk(zero + x, y, ""), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk(x, zero + y, ""), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk(x, y, zero + d), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk(x.substr(1), y, ""), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk(x, y.substr(1), ""), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk(x, y, d.substr(1)), IsError(HasSubstr("exactly")));
  EXPECT_THAT(jwk("", y, ""), Not(IsOk()));
  EXPECT_THAT(jwk(x, "", ""), Not(IsOk()));
}

TEST_P(EcKeyTest, RefusesPointsThatAreNotOnTheCurve) {
  std::string y = Member("y");
  y.back() = static_cast<char>(y.back() ^ 1);
  const std::string zeros(GetParam().bytes, '\0');
  for (const auto& [x, bad_y] :
       {std::pair(Member("x"), y), std::pair(zeros, zeros), std::pair(Member("y"), Member("x"))}) {
    EXPECT_THAT(
        Key::FromJwk(
            JwkText("EC").Text("crv", CurveName(GetParam())).Bytes("x", x).Bytes("y", bad_y).str()),
        IsError(HasSubstr("not valid")));
  }
}

TEST_P(EcKeyTest, RefusesPrivateHalvesThatDoNotMatch) {
  std::string d = Member("d");
  d.back() = static_cast<char>(d.back() ^ 1);
  for (const std::string& bad :
       {d, std::string(GetParam().bytes, '\0'), std::string(GetParam().bytes, '\xff')}) {
    EXPECT_THAT(Key::FromJwk(JwkText("EC")
                                 .Text("crv", CurveName(GetParam()))
                                 .Bytes("x", Member("x"))
                                 .Bytes("y", Member("y"))
                                 .Bytes("d", bad)
                                 .str()),
                IsError(HasSubstr("not valid")));
  }
}

// R and S as DER, the form of certificates: never in a JWS (RFC 7518 section 3.4).
std::string DerSignature(const std::string& pair) {
  std::string body;
  for (const std::string& half : {pair.substr(0, pair.size() / 2), pair.substr(pair.size() / 2)}) {
    std::string number = half.substr(std::min(half.find_first_not_of('\0'), half.size() - 1));
    if ((number[0] & 0x80) != 0) number.insert(0, 1, '\0');
    absl::StrAppend(&body, "\x02", std::string(1, static_cast<char>(number.size())), number);
  }
  std::string length(1, static_cast<char>(body.size()));
  if (body.size() > 127) length.insert(0, "\x81");
  return absl::StrCat("\x30", length, body);
}

TEST_P(EcKeyTest, RefusesDerSignatures) {
  const std::string good = *key_.material().Sign(GetParam().algorithm, kMessage);
  ASSERT_TRUE(key_.material().Verify(GetParam().algorithm, kMessage, good));
  const std::string der = DerSignature(good);
  EXPECT_FALSE(key_.material().Verify(GetParam().algorithm, kMessage, der));
  // Cut or filled up to the length of R||S, too.
  std::string fitted = der;
  fitted.resize(good.size());
  EXPECT_FALSE(key_.material().Verify(GetParam().algorithm, kMessage, fitted));
}

TEST_P(EcKeyTest, RefusesZeroAndSwappedHalves) {
  const std::string good = *key_.material().Sign(GetParam().algorithm, kMessage);
  const std::string r = good.substr(0, GetParam().bytes), s = good.substr(GetParam().bytes);
  const std::string zeros(GetParam().bytes, '\0');
  for (const std::string& bad : {s + r, zeros + s, r + zeros, zeros + zeros, r + r}) {
    EXPECT_FALSE(key_.material().Verify(GetParam().algorithm, kMessage, bad));
  }
}

TEST(Es512Test, SignaturesKeepTheirLeadingZeros) {
  const Key key = *Key::Generate(Algorithm::kEs512);
  int with_leading_zero = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string message = absl::StrCat("message ", i);
    const auto signature = key.material().Sign(Algorithm::kEs512, message);
    ASSERT_THAT(signature, IsOk());
    ASSERT_EQ(signature->size(), 132u);
    ASSERT_TRUE(key.material().Verify(Algorithm::kEs512, message, *signature)) << i;
    if ((*signature)[0] == '\0' || (*signature)[66] == '\0') ++with_leading_zero;
  }
  // The highest byte holds one bit, so this is about three of four.
  EXPECT_GT(with_leading_zero, 500);
}

TEST(EcKeyCurvesTest, RefusesOtherCurvesAndMismatches) {
  const std::string p256 = *Key::Generate(Algorithm::kEs256)->ToPublicJwk();
  for (const char* curve : {"P-384", "secp256k1", "p-256", "P-224", "Ed25519", ""}) {
    EXPECT_THAT(Key::FromJwk(absl::StrReplaceAll(p256, {{"P-256", curve}})), Not(IsOk())) << curve;
  }
  EXPECT_THAT(Key::FromJwk(absl::StrReplaceAll(p256, {{"\"crv\":\"P-256\",", ""}})),
              IsError(HasSubstr("crv")));
  EXPECT_THAT(Key::FromJwk(absl::StrReplaceAll(p256, {{"\"alg\":\"ES256\"", "\"alg\":\"ES384\""}})),
              IsError(HasSubstr("ES384")));
}

struct Ed25519Row {
  const char* name;
  std::string x;
};

class Ed25519PointTest : public ::testing::TestWithParam<Ed25519Row> {};

TEST_P(Ed25519PointTest, IsRefused) {
  EXPECT_THAT(Key::FromJwk(JwkText("OKP").Text("crv", "Ed25519").Bytes("x", GetParam().x).str()),
              IsError(HasSubstr("Ed25519")));
}

std::string Point(char first, const std::string& middle, char last) {
  return std::string(1, first) + middle + std::string(1, last);
}

INSTANTIATE_TEST_SUITE_P(
    , Ed25519PointTest,
    ::testing::Values(
        Ed25519Row{"Zero", std::string(32, '\0')},
        Ed25519Row{"ZeroWithSign", Point(0, std::string(30, '\0'), '\x80')},
        Ed25519Row{"One", Point(1, std::string(30, '\0'), 0)},
        Ed25519Row{"OneWithSign", Point(1, std::string(30, '\0'), '\x80')},
        Ed25519Row{"MinusOne", Point('\xec', std::string(30, '\xff'), '\x7f')},
        Ed25519Row{"MinusOneWithSign", Point('\xec', std::string(30, '\xff'), '\xff')},
        // p and p + 1 are 0 and 1 in a second spelling.
        Ed25519Row{"P", Point('\xed', std::string(30, '\xff'), '\x7f')},
        Ed25519Row{"PPlusOne", Point('\xee', std::string(30, '\xff'), '\x7f')},
        Ed25519Row{"AllOnes", std::string(32, '\xff')},
        Ed25519Row{"OrderEight",
                   "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac"
                   "\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"},
        Ed25519Row{"OrderEightWithSign",
                   "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac"
                   "\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x85"},
        Ed25519Row{"OtherOfOrderEight",
                   "\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53"
                   "\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"},
        // y = 2: (y^2 - 1) / (d y^2 + 1) is no square.
        Ed25519Row{"NotAPoint", Point(2, std::string(30, '\0'), 0)},
        Ed25519Row{"Short", std::string(31, '\x09')}, Ed25519Row{"Long", std::string(33, '\x09')},
        Ed25519Row{"Empty", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Ed25519KeyTest, RefusesAPrivateHalfThatDoesNotMatch) {
  const std::string one = *Key::Generate(Algorithm::kEdDsa)->ExportPrivateJwk();
  const std::string other = *Key::Generate(Algorithm::kEdDsa)->ExportPrivateJwk();
  EXPECT_THAT(
      Key::FromJwk(one.substr(0, one.find(",\"d\":")) + other.substr(other.find(",\"d\":"))),
      IsError(HasSubstr("does not match")));
}

TEST(Ed25519KeyTest, RefusesOtherCurves) {
  const std::string jwk = *Key::Generate(Algorithm::kEdDsa)->ToPublicJwk();
  for (const char* curve : {"Ed448", "X25519", "ed25519", ""}) {
    EXPECT_THAT(Key::FromJwk(absl::StrReplaceAll(jwk, {{"Ed25519", curve}})),
                IsError(HasSubstr("crv")))
        << curve;
  }
}

}  // namespace
}  // namespace lanyard
