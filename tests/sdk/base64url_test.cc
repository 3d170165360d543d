// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/base64url.h"

#include <gtest/gtest.h>

#include <string>

#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

struct Pair {
  const char* name;
  std::string bytes;
  std::string text;
};

class Base64UrlPairTest : public ::testing::TestWithParam<Pair> {};

TEST_P(Base64UrlPairTest, EncodesAndDecodes) {
  EXPECT_EQ(Base64UrlEncode(GetParam().bytes), GetParam().text);
  std::string decoded;
  ASSERT_TRUE(Base64UrlDecode(GetParam().text, &decoded));
  EXPECT_EQ(decoded, GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(, Base64UrlPairTest,
                         ::testing::Values(
                             // RFC 4648 section 10, without the padding.
                             Pair{"Empty", "", ""}, Pair{"F", "f", "Zg"}, Pair{"Fo", "fo", "Zm8"},
                             Pair{"Foo", "foo", "Zm9v"}, Pair{"Foob", "foob", "Zm9vYg"},
                             Pair{"Fooba", "fooba", "Zm9vYmE"},
                             Pair{"Foobar", "foobar", "Zm9vYmFy"},
                             // RFC 7515 appendix C.
                             Pair{"Rfc7515AppendixC", "\x03\xec\xff\xe0\xc1", "A-z_4ME"},
                             Pair{"Nul", std::string(3, '\0'), "AAAA"},
                             Pair{"AllOnes", "\xff\xff\xff", "____"},
                             Pair{"BothExtraCharacters", "\xfb\xff\xfe", "-__-"}),
                         [](const auto& info) { return info.param.name; });

struct Refused {
  const char* name;
  std::string text;
};

class Base64UrlRefusalTest : public ::testing::TestWithParam<Refused> {};

TEST_P(Base64UrlRefusalTest, RefusesOtherSpellings) {
  std::string out;
  EXPECT_FALSE(Base64UrlDecode(GetParam().text, &out));
}

INSTANTIATE_TEST_SUITE_P(
    , Base64UrlRefusalTest,
    ::testing::Values(
        Refused{"OneCharacter", "Z"}, Refused{"LengthOneModuloFour", "Zm9vY"},
        Refused{"Padding", "Zg=="}, Refused{"OnePadding", "Zm8="}, Refused{"OnlyPadding", "="},
        Refused{"PaddingInside", "Zg==Zg"}, Refused{"PlusOfBase64", "A+z_4ME"},
        Refused{"SlashOfBase64", "A-z/4ME"}, Refused{"Space", "Zm 9"}, Refused{"SpaceLast", "Zm9 "},
        Refused{"Tab", "Zm\t9"}, Refused{"NewlineLast", "Zm9v\n"}, Refused{"NewlineAlone", "\n"},
        Refused{"NulInside", std::string("Zm\0v", 4)}, Refused{"HighBit", "Zm9\xc3"},
        Refused{"BadFirst", "*m9v"}, Refused{"BadSecond", "Z*9v"}, Refused{"BadThird", "Zm*v"},
        Refused{"BadFourth", "Zm9*"}, Refused{"BadInTailOfTwo", "Zm9vZ*"},
        Refused{"BadFirstInTailOfTwo", "Zm9v*g"}, Refused{"BadInTailOfThree", "Zm9vZm*"},
        Refused{"BadSecondInTailOfThree", "Zm9vZ*8"}, Refused{"TailBitsOfOneByte", "Zh"},
        Refused{"HighestTailBitOfOneByte", "Zo"}, Refused{"TailBitsOfTwoBytes", "Zm9"},
        Refused{"HighestTailBitOfTwoBytes", "Zm-"}, Refused{"Dot", "Zm9."}),
    [](const auto& info) { return info.param.name; });

TEST(Base64UrlTest, AcceptsExactlyTheAlphabet) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    std::string out;
    EXPECT_EQ(Base64UrlDecode(std::string("AAA") + character, &out),
              alphabet.find(character) != std::string::npos)
        << "character " << c;
  }
}

TEST(Base64UrlTest, HasOneSpellingForEachLastCharacter) {
  // Of the 64 last characters of a two-character text, only four leave no bits over.
  int accepted = 0;
  for (int c = 0; c < 256; ++c) {
    std::string out;
    if (!Base64UrlDecode(std::string("Z") + static_cast<char>(c), &out)) continue;
    ++accepted;
    EXPECT_EQ(Base64UrlEncode(out), std::string("Z") + static_cast<char>(c));
  }
  EXPECT_EQ(accepted, 4);
}

TEST(Base64UrlTest, AppendsToWhatIsThere) {
  std::string out = "before ";
  ASSERT_TRUE(Base64UrlDecode("Zm9vYg", &out));
  EXPECT_EQ(out, "before foob");
}

TEST(Base64UrlTest, RoundTripsEveryLength) {
  for (size_t size = 0; size <= 200; ++size) {
    const std::string bytes = RandomBytes(size);
    const std::string text = Base64UrlEncode(bytes);
    EXPECT_EQ(text.size(), (size * 4 + 2) / 3);
    std::string decoded;
    ASSERT_TRUE(Base64UrlDecode(text, &decoded)) << size;
    EXPECT_EQ(decoded, bytes);
  }
}

}  // namespace
}  // namespace lanyard::internal
