// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/readable_json.h"

#include <gtest/gtest.h>

namespace lanyard::internal {
namespace {

TEST(ReadableJsonTest, WritesALineForEachValue) {
  EXPECT_EQ(ReadableJson(R"({"a":"text","b":1,"c":true,"d":null,"e":"","f":[],"g":["x","y"],
      "h":{"i":2.5,"j":{"k":"deep"}},"l":[{"m":1,"n":["o"]},{"m":2}],"p":18446744073709551615,
      "q":["one phrase"],"r":["a b","c"]})"),
            "a: text\n"
            "b: 1\n"
            "c: yes\n"
            "d: none\n"
            "e: none\n"
            "f: none\n"
            "g: x, y\n"
            "h:\n"
            "  i: 2.5\n"
            "  j:\n"
            "    k: deep\n"
            "l:\n"
            "  - m: 1\n"
            "    n: o\n"
            "  - m: 2\n"
            "p: 18446744073709551615\n"
            "q: one phrase\n"
            "r:\n"
            "  - a b\n"
            "  - c\n");
}

TEST(ReadableJsonTest, ShowsNothingThatActsOnATerminal) {
  EXPECT_EQ(ReadableJson("{\"a\\u001b[2J\":\"b\\nc\"}"), "a?[2J: b?c\n");
}

TEST(ReadableJsonTest, IsEmptyForWhatIsNoObject) {
  EXPECT_EQ(ReadableJson("[1]"), "");
  EXPECT_EQ(ReadableJson("{"), "");
}

}  // namespace
}  // namespace lanyard::internal
