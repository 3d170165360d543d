// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/json_text.h"

#include <gtest/gtest.h>

#include "lanyard/sdk/internal/json.h"

namespace lanyard::internal {
namespace {

TEST(JsonTextTest, TakesWhiteSpaceOutBetweenValuesOnly) {
  EXPECT_EQ(OneLineJson("{ \"a b\" :\n[ 1 ,\t2 ] ,\r\n\"c\" : \" d \" }"),
            "{\"a b\":[1,2],\"c\":\" d \"}");
}

TEST(JsonTextTest, KeepsEveryDigit) {
  const char text[] = "{\"a\":9007199254740993,\"b\":18446744073709551615,\"c\":2.50,\"d\":1e3}";
  EXPECT_EQ(OneLineJson(text), text);
}

TEST(JsonTextTest, KeepsEscapedQuotesAndBackslashes) {
  const char text[] = "{\"a\\\"b\":\"\\\\\",\"c\":\"{[,:]}\"}";
  EXPECT_EQ(OneLineJson(text), text);
}

TEST(JsonTextTest, EscapesWhatActsOnATerminal) {
  // C1 control sequence introducer, right-to-left override, DEL; an ordinary letter stays.
  EXPECT_EQ(OneLineJson("{\"a\":\"\u009b31m \u202e \x7f \u00e9\"}"),
            "{\"a\":\"\\u009b31m \\u202e \\u007f \u00e9\"}");
}

TEST(JsonTextTest, Indents) {
  EXPECT_EQ(IndentedJson("{\"a\":[1,{}],\"b\":[ ]}"),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(JsonTextTest, RewritingDoesNotChangeWhatATextSays) {
  const char text[] = " {\"a\": [1, -2.5e-3, \"x\\u0000\\n\", null, true], \"b\": {\"c\": {}}} ";
  const std::string line = OneLineJson(text);
  EXPECT_EQ(OneLineJson(IndentedJson(text)), line);
  EXPECT_TRUE(JsonDocument::ParseObject(line).ok()) << line;
}

TEST(JsonTextTest, BuildsObjects) {
  EXPECT_EQ(JsonObject().Finish(), "{}");
  EXPECT_EQ(JsonObject()
                .Bool("ok", true)
                .Text("a", "q\"\\\n")
                .Texts("list", {"x", "y"})
                .Json("n", "1")
                .Finish(),
            "{\"ok\":true,\"a\":\"q\\\"\\\\\\n\",\"list\":[\"x\",\"y\"],\"n\":1}");
}

TEST(JsonTextTest, ReplacesBytesThatAreNotUtf8) {
  const std::string object =
      JsonObject().Text("a", "x\xff\xc0\xaf\xed\xa0\x80y\xf4\x90\x80\x80\xe2\x82").Finish();
  EXPECT_TRUE(JsonDocument::ParseObject(object).ok()) << object;
  EXPECT_NE(object.find("\\ufffd"), std::string::npos);
}

}  // namespace
}  // namespace lanyard::internal
