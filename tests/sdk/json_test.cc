// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Kind = JsonValue::Kind;

// An object whose innermost value is `levels` arrays and objects deep, the root counted.
std::string Nested(int levels, bool objects = false) {
  std::string text = "{\"a\":";
  std::string close = "}";
  for (int i = 1; i < levels; ++i) {
    absl::StrAppend(&text, objects ? "{\"a\":" : "[");
    close.insert(0, objects ? "}" : "]");
  }
  return absl::StrCat(text, "1", close);
}

// Both readers hold to the same rules.
enum class Reader { kPlain, kSecret };

absl::StatusOr<JsonDocument> Parse(Reader reader, absl::string_view text) {
  return reader == Reader::kPlain ? JsonDocument::ParseObject(text)
                                  : JsonDocument::ParseSecretObject(text);
}

class JsonReaderTest : public ::testing::TestWithParam<Reader> {
 protected:
  absl::StatusOr<JsonDocument> Parse(absl::string_view text) {
    return internal::Parse(GetParam(), text);
  }
};

INSTANTIATE_TEST_SUITE_P(, JsonReaderTest, ::testing::Values(Reader::kPlain, Reader::kSecret),
                         [](const auto& info) {
                           return info.param == Reader::kPlain ? "Plain" : "Secret";
                         });

TEST_P(JsonReaderTest, ReadsEveryKind) {
  auto document = Parse(
      R"( {"null":null,"yes":true,"no":false,"int":-7,"big":18446744073709551615,"frac":1.5,)"
      R"("text":"a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00","list":[1,[2],{}],"object":{"a":{"b":1}}} )");
  ASSERT_THAT(document, IsOk());
  const JsonValue root = document->root();
  EXPECT_TRUE(root.is(Kind::kObject));
  EXPECT_EQ(root.size(), 9u);
  EXPECT_TRUE(root.Find("null")->is(Kind::kNull));
  EXPECT_TRUE(root.Find("yes")->boolean());
  ASSERT_TRUE(root.Find("no")->is(Kind::kBool));
  EXPECT_FALSE(root.Find("no")->boolean());
  ASSERT_TRUE(root.Find("int")->is(Kind::kInteger));
  EXPECT_EQ(root.Find("int")->integer(), -7);
  ASSERT_TRUE(root.Find("big")->is(Kind::kUnsigned));
  EXPECT_EQ(root.Find("big")->unsigned_integer(), std::numeric_limits<uint64_t>::max());
  ASSERT_TRUE(root.Find("frac")->is(Kind::kDouble));
  EXPECT_EQ(root.Find("frac")->number(), 1.5);
  ASSERT_TRUE(root.Find("text")->is(Kind::kString));
  EXPECT_EQ(root.Find("text")->string(), "a\"\\/\b\f\n\r\t\xc3\xa4\xf0\x9f\x98\x80");
  ASSERT_TRUE(root.Find("list")->is(Kind::kArray));
  EXPECT_EQ(root.Find("list")->size(), 3u);
  EXPECT_EQ(root.Find("object")->Find("a")->Find("b")->integer(), 1);
  EXPECT_EQ(root.Find("nobody"), std::nullopt);
}

TEST_P(JsonReaderTest, WalksMembersAndElementsInOrder) {
  auto document = Parse(R"({"b":[1,{"x":9},[8],2],"a":{},"c":3})");
  ASSERT_THAT(document, IsOk());
  std::vector<std::string> names;
  for (const JsonValue member : document->root()) names.emplace_back(member.name());
  EXPECT_THAT(names, ElementsAre("b", "a", "c"));
  std::vector<Kind> kinds;
  const JsonValue list = *document->root().Find("b");
  for (const JsonValue element : list) kinds.push_back(element.kind());
  EXPECT_THAT(kinds, ElementsAre(Kind::kInteger, Kind::kObject, Kind::kArray, Kind::kInteger));
  const JsonValue empty = *document->root().Find("a");
  for (const JsonValue member : empty) FAIL() << member.name();
}

TEST_P(JsonReaderTest, FindsOnlyOwnMembersOfObjects) {
  auto document = Parse(R"({"x":{"iss":"inner"},"list":[{"iss":"listed"}],"text":"iss"})");
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().Find("iss"), std::nullopt);
  EXPECT_EQ(document->root().Find("list")->Find("iss"), std::nullopt);
  EXPECT_EQ(document->root().Find("text")->Find("iss"), std::nullopt);
}

TEST_P(JsonReaderTest, NamesAreComparedAfterUnescaping) {
  auto document = Parse(R"({"\u0069s\u0073":"a\u002fb"})");
  ASSERT_THAT(document, IsOk());
  ASSERT_TRUE(document->root().Find("iss").has_value());
  EXPECT_EQ(document->root().Find("iss")->string(), "a/b");
}

TEST_P(JsonReaderTest, NamesAreNotPrefixesOrOtherCase) {
  auto document = Parse(R"({"is":1,"isss":2,"Iss":3,"iss ":4,"":5})");
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().Find("iss"), std::nullopt);
  EXPECT_EQ(document->root().Find("")->integer(), 5);
}

TEST_P(JsonReaderTest, KeepsNulBytesOfStrings) {
  auto document = Parse(R"({"a\u0000b":"c\u0000d"})");
  ASSERT_THAT(document, IsOk());
  const auto member = document->root().Find(absl::string_view("a\0b", 3));
  ASSERT_TRUE(member.has_value());
  EXPECT_EQ(member->string(), absl::string_view("c\0d", 3));
  EXPECT_EQ(document->root().Find("a"), std::nullopt);
}

TEST_P(JsonReaderTest, AllowsTheDeepestNesting) {
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth - 1)), IsOk());
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth)), IsOk());
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth, true)), IsOk());
}

TEST_P(JsonReaderTest, RefusesDeeperNesting) {
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth + 1)), IsError(HasSubstr("nested")));
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth + 1, true)), IsError(HasSubstr("nested")));
  EXPECT_THAT(Parse(absl::StrCat("{\"a\":", std::string(100000, '['))), Not(IsOk()));
  EXPECT_THAT(Parse(Nested(20000)), IsError(HasSubstr("nested")));
}

TEST_P(JsonReaderTest, EmptyArraysAndObjectsCountAsLevels) {
  for (const char* empty : {"[]", "{}"}) {
    const std::string most = absl::StrReplaceAll(Nested(kMaxJsonDepth - 1), {{"1", empty}});
    EXPECT_THAT(Parse(most), IsOk()) << empty;
    const std::string more = absl::StrReplaceAll(Nested(kMaxJsonDepth), {{"1", empty}});
    EXPECT_THAT(Parse(more), IsError(HasSubstr("nested"))) << empty;
  }
}

TEST_P(JsonReaderTest, RefusesDeepNestingAfterALongText) {
  // The buffers grow with the text; the bound on nesting must not.
  const std::string filler = absl::StrCat("{\"a\":\"", std::string(100000, 'x'), "\"}");
  ASSERT_THAT(Parse(filler), IsOk());
  EXPECT_THAT(Parse(Nested(kMaxJsonDepth + 1)), IsError(HasSubstr("nested")));
  std::string both = Nested(kMaxJsonDepth + 1);
  both.insert(1, absl::StrCat("\"b\":\"", std::string(300000, 'x'), "\","));
  EXPECT_THAT(Parse(both), IsError(HasSubstr("nested")));
}

TEST_P(JsonReaderTest, RefusesDuplicatesAmongManyMembers) {
  // Few and many members are compared in two ways.
  for (const int count : {2, 3, 15, 16, 17, 18, 100, 1000}) {
    std::vector<std::string> members;
    for (int i = 0; i < count; ++i) members.push_back(absl::StrCat("\"m", i, "\":", i));
    EXPECT_THAT(Parse(absl::StrCat("{", absl::StrJoin(members, ","), "}")), IsOk()) << count;
    for (const int original : {0, (count - 1) / 2, count - 2}) {
      auto repeated = members;
      repeated.back() = absl::StrCat("\"\\u006d", original, "\":null");
      EXPECT_THAT(Parse(absl::StrCat("{", absl::StrJoin(repeated, ","), "}")),
                  IsError(HasSubstr("duplicate")))
          << count << " members, the last repeats " << original;
    }
  }
}

TEST_P(JsonReaderTest, RefusesTextsBeyondItsBound) {
  std::string text = absl::StrCat("{\"a\":\"", std::string((4 << 20) - 8, 'x'), "\"}");
  ASSERT_EQ(text.size(), static_cast<size_t>(4 << 20));
  EXPECT_THAT(Parse(text), IsOk());
  text.push_back(' ');
  EXPECT_THAT(Parse(text), IsError(HasSubstr("too long")));
}

TEST_P(JsonReaderTest, ReadsTextsOfEveryLengthWithoutPadding) {
  // Each text ends where its buffer ends, which a reader of whole blocks must mind.
  for (size_t size = 0; size <= 300; ++size) {
    const std::string value(size, 'v');
    const std::string text = absl::StrCat("{\"a\":\"", value, "\"}");
    const std::vector<char> exact(text.begin(), text.end());
    auto document = Parse(absl::string_view(exact.data(), exact.size()));
    ASSERT_THAT(document, IsOk()) << size;
    EXPECT_EQ(document->root().Find("a")->string(), value);
  }
}

struct Bad {
  const char* name;
  std::string text;
};

class JsonRefusalTest : public ::testing::TestWithParam<std::tuple<Reader, Bad>> {};

TEST_P(JsonRefusalTest, IsNotStrictJson) {
  EXPECT_THAT(Parse(std::get<0>(GetParam()), std::get<1>(GetParam()).text),
              IsError(HasSubstr("not strict JSON")));
}

INSTANTIATE_TEST_SUITE_P(
    , JsonRefusalTest,
    ::testing::Combine(
        ::testing::Values(Reader::kPlain, Reader::kSecret),
        ::testing::Values(
            Bad{"Empty", ""}, Bad{"Space", " "}, Bad{"Array", "[]"}, Bad{"String", "\"a\""},
            Bad{"Number", "1"}, Bad{"Null", "null"}, Bad{"ByteOrderMark", "\xef\xbb\xbf{}"},
            Bad{"Utf16", std::string("\xff\xfe{\0}\0", 6)}, Bad{"TwoValues", "{}{}"},
            Bad{"TextAfter", "{} x"}, Bad{"CommaAfter", "{},"},
            Bad{"NulAfter", std::string("{}\0", 3)}, Bad{"Unclosed", "{\"a\":1"},
            Bad{"UnclosedString", "{\"a\":\"b}"}, Bad{"TrailingComma", "{\"a\":1,}"},
            Bad{"TrailingCommaInArray", "{\"a\":[1,]}"}, Bad{"LeadingComma", "{,\"a\":1}"},
            Bad{"NoColon", "{\"a\" 1}"}, Bad{"NoValue", "{\"a\":}"},
            Bad{"NoComma", "{\"a\":1 \"b\":2}"}, Bad{"SingleQuotes", "{'a':1}"},
            Bad{"BareName", "{a:1}"}, Bad{"NumberAsName", "{1:1}"}, Bad{"Comment", "{\"a\":1/**/}"},
            Bad{"LineComment", "{//\n\"a\":1}"}, Bad{"Crossed", "{\"a\":[1}]"},
            Bad{"VerticalTab", "{\v\"a\":1}"}, Bad{"NoBreakSpace", "{\xc2\xa0\"a\":1}"},
            Bad{"TrueMisspelt", "{\"a\":tru}"}, Bad{"TrueInCapitals", "{\"a\":True}"},
            Bad{"NaN", "{\"a\":NaN}"}, Bad{"Infinity", "{\"a\":Infinity}"},
            Bad{"LeadingZero", "{\"a\":01}"}, Bad{"LeadingPlus", "{\"a\":+1}"},
            Bad{"MinusAlone", "{\"a\":-}"}, Bad{"PointLast", "{\"a\":1.}"},
            Bad{"PointFirst", "{\"a\":.5}"}, Bad{"ExponentAlone", "{\"a\":1e}"},
            Bad{"Hex", "{\"a\":0x10}"}, Bad{"DoubleTooLarge", "{\"a\":1e400}"},
            Bad{"DoubleTooSmall", "{\"a\":-1e400}"},
            Bad{"IntegerAboveUint64", "{\"a\":18446744073709551616}"},
            Bad{"IntegerBelowInt64", "{\"a\":-9223372036854775809}"},
            Bad{"IntegerOfFortyDigits", "{\"a\":1234567890123456789012345678901234567890}"},
            Bad{"RawNewline", "{\"a\":\"b\nc\"}"}, Bad{"RawTab", "{\"a\":\"b\tc\"}"},
            Bad{"RawNul", std::string("{\"a\":\"b\0c\"}", 11)},
            Bad{"RawControlInName", "{\"a\x01\":1}"}, Bad{"UnknownEscape", "{\"a\":\"\\x41\"}"},
            Bad{"ShortUnicodeEscape", "{\"a\":\"\\u12\"}"},
            Bad{"BadUnicodeEscape", "{\"a\":\"\\u12G4\"}"},
            Bad{"LoneHighSurrogate", "{\"a\":\"\\ud83d\"}"},
            Bad{"LoneLowSurrogate", "{\"a\":\"\\ude00\"}"},
            Bad{"TwoHighSurrogates", "{\"a\":\"\\ud83d\\ud83d\"}"},
            Bad{"HighSurrogateAndLetter", "{\"a\":\"\\ud83d\\u0041\"}"},
            Bad{"SwappedSurrogates", "{\"a\":\"\\ude00\\ud83d\"}"},
            Bad{"LoneSurrogateInName", "{\"\\udc00\":1}"},
            Bad{"RawSurrogate", "{\"a\":\"\xed\xa0\x80\"}"},
            Bad{"OverlongUtf8", "{\"a\":\"\xc0\xaf\"}"}, Bad{"TruncatedUtf8", "{\"a\":\"\xc3\"}"},
            Bad{"LoneContinuation", "{\"a\":\"\x80\"}"}, Bad{"Latin1", "{\"a\":\"\xe4\"}"},
            Bad{"AboveUnicode", "{\"a\":\"\xf4\x90\x80\x80\"}"},
            Bad{"BadUtf8InName", "{\"\xff\":1}"}, Bad{"Duplicate", "{\"a\":1,\"a\":1}"},
            Bad{"DuplicateNotAdjacent", "{\"a\":1,\"b\":2,\"a\":3}"},
            Bad{"DuplicateEscaped", "{\"iss\":1,\"\\u0069ss\":2}"},
            Bad{"DuplicateSlashEscaped", "{\"a/b\":1,\"a\\/b\":2}"},
            Bad{"DuplicateEmptyName", "{\"\":1,\"\":2}"},
            Bad{"DuplicateInside", "{\"x\":{\"a\":1,\"a\":2}}"},
            Bad{"DuplicateInArray", "{\"x\":[0,{\"a\":1,\"a\":2}]}"},
            Bad{"DuplicateAfterNestedOne", "{\"a\":{\"b\":1},\"c\":[1,2],\"a\":2}"},
            Bad{"DuplicateDeepInside", "{\"x\":{\"y\":{\"z\":{\"a\":1,\"a\":2}}}}"})),
    [](const auto& info) {
      return std::string(std::get<0>(info.param) == Reader::kPlain ? "Plain" : "Secret") +
             std::get<1>(info.param).name;
    });

TEST(JsonTest, SameNameInTwoObjectsIsNoDuplicate) {
  EXPECT_THAT(JsonDocument::ParseObject(R"({"a":{"a":1},"b":{"a":2},"c":[{"a":1},{"a":1}]})"),
              IsOk());
}

TEST(JsonTest, FaultsDoNotQuoteTheText) {
  for (const char* text :
       {"{\"hidden\":1,\"hidden\":2}", "{\"a\":\"hidden", "{\"a\":hidden}", "hidden"}) {
    EXPECT_THAT(JsonDocument::ParseObject(text), IsError(Not(HasSubstr("hidden"))));
    EXPECT_THAT(JsonDocument::ParseSecretObject(text), IsError(Not(HasSubstr("hidden"))));
  }
}

struct Number {
  const char* name;
  const char* text;
  Kind kind;
};

class JsonNumberTest : public ::testing::TestWithParam<Number> {};

TEST_P(JsonNumberTest, HasItsKind) {
  auto document = JsonDocument::ParseObject(absl::StrCat("{\"n\":", GetParam().text, "}"));
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().Find("n")->kind(), GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    , JsonNumberTest,
    ::testing::Values(Number{"Zero", "0", Kind::kInteger},
                      Number{"LargestInt64", "9223372036854775807", Kind::kInteger},
                      Number{"AboveInt64", "9223372036854775808", Kind::kUnsigned},
                      Number{"LargestUint64", "18446744073709551615", Kind::kUnsigned},
                      Number{"SmallestInt64", "-9223372036854775808", Kind::kInteger},
                      Number{"WholeWithPoint", "1.0", Kind::kDouble},
                      Number{"WholeWithExponent", "1e3", Kind::kDouble},
                      Number{"Fraction", "0.25", Kind::kDouble},
                      Number{"LargestDouble", "1.7976931348623157e308", Kind::kDouble},
                      Number{"TinyDouble", "4.9e-324", Kind::kDouble}),
    [](const auto& info) { return info.param.name; });

TEST(JsonTest, KeepsIntegersExact) {
  // 2^53 + 1 is not a double.
  auto document = JsonDocument::ParseObject("{\"n\":9007199254740993,\"m\":9223372036854775807}");
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().Find("n")->integer(), 9007199254740993);
  EXPECT_EQ(document->root().Find("m")->integer(), std::numeric_limits<int64_t>::max());
}

TEST(JsonTest, DocumentCanBeMoved) {
  auto parsed = JsonDocument::ParseSecretObject("{\"a\":\"b\"}");
  ASSERT_THAT(parsed, IsOk());
  JsonDocument first = *std::move(parsed);
  JsonDocument second = std::move(first);
  EXPECT_EQ(second.root().Find("a")->string(), "b");
}

TEST(AppendJsonStringTest, EscapesWhatMustBe) {
  std::string out = "x";
  AppendJsonString(absl::string_view("a\"b\\c\n\t\0\x1f\x7f/\xc3\xa4", 13), &out);
  EXPECT_EQ(out, "x\"a\\\"b\\\\c\\u000a\\u0009\\u0000\\u001f\\u007f/\xc3\xa4\"");
}

TEST(AppendJsonStringTest, EveryByteBelow128ReadsBack) {
  std::string all;
  for (char c = 0; c >= 0 && c < 127; ++c) all.push_back(c);
  all.push_back('\x7f');
  std::string text = "{\"a\":";
  AppendJsonString(all, &text);
  text.push_back('}');
  auto document = JsonDocument::ParseObject(text);
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().Find("a")->string(), all);
}

}  // namespace
}  // namespace lanyard::internal
