// SPDX-License-Identifier: Apache-2.0
//
// exp, nbf, iat and the bound on a token's life, each at −1, 0 and +1 s around its limit.
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TokenBuilder;
using ::lanyard::testing::VerifierFixture;

constexpr auto kGood = std::nullopt;
using Verdict = std::optional<AuthFailure>;
constexpr auto kExpired = AuthFailure::kExpired;
constexpr auto kNotYet = AuthFailure::kNotYetValid;
constexpr auto kTooLong = AuthFailure::kLifetimeTooLong;
constexpr auto kMalformed = AuthFailure::kMalformedToken;

constexpr absl::Duration kSecond = absl::Seconds(1);
// Claims are doubles where they have a fraction, so nanoseconds are lost.
constexpr absl::Duration kMilli = absl::Milliseconds(1);
constexpr absl::Duration kDay = absl::Hours(24);

enum class Rules { kDefault, kNoLeeway, kLongestLeeway, kShortLife };

struct Row {
  const char* name;
  Rules rules;
  // Relative to now; `issued` is left out where it is infinite, `not_before` likewise.
  absl::Duration expires, issued, not_before;
  Verdict verdict;
};

constexpr absl::Duration kAbsent = absl::InfiniteDuration();

class VerifierTimeTest : public VerifierFixture, public ::testing::WithParamInterface<Row> {};

TEST_P(VerifierTimeTest, IsInTimeOrNot) {
  const Row& row = GetParam();
  v1::Issuer config = Config(v1::CUSTOM, {"at+jwt"});  // iat may be absent there.
  if (row.rules == Rules::kNoLeeway) config.mutable_leeway();
  if (row.rules == Rules::kLongestLeeway) config.mutable_leeway()->set_seconds(300);
  if (row.rules == Rules::kShortLife) config.mutable_max_lifetime()->set_seconds(600);
  TokenBuilder token = issuer_.Token().ExpiresIn(row.expires);
  token.claims().clear_issued_at();
  if (row.issued != kAbsent) token.IssuedIn(row.issued);
  if (row.not_before != kAbsent) token.NotBeforeIn(row.not_before);
  ExpectVerdict(*MakeFor(config), token.Sign(), row.verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Expiry, VerifierTimeTest,
    ::testing::Values(
        Row{"InFuture", Rules::kDefault, kSecond, -kSecond, kAbsent, kGood},
        Row{"Now", Rules::kDefault, 0 * kSecond, -kSecond, kAbsent, kGood},
        Row{"OneSecondInsideLeeway", Rules::kDefault, absl::Seconds(-29), kAbsent, kAbsent, kGood},
        Row{"OneMillisecondInsideLeeway", Rules::kDefault, absl::Seconds(-30) + kMilli, kAbsent,
            kAbsent, kGood},
        Row{"AtLeeway", Rules::kDefault, absl::Seconds(-30), kAbsent, kAbsent, kExpired},
        Row{"OneSecondAfterLeeway", Rules::kDefault, absl::Seconds(-31), kAbsent, kAbsent,
            kExpired},
        Row{"NoLeewayOneSecondBefore", Rules::kNoLeeway, kSecond, kAbsent, kAbsent, kGood},
        Row{"NoLeewayNow", Rules::kNoLeeway, 0 * kSecond, kAbsent, kAbsent, kExpired},
        Row{"NoLeewayOneSecondAfter", Rules::kNoLeeway, -kSecond, kAbsent, kAbsent, kExpired},
        Row{"LongestLeewayInside", Rules::kLongestLeeway, absl::Seconds(-299), kAbsent, kAbsent,
            kGood},
        Row{"LongestLeewayAt", Rules::kLongestLeeway, absl::Seconds(-300), kAbsent, kAbsent,
            kExpired}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NotBefore, VerifierTimeTest,
    ::testing::Values(
        Row{"Past", Rules::kDefault, absl::Minutes(5), kAbsent, -kSecond, kGood},
        Row{"Now", Rules::kDefault, absl::Minutes(5), kAbsent, 0 * kSecond, kGood},
        Row{"OneSecondInsideLeeway", Rules::kDefault, absl::Minutes(5), kAbsent, absl::Seconds(29),
            kGood},
        Row{"AtLeeway", Rules::kDefault, absl::Minutes(5), kAbsent, absl::Seconds(30), kGood},
        Row{"OneMillisecondAfterLeeway", Rules::kDefault, absl::Minutes(5), kAbsent,
            absl::Seconds(30) + kMilli, kNotYet},
        Row{"OneSecondAfterLeeway", Rules::kDefault, absl::Minutes(5), kAbsent, absl::Seconds(31),
            kNotYet},
        Row{"NoLeewayNow", Rules::kNoLeeway, absl::Minutes(5), kAbsent, 0 * kSecond, kGood},
        Row{"NoLeewayOneSecond", Rules::kNoLeeway, absl::Minutes(5), kAbsent, kSecond, kNotYet},
        Row{"LongestLeewayAt", Rules::kLongestLeeway, absl::Hours(1), kAbsent, absl::Seconds(300),
            kGood},
        Row{"LongestLeewayAfter", Rules::kLongestLeeway, absl::Hours(1), kAbsent,
            absl::Seconds(301), kNotYet}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    IssuedAt, VerifierTimeTest,
    ::testing::Values(
        Row{"Now", Rules::kDefault, absl::Minutes(5), 0 * kSecond, kAbsent, kGood},
        Row{"OneSecondInsideLeeway", Rules::kDefault, absl::Minutes(5), absl::Seconds(29), kAbsent,
            kGood},
        Row{"AtLeeway", Rules::kDefault, absl::Minutes(5), absl::Seconds(30), kAbsent, kGood},
        Row{"OneMillisecondAfterLeeway", Rules::kDefault, absl::Minutes(5),
            absl::Seconds(30) + kMilli, kAbsent, kNotYet},
        Row{"OneSecondAfterLeeway", Rules::kDefault, absl::Minutes(5), absl::Seconds(31), kAbsent,
            kNotYet},
        Row{"NoLeewayOneSecond", Rules::kNoLeeway, absl::Minutes(5), kSecond, kAbsent, kNotYet},
        // A short life ten years ahead is no short life.
        Row{"TenYearsAhead", Rules::kDefault, 3650 * kDay, 3650 * kDay - absl::Hours(1), kAbsent,
            kNotYet}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Lifetime, VerifierTimeTest,
    ::testing::Values(
        // exp − iat, without leeway.
        Row{"OneSecondBelowDefault", Rules::kDefault, kDay - kSecond, 0 * kSecond, kAbsent, kGood},
        Row{"Default", Rules::kDefault, kDay, 0 * kSecond, kAbsent, kGood},
        Row{"OneSecondAboveDefault", Rules::kDefault, kDay + kSecond, 0 * kSecond, kAbsent,
            kTooLong},
        Row{"OneMillisecondAboveDefault", Rules::kDefault, kDay + kMilli, 0 * kSecond, kAbsent,
            kTooLong},
        Row{"OldTokenNearItsEnd", Rules::kDefault, kSecond, -kDay, kAbsent, kTooLong},
        Row{"OldTokenAtItsEnd", Rules::kDefault, 0 * kSecond, -kDay, kAbsent, kGood},
        // The issuer's clock may be ahead by the leeway.
        Row{"IssuedAheadByLeeway", Rules::kDefault, kDay + absl::Seconds(30), absl::Seconds(30),
            kAbsent, kGood},
        Row{"IssuedAheadByLeewayAndLonger", Rules::kDefault, kDay + absl::Seconds(31),
            absl::Seconds(30), kAbsent, kTooLong},
        // exp − now, with leeway, which alone counts without iat.
        Row{"WithoutIssuedAtBelow", Rules::kDefault, kDay + absl::Seconds(29), kAbsent, kAbsent,
            kGood},
        Row{"WithoutIssuedAtAt", Rules::kDefault, kDay + absl::Seconds(30), kAbsent, kAbsent,
            kGood},
        Row{"WithoutIssuedAtAbove", Rules::kDefault, kDay + absl::Seconds(31), kAbsent, kAbsent,
            kTooLong},
        Row{"KubernetesYear", Rules::kDefault, 365 * kDay, 0 * kSecond, kAbsent, kTooLong},
        Row{"ShorterBelow", Rules::kShortLife, absl::Seconds(599), 0 * kSecond, kAbsent, kGood},
        Row{"ShorterAt", Rules::kShortLife, absl::Seconds(600), 0 * kSecond, kAbsent, kGood},
        Row{"ShorterAbove", Rules::kShortLife, absl::Seconds(601), 0 * kSecond, kAbsent, kTooLong},
        Row{"ShorterWithoutIssuedAtAt", Rules::kShortLife, absl::Seconds(630), kAbsent, kAbsent,
            kGood},
        Row{"ShorterWithoutIssuedAtAbove", Rules::kShortLife, absl::Seconds(631), kAbsent, kAbsent,
            kTooLong}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Contradiction, VerifierTimeTest,
    ::testing::Values(Row{"ExpiryBeforeIssue", Rules::kDefault, absl::Seconds(9), absl::Seconds(10),
                          kAbsent, kMalformed},
                      Row{"ExpiryAtIssue", Rules::kDefault, absl::Seconds(10), absl::Seconds(10),
                          kAbsent, kMalformed},
                      Row{"ExpiryAfterIssue", Rules::kDefault, absl::Seconds(11), absl::Seconds(10),
                          kAbsent, kGood},
                      Row{"ExpiryBeforeNotBefore", Rules::kDefault, absl::Seconds(9), kAbsent,
                          absl::Seconds(10), kMalformed},
                      Row{"ExpiryAtNotBefore", Rules::kDefault, absl::Seconds(10), kAbsent,
                          absl::Seconds(10), kMalformed},
                      Row{"ExpiryAfterNotBefore", Rules::kDefault, absl::Seconds(11), kAbsent,
                          absl::Seconds(10), kGood}),
    [](const auto& info) { return info.param.name; });

struct Number {
  const char* name;
  const char* json;
  // As exp, and as nbf and iat of a token that expires in five minutes.
  Verdict as_exp, as_nbf;
  // Where iat differs from nbf.
  std::optional<AuthFailure> as_iat = {};
};

class VerifierTimeValueTest : public VerifierFixture,
                              public ::testing::WithParamInterface<Number> {};

TEST_P(VerifierTimeValueTest, IsATimeOrNot) {
  const auto verifier = MakeFor(Config(v1::CUSTOM, {"at+jwt"}));
  const auto claims = Claims().Remove("iat");
  auto with = [&](const char* name) {
    return SignClaims(testing::ClaimsText(claims).Set(name, GetParam().json).str());
  };
  ExpectVerdict(*verifier, with("exp"), GetParam().as_exp);
  ExpectVerdict(*verifier, with("nbf"), GetParam().as_nbf);
  ExpectVerdict(*verifier, with("iat"),
                GetParam().as_iat.has_value() ? GetParam().as_iat : GetParam().as_nbf);
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierTimeValueTest,
    ::testing::Values(Number{"Soon", "1900000010", kGood, kGood},
                      Number{"Fraction", "1900000010.25", kGood, kGood},
                      Number{"Exponent", "1.90000001e9", kGood, kGood},
                      Number{"FractionAtLeeway", "1899999970.0", kExpired, kGood},
                      Number{"FractionInsideLeeway", "1899999970.5", kGood, kGood},
                      Number{"FractionOutsideLeewayAhead", "1900000030.5", kGood, kNotYet},
                      Number{"Zero", "0", kExpired, kGood, kTooLong},
                      Number{"NegativeZero", "-0.0", kExpired, kGood, kTooLong},
                      Number{"MinusOne", "-1", kMalformed, kMalformed},
                      Number{"SlightlyNegative", "-0.5", kMalformed, kMalformed},
                      Number{"VeryNegative", "-9223372036854775808", kMalformed, kMalformed},
                      // As nbf or iat they are after exp, which contradicts.
                      Number{"LastSecondOfYear9999", "253402300799", kTooLong, kMalformed},
                      Number{"FirstSecondOfYear10000", "253402300800", kMalformed, kMalformed},
                      Number{"FractionAfterYear9999", "253402300799.5", kMalformed, kMalformed},
                      Number{"Milliseconds", "1900000300000", kMalformed, kMalformed},
                      Number{"TenToThe18", "1e18", kMalformed, kMalformed},
                      Number{"LargestInt64", "9223372036854775807", kMalformed, kMalformed},
                      Number{"AboveInt64", "9223372036854775808", kMalformed, kMalformed},
                      Number{"LargestUint64", "18446744073709551615", kMalformed, kMalformed},
                      Number{"AboveUint64", "18446744073709551616", kMalformed, kMalformed},
                      Number{"LargestDouble", "1.7976931348623157e308", kMalformed, kMalformed},
                      Number{"AboveDouble", "1e400", kMalformed, kMalformed},
                      Number{"Text", "\"1900000300\"", kMalformed, kMalformed},
                      Number{"EmptyText", "\"\"", kMalformed, kMalformed},
                      Number{"Date", "\"2030-03-17T17:46:40Z\"", kMalformed, kMalformed},
                      Number{"Null", "null", kMalformed, kMalformed},
                      Number{"True", "true", kMalformed, kMalformed},
                      Number{"Array", "[1900000300]", kMalformed, kMalformed},
                      Number{"Object", "{}", kMalformed, kMalformed}),
    [](const auto& info) { return info.param.name; });

class VerifierClockTest : public VerifierFixture {};

TEST_F(VerifierClockTest, ExpiryIsLookedAtAgainOnEveryCall) {
  const std::string token = issuer_.Token().ExpiresIn(absl::Seconds(100)).Sign();
  EXPECT_THAT(verifier_->Verify(token), IsOk());
  clock_->Advance(absl::Seconds(129));
  EXPECT_THAT(verifier_->Verify(token), IsOk());
  clock_->Advance(absl::Seconds(1));
  EXPECT_THAT(verifier_->Verify(token), FailsWith(kExpired));
}

TEST_F(VerifierClockTest, ClockSetBackLengthensNothing) {
  const std::string token = issuer_.Token().Sign();
  EXPECT_THAT(verifier_->Verify(token), IsOk());
  clock_->Advance(-absl::Seconds(30));
  EXPECT_THAT(verifier_->Verify(token), IsOk());
  clock_->Advance(-absl::Seconds(1));
  EXPECT_THAT(verifier_->Verify(token), FailsWith(kNotYet)) << "from the cache";
}

TEST_F(VerifierClockTest, RefusedTokenIsGoodWhenItsTimeHasCome) {
  const std::string token =
      issuer_.Token().NotBeforeIn(absl::Seconds(60)).ExpiresIn(absl::Minutes(10)).Sign();
  EXPECT_THAT(verifier_->Verify(token), FailsWith(kNotYet));
  clock_->Advance(absl::Seconds(30));
  EXPECT_THAT(verifier_->Verify(token), IsOk());
}

}  // namespace
}  // namespace lanyard
