// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/yaml_text.h"

#include <gtest/gtest.h>

#include "absl/strings/string_view.h"

namespace lanyard::tools {
namespace {

TEST(YamlTextTest, QuotesWhateverATextSays) {
  EXPECT_EQ(YamlString("svc:a"), "\"svc:a\"");
  EXPECT_EQ(YamlString(""), "\"\"");
  EXPECT_EQ(YamlString("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(YamlString("a\n- b: c #d"), "\"a\\u000a- b: c #d\"");
  EXPECT_EQ(YamlString("\u00e9\u2028\U0001f600"), "\"\\u00e9\\u2028\\U0001f600\"");
  EXPECT_EQ(YamlString(absl::string_view("\0\x7f", 2)), "\"\\u0000\\u007f\"");
  EXPECT_EQ(YamlString("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(YamlList({"a", "b\""}), "[\"a\", \"b\\\"\"]");
  EXPECT_EQ(YamlList({}), "[]");
}

TEST(YamlTextTest, ACommentStaysOnItsLine) {
  EXPECT_EQ(YamlComment("a \"b\"\r\n\u0085\u2028\u2029c"),
            "# a \"b\"\\u000d\\u000a\\u0085\\u2028\\u2029c");
}

}  // namespace
}  // namespace lanyard::tools
