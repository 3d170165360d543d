// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/form.h"

#include <gtest/gtest.h>

#include <string>

namespace lanyard::internal {
namespace {

TEST(FormTest, EncodesAllButWhatEveryDecoderTakesAsItIs) {
  EXPECT_EQ(FormEncoded("AZaz09-._").view(), "AZaz09-._");
  EXPECT_EQ(FormEncoded(" +&=%/?:~*").view(), "%20%2B%26%3D%25%2F%3F%3A%7E%2A");
  EXPECT_EQ(FormEncoded(std::string("\0\r\n\x7f", 4)).view(), "%00%0D%0A%7F");
  EXPECT_EQ(FormEncoded("é").view(), "%C3%A9");
  EXPECT_EQ(FormEncoded("").view(), "");
}

TEST(FormTest, KeepsNamesAndValuesApart) {
  Form form;
  EXPECT_EQ(form.text().view(), "");
  form.Add("a", "1&b=2");
  form.Add("c d", "");
  EXPECT_EQ(form.text().view(), "a=1%26b%3D2&c%20d=");
}

}  // namespace
}  // namespace lanyard::internal
