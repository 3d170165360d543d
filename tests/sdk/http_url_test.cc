// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/sdk/internal/http.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpUrlTest, NamesTheOrigin) {
  for (const auto& [url, origin] :
       {std::pair("https://sso.example.com", "https://sso.example.com:443"),
        std::pair("https://sso.example.com/", "https://sso.example.com:443"),
        std::pair("HTTPS://SSO.Example.COM:443/a?b=c", "https://sso.example.com:443"),
        std::pair("https://sso.example.com:8443/.well-known/x", "https://sso.example.com:8443"),
        std::pair("https://127.0.0.1:1?x", "https://127.0.0.1:1"),
        std::pair("https://[::1]:65535/a", "https://[::1]:65535"),
        std::pair("https://[2001:DB8::1]/a", "https://[2001:db8::1]:443"),
        std::pair("https://a/%2e%2e/x:y", "https://a:443")}) {
    const auto parsed = ParseHttpUrl(url, false);
    ASSERT_THAT(parsed, IsOk()) << url;
    EXPECT_EQ(parsed->origin, origin);
  }
}

TEST(HttpUrlTest, RefusesAnythingElse) {
  for (const char* url : {"",
                          "sso.example.com",
                          "//sso.example.com",
                          "http://sso.example.com",
                          "ftp://a",
                          "file:///a",
                          "https:/a",
                          "https://",
                          "https:///a",
                          "https://:443",
                          "https://user@a/",
                          "https://u:p@a/",
                          "https://a#f",
                          "https://a/x#",
                          "https://a:0",
                          "https://a:65536",
                          "https://a:",
                          "https://a:x",
                          "https://a:443:443",
                          "https://a:+1",
                          "https://a_b",
                          "https://a b/",
                          "https://a/\n",
                          "https://a/\x01",
                          "https://\xc3\xa4.test/",
                          "https://a\\@b/",
                          "https://[::1",
                          "https://[]/",
                          "https://[::1]x/",
                          "https://[::1]443/",
                          "https://[gg::]/",
                          "https://a/{x}",
                          "https://a%40b/",
                          "javascript:alert(1)"}) {
    EXPECT_THAT(ParseHttpUrl(url, false), Not(IsOk())) << url;
  }
  EXPECT_THAT(ParseHttpUrl("https://a/" + std::string(2048, 'x'), false), Not(IsOk()));
}

TEST(HttpUrlTest, PlaintextOnlyByTheLongerWord) {
  EXPECT_THAT(ParseHttpUrl("http://a/", false), IsError(HasSubstr("https://")));
  EXPECT_EQ(ParseHttpUrl("http://a/", true)->origin, "http://a:80");
  EXPECT_EQ(ParseHttpUrl("https://a/", true)->origin, "https://a:443");
}

TEST(HttpUrlTest, ErrorsDoNotRepeatTheUrl) {
  EXPECT_THAT(ParseHttpUrl("https://user:secret@a/", false), IsError(Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace lanyard::internal
