// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/token_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::TestIssuer;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

struct TextRow {
  const char* name;
  std::string text;
  bool good;
};

class BearerTextRowTest : public ::testing::TestWithParam<TextRow> {};

TEST_P(BearerTextRowTest, IsABearerTokenOrNot) {
  EXPECT_EQ(IsBearerToken(GetParam().text), GetParam().good);
}

INSTANTIATE_TEST_SUITE_P(
    , BearerTextRowTest,
    ::testing::Values(TextRow{"Jwt", "eyJh.eyJp.c2ln", true},
                      TextRow{"AllExtraCharacters", "-._~+/", true},
                      TextRow{"PaddedAtTheEnd", "abc==", true}, TextRow{"OneCharacter", "a", true},
                      TextRow{"Empty", "", false}, TextRow{"OnlyPadding", "==", false},
                      TextRow{"PaddingInside", "a=b", false}, TextRow{"PaddingFirst", "=ab", false},
                      TextRow{"Space", "a b", false}, TextRow{"TrailingSpace", "ab ", false},
                      TextRow{"LeadingSpace", " ab", false}, TextRow{"Tab", "a\tb", false},
                      // Header injection.
                      TextRow{"CarriageReturn", "a\rb", false}, TextRow{"Newline", "a\nb", false},
                      TextRow{"TrailingNewline", "ab\n", false},
                      TextRow{"NulInside", std::string("a\0b", 3), false},
                      TextRow{"NulLast", std::string("ab\0", 3), false},
                      TextRow{"Comma", "a,b", false}, TextRow{"Semicolon", "a;b", false},
                      TextRow{"Quote", "\"ab\"", false}, TextRow{"Colon", "a:b", false},
                      TextRow{"NotAscii", "a\xc3\xa4", false}, TextRow{"Delete", "a\x7f", false},
                      TextRow{"Percent", "a%20", false}),
    [](const auto& info) { return info.param.name; });

TEST(IsCutShortTest, NoTokenThatIsWholeIs) {
  for (const Algorithm algorithm : kAllAlgorithms) {
    EXPECT_FALSE(IsCutShort(TestIssuer(algorithm).Token().Sign())) << AlgorithmName(algorithm);
  }
}

TEST(IsCutShortTest, HalfOfTheClaimsOrOfTheSignatureIs) {
  for (const Algorithm algorithm : kAllAlgorithms) {
    const std::string token = TestIssuer(algorithm).Token().Sign();
    const size_t claims = token.find('.') + 1, signature = token.rfind('.') + 1;
    for (const size_t length : {claims, claims + 8, signature - 1, signature, signature + 4,
                                (signature + token.size()) / 2, token.size() - 1}) {
      EXPECT_TRUE(IsCutShort(token.substr(0, length))) << AlgorithmName(algorithm) << " " << length;
    }
  }
}

// There may be tokens of other kinds, and signatures that nobody here knows.
TEST(IsCutShortTest, WhatIsNoJwtOfAKnownKindIsNot) {
  const std::string claims = Base64UrlEncode(R"({"sub":"a"})");
  const auto header = [](const char* json) { return Base64UrlEncode(json) + "."; };
  for (const std::string& token :
       {std::string("opaque"), std::string("a.b.c"), std::string("eyJhbGciOiJFUzI1NiJ9"),
        std::string(), std::string("..."), header(R"({"alg":"dir","enc":"A256GCM"})") + "a.b.c.d",
        header(R"({"kid":"a"})") + "a.b", header(R"({"alg":"ES256K"})") + claims + ".AAAA"}) {
    EXPECT_FALSE(IsCutShort(token)) << token;
  }
}

TEST(IsBearerTokenTest, AcceptsExactlyTheCharactersOfRfc6750) {
  const std::string good = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    EXPECT_EQ(IsBearerToken(std::string("a") + character + "b"),
              good.find(character) != std::string::npos)
        << "character " << c;
  }
}

struct HeaderRow {
  const char* name;
  std::string header;
  // Null: no token.
  const char* token;
};

class BearerOfTest : public ::testing::TestWithParam<HeaderRow> {};

TEST_P(BearerOfTest, FindsTheTokenOrNone) {
  const auto token = BearerOf(GetParam().header);
  if (GetParam().token == nullptr) {
    EXPECT_EQ(token, std::nullopt);
  } else {
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(*token, GetParam().token);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , BearerOfTest,
    ::testing::Values(
        HeaderRow{"Usual", "Bearer a.b.c", "a.b.c"},
        HeaderRow{"LowerCase", "bearer a.b.c", "a.b.c"},
        HeaderRow{"UpperCase", "BEARER a.b.c", "a.b.c"},
        HeaderRow{"MixedCase", "bEaReR a.b.c", "a.b.c"},
        HeaderRow{"SeveralSpaces", "Bearer   a.b.c", "a.b.c"},
        HeaderRow{"Padded", "Bearer abc==", "abc=="}, HeaderRow{"Empty", "", nullptr},
        HeaderRow{"SchemeAlone", "Bearer", nullptr},
        HeaderRow{"SchemeAndSpace", "Bearer ", nullptr},
        HeaderRow{"NoSpace", "Bearera.b.c", nullptr}, HeaderRow{"Tab", "Bearer\ta.b.c", nullptr},
        HeaderRow{"LeadingSpace", " Bearer a.b.c", nullptr},
        HeaderRow{"TrailingSpace", "Bearer a.b.c ", nullptr},
        HeaderRow{"TwoTokens", "Bearer a.b.c d.e.f", nullptr},
        HeaderRow{"TwoCredentials", "Bearer a.b.c, Basic eA", nullptr},
        HeaderRow{"TokenAlone", "a.b.c", nullptr}, HeaderRow{"Basic", "Basic YTpi", nullptr},
        // RFC 9449 section 7.1: a DPoP token is not a bearer token.
        HeaderRow{"Dpop", "DPoP a.b.c", nullptr}, HeaderRow{"LongerScheme", "Bearerx a", nullptr},
        HeaderRow{"ShorterScheme", "Beare a.b.c", nullptr},
        HeaderRow{"TwoSchemes", "Bearer Bearer a.b.c", nullptr},
        HeaderRow{"Newline", "Bearer a.b.c\n", nullptr},
        HeaderRow{"Nul", std::string("Bearer a\0", 9), nullptr}),
    [](const auto& info) { return info.param.name; });

class UnverifiedTokenTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  TestIssuer issuer_{Algorithm::kEs256, "test", clock_};
};

TEST_F(UnverifiedTokenTest, TellsItsExpiryAndAudiences) {
  const std::string token =
      issuer_.Token().ExpiresIn(absl::Seconds(77)).Audience("a").AddAudience("b").Sign();
  EXPECT_THAT(UnverifiedExpiry(token), Optional(clock_->Now() + absl::Seconds(77)));
  EXPECT_THAT(UnverifiedAudiences(token), Optional(ElementsAre("a", "b")));
}

TEST_F(UnverifiedTokenTest, TellsASingleAudience) {
  EXPECT_THAT(UnverifiedAudiences(issuer_.Token().Audience("a").Sign()),
              Optional(ElementsAre("a")));
}

TEST_F(UnverifiedTokenTest, JwtWithoutAudienceIsForNobody) {
  auto builder = issuer_.Token();
  builder.claims().clear_expires_at();
  builder.claims().clear_audiences();
  const std::string token = builder.Sign();
  EXPECT_EQ(UnverifiedExpiry(token), std::nullopt);
  EXPECT_THAT(UnverifiedAudiences(token), Optional(IsEmpty()));
  EXPECT_THAT(UnverifiedAudiences(issuer_.Token().RawClaims("{\"aud\":1}").Sign()),
              Optional(IsEmpty()));
}

TEST_F(UnverifiedTokenTest, ExpiryThatIsNoNumberIsNone) {
  for (const char* json : {"{\"exp\":\"tomorrow\"}", "{\"exp\":null}", "{\"exp\":[1]}"}) {
    EXPECT_EQ(UnverifiedExpiry(issuer_.Token().RawClaims(json).Sign()), std::nullopt) << json;
  }
}

TEST_F(UnverifiedTokenTest, TellsASubjectThatIsText) {
  EXPECT_THAT(UnverifiedSubject(issuer_.Token().Subject("svc:a").Sign()), Optional(Eq("svc:a")));
  EXPECT_EQ(UnverifiedSubject(issuer_.Token().RawClaims("{\"sub\":1}").Sign()), std::nullopt);
  EXPECT_EQ(UnverifiedSubject(issuer_.Token().RawClaims("{\"aud\":\"a\"}").Sign()), std::nullopt);
}

TEST_F(UnverifiedTokenTest, TellsNothingOfTokensThatAreNotJwts) {
  const std::string not_object = issuer_.Token().RawClaims("[1]").Sign();
  for (const std::string& token : {std::string(), std::string("opaque"), std::string("a.b"),
                                   std::string("a.b.c"), not_object}) {
    EXPECT_EQ(UnverifiedExpiry(token), std::nullopt) << token;
    EXPECT_EQ(UnverifiedAudiences(token), std::nullopt) << token;
    EXPECT_EQ(UnverifiedSubject(token), std::nullopt) << token;
  }
}

}  // namespace
}  // namespace lanyard::internal
