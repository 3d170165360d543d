// SPDX-License-Identifier: Apache-2.0
// That the search finds what it looks for.
#include "tests/interceptors/output_search.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::test {
namespace {

using testing::TestIssuer;

TEST(SecretsTest, AreFoundWhereverTheyStand) {
  const TestIssuer ec, rsa(Algorithm::kRs256);
  const std::string token = ec.Token().Sign();
  const std::string jwk = rsa.key().ExportPrivateJwk().value();
  const std::string pem = ec.key().ExportPrivatePem().value();
  const std::string secret = "0123456789abcdef0123456789ABCDEF";
  Secrets secrets;
  secrets.AddToken(token);
  secrets.AddJwk("RSA", jwk);
  secrets.AddPem("EC", pem);
  secrets.AddBytes("HMAC", secret);
  const size_t first = token.find('.'), second = token.rfind('.');
  const auto planted = [&](absl::string_view text) {
    Haystack haystack;
    haystack.Add("nothing", "a harmless line");
    haystack.Add("planted", absl::StrCat("before ", text, " after"));
    return secrets.FoundIn(haystack).size() == 1;
  };
  EXPECT_FALSE(planted("nothing"));
  EXPECT_TRUE(planted(token));
  EXPECT_TRUE(planted(token.substr(0, first)));
  EXPECT_TRUE(planted(token.substr(first + 9, 12)));
  EXPECT_TRUE(planted(token.substr(second + 1, 12)));
  EXPECT_TRUE(planted(token.substr(token.size() - 12)));
  for (const char* member :
       {"\"d\":\"", "\"p\":\"", "\"q\":\"", "\"dp\":\"", "\"dq\":\"", "\"qi\":\""}) {
    EXPECT_TRUE(planted(jwk.substr(jwk.find(member) + std::string(member).size(), 12))) << member;
  }
  EXPECT_TRUE(planted(pem.substr(pem.find('\n') + 1, 12)));
  EXPECT_TRUE(planted(secret.substr(20)));
  EXPECT_TRUE(planted(absl::BytesToHexString(secret).substr(3, 12)));
  EXPECT_TRUE(planted(absl::Base64Escape(secret).substr(30, 12)));
  EXPECT_TRUE(planted(absl::WebSafeBase64Escape(secret).substr(30, 12)));
}

TEST(UnsafeInTest, NamesWhatActsOnATerminal) {
  for (const char* safe : {"", "plain", "h\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(UnsafeIn(safe), "");
  }
  for (const char* unsafe : {"a\x1b[31m", "a\n", "a\t", "a\x7f", "a\xc2\x9b", "a\xe2\x80\xae",
                             "a\xe2\x80\xa8", "a\xff", "a\xc3", "a\xe2\x80"}) {
    EXPECT_NE(UnsafeIn(unsafe).find("at 1"), std::string::npos) << unsafe;
  }
  EXPECT_EQ(UnsafeIn("a\nb\n", /*lines=*/true), "");
  EXPECT_NE(UnsafeIn(absl::string_view("a\0b", 3)), "");
}

TEST(HaystackTest, NamesWhatIsNotAsItsKindMustBe) {
  Haystack haystack;
  haystack.Add("short", "a message");
  haystack.Add("lines", "one\ntwo\n", Haystack::Kind::kOutput);
  haystack.Add("raw", "\x1b", Haystack::Kind::kRaw);
  EXPECT_EQ(haystack.Unsafe().size(), 0u);
  haystack.Add("two lines", "one\ntwo");
  haystack.Add("long", std::string(Haystack::kLongestMessage + 1, 'x'));
  haystack.Add("escape", "\x1b", Haystack::Kind::kOutput);
  EXPECT_EQ(haystack.Unsafe().size(), 3u);
}

TEST(OutputCaptureTest, TakesBothStreams) {
  OutputCapture capture;
  std::printf("one ");
  std::fflush(stdout);
  std::fprintf(stderr, "two");
  EXPECT_EQ(capture.End(), "one two");
  EXPECT_EQ(capture.End(), "");
}

}  // namespace
}  // namespace lanyard::test
