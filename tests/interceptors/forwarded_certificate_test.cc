// SPDX-License-Identifier: Apache-2.0
// x-forwarded-client-cert as proxies write it, and as clients would like it to be read.

#include "lanyard/interceptors/internal/forwarded_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using ::testing::Values;

// SHA-256 of nothing, in hex and as in tokens.
constexpr char kHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kSha256[] = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
// Of somebody else's certificate.
constexpr char kOtherHash[] = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";

struct Good {
  const char* name;
  std::string header;
  std::string sha256;
  std::vector<std::string> uris, dns;
};

class GoodHeaderTest : public ::testing::TestWithParam<Good> {};

TEST_P(GoodHeaderTest, IsReadAsItsLastElement) {
  const Good& good = GetParam();
  const auto read = ParseForwardedCertificate(good.header);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Base64UrlEncode(read->certificate_sha256), good.sha256);
  EXPECT_THAT(read->names.uris, ElementsAreArray(good.uris));
  EXPECT_THAT(read->names.dns, ElementsAreArray(good.dns));
}

std::string Hash(const char* hash = kHash) { return absl::StrCat("Hash=", hash); }

INSTANTIATE_TEST_SUITE_P(
    , GoodHeaderTest,
    Values(
        Good{"Istio",
             "By=spiffe://cluster.local/ns/a/sa/b;" + Hash() +
                 ";Subject=\"\";URI=spiffe://cluster.local/ns/c/sa/d",
             kSha256,
             {"spiffe://cluster.local/ns/c/sa/d"},
             {}},
        Good{"EnvoyWithSubject",
             Hash() + ";Subject=\"CN=a\\, Inc.\\\"b\\\",O=c;d=e\";URI=https://a.test/;DNS=a.test;"
                      "DNS=www.a.test",
             kSha256,
             {"https://a.test/"},
             {"a.test", "www.a.test"}},
        Good{"EnvoyWithoutUri", Hash() + ";URI=;DNS=a.test", kSha256, {}, {"a.test"}},
        Good{"EnvoyWithTwoUrisOfItsOwn",
             "By=spiffe://d/1;By=spiffe://d/2;" + Hash() + ";URI=spiffe://d/3;URI=spiffe://d/4",
             kSha256,
             {"spiffe://d/3", "spiffe://d/4"},
             {}},
        Good{"NginxWithoutCertificate", "Cert=\"\"", "", {}, {}},
        Good{"HaproxyWithoutCertificate", "Hash=", "", {}, {}},
        Good{"OnlyNames", "URI=spiffe://d/a", "", {"spiffe://d/a"}, {}},
        Good{"OnlyBy", "By=spiffe://d/gateway", "", {}, {}},
        Good{"HashInCapitals", "Hash=" + absl::AsciiStrToUpper(kHash), kSha256, {}, {}},
        Good{"HashInQuotes", absl::StrCat("Hash=\"", kHash, "\""), kSha256, {}, {}},
        Good{"KeysInAnyCase",
             absl::StrCat("hASH=", kHash, ";uri=spiffe://d/a;dns=A.test"),
             kSha256,
             {"spiffe://d/a"},
             {"A.test"}},
        Good{"UnknownKeys", "IP=10.0.0.1;X=;" + Hash() + ";SAN=spiffe://d/no", kSha256, {}, {}},
        Good{"SeparatorsInQuotes",
             R"(URI="spiffe://d/a,b;URI=c")",
             "",
             {"spiffe://d/a,b;URI=c"},
             {}},
        Good{
            "EqualsInAValue", "URI=https://a.test/?b=c&d=e=", "", {"https://a.test/?b=c&d=e="}, {}},
        Good{"BackslashBeforeTheLastQuote", R"(Subject="CN=a\\";DNS=a.test)", "", {}, {"a.test"}},
        Good{"BackslashOutsideOfQuotes", R"(By=a\;DNS=a.test)", "", {}, {"a.test"}},
        Good{"Spaces", " URI=spiffe://d/a ; DNS=a.test ", "", {"spiffe://d/a"}, {"a.test"}},
        Good{"BeyondAsciiInASubject", "Subject=\"CN=Zo\xc3\xab\";DNS=a.test", "", {}, {"a.test"}},
        Good{"LongestNames",
             "URI=" + std::string(2048, 'u') + ";DNS=" + std::string(255, 'd'),
             "",
             {std::string(2048, 'u')},
             {std::string(255, 'd')}},
        Good{"LongestHeader",
             "X=" + std::string(16 * 1024 - 16, 'x') + "," + "DNS=another.d",
             "",
             {},
             {"another.d"}},
        // Of several, the last; what stands before it says nothing.
        Good{"TwoElements",
             absl::StrCat("By=a;Hash=", kOtherHash, ";URI=spiffe://d/victim;DNS=victim.test,",
                          Hash(), ";URI=spiffe://d/a"),
             kSha256,
             {"spiffe://d/a"},
             {}},
        Good{"JoinedLines",
             absl::StrCat("URI=spiffe://d/victim, Hash=", kOtherHash, ", ", Hash(),
                          ";URI=spiffe://d/a"),
             kSha256,
             {"spiffe://d/a"},
             {}},
        Good{"LastElementSaysLess",
             absl::StrCat(Hash(), ";URI=spiffe://d/victim,By=spiffe://d/b"),
             "",
             {},
             {}},
        Good{"ClientSentOddThings",
             "=,;;,a,Hash=1;Hash=2,URI,\\,Cert=%,DNS=" + std::string(999, 'd') + ",DNS=a.test",
             "",
             {},
             {"a.test"}},
        Good{"ClientSentTheProxysWords",
             R"(URI="spiffe://d/victim",X=",By=p;DNS=victim.test,",DNS=a.test)",
             "",
             {},
             {"a.test"}}),
    [](const auto& test) { return test.param.name; });

struct Bad {
  const char* name;
  std::string header;
  const char* error;
};

class BadHeaderTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadHeaderTest, IsRefused) {
  const auto read = ParseForwardedCertificate(GetParam().header);
  EXPECT_THAT(read,
              IsError(AllOf(HasSubstr("x-forwarded-client-cert: "), HasSubstr(GetParam().error))));
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(read.status().message().size(), 200u);
  for (const unsigned char c : std::string(read.status().message())) {
    EXPECT_TRUE(absl::ascii_isprint(c) || c >= 0x80) << static_cast<int>(c);
  }
}

constexpr char kEmpty[] = "the last element is empty";
constexpr char kOpenQuote[] = "a quote is never closed";
constexpr char kStrayQuote[] = "a quote that is not around a whole value";
constexpr char kControl[] = "control character";
constexpr char kNoEquals[] = "there is no \"=\" in ";
constexpr char kNotHex[] = "64 hexadecimal digits";
constexpr char kNotPem[] = "not a certificate in PEM";

INSTANTIATE_TEST_SUITE_P(
    , BadHeaderTest,
    Values(Bad{"Nothing", "", kEmpty}, Bad{"Space", " ", kEmpty},
           Bad{"CommaAtTheEnd", Hash() + ",", kEmpty}, Bad{"Comma", ",", kEmpty},
           Bad{"TooLong", "DNS=a,X=" + std::string(16 * 1024 - 7, 'x'), "longer than 16384 bytes"},
           Bad{"NoEquals", "spiffe://d/a", kNoEquals},
           Bad{"KeyAlone", Hash() + ";URI;DNS=a.test", kNoEquals},
           Bad{"SemicolonAtTheEnd", Hash() + ";", kNoEquals},
           // Envoy does not quote By; what it would be cut into is no pair.
           Bad{"SemicolonInBy", "By=urn:a(b;c;1);" + Hash(), kNoEquals},
           Bad{"TwoHashes", Hash() + ";" + Hash(), "two of \"Hash\""},
           Bad{"TwoHashesOneEmpty", "Hash=;hash=" + std::string(kHash), "two of \"hash\""},
           Bad{"TwoCertificates", "Cert=\"\";Cert=\"\"", "two of \"Cert\""},
           Bad{"ShortHash", "Hash=e3b0c4", kNotHex}, Bad{"LongHash", Hash() + "00", kNotHex},
           Bad{"NotHex", "Hash=" + std::string(64, 'g'), kNotHex},
           Bad{"HashWithColons", "Hash=e3:b0:c4", kNotHex},
           Bad{"CertificateThatIsNone", "Cert=\"abc\"", kNotPem},
           Bad{"CertificateInBase64", "Cert=\"MIIB\"", kNotPem},
           Bad{"PercentAlone", "Cert=\"-----BEGIN%\"", "two hexadecimal digits do not follow"},
           Bad{"PercentAndOneDigit", "Cert=\"%2\"", "two hexadecimal digits do not follow"},
           Bad{"PercentAndNoDigits", "Cert=\"%zz\"", "two hexadecimal digits do not follow"},
           Bad{"LongUri", "URI=" + std::string(2049, 'u'), "longer than 2048 bytes"},
           Bad{"LongDns", "DNS=" + std::string(256, 'd'), "longer than 255 bytes"},
           Bad{"SpaceInAName", "URI=spiffe://d/a b", "characters that none has"},
           Bad{"BackslashInAName", R"(DNS=a\b)", "characters that none has"},
           Bad{"QuoteInAName", R"(URI="a\"b")", "characters that none has"},
           Bad{"BeyondAsciiInAName", "DNS=\xc3\xab.test", "characters that none has"},
           Bad{"NulInAName", std::string("URI=a\0b", 7), kControl},
           Bad{"NewLine", "URI=a\nDNS=b", kControl}, Bad{"Tab", "X=\tb", kControl},
           Bad{"Delete", "X=\x7f", kControl},
           Bad{"ControlInAnEarlierElement", "X=\x1b[2J,DNS=a.test", kControl},
           Bad{"OpenQuote", "URI=\"spiffe://d/a", kOpenQuote},
           Bad{"QuoteAlone", "URI=\"", kOpenQuote},
           Bad{"EscapedQuoteAtTheEnd", R"(Subject="CN=a\")", kOpenQuote},
           Bad{"BackslashAtTheEnd", R"(Subject="CN=a\)", kOpenQuote},
           Bad{"QuoteWithinAValue", "URI=a\"b\"", kStrayQuote},
           Bad{"QuoteInAKey", "\"URI\"=a", kStrayQuote},
           Bad{"QuoteBeforeTheEnd", "URI=\"a\"b", kStrayQuote},
           Bad{"SpaceBetweenEqualsAndQuote", "URI= \"a\"", kStrayQuote},
           Bad{"TwoQuotes", "URI=\"\"\"\"", kStrayQuote},
           Bad{"QuoteInAnEarlierElement", "a\"b\"c,DNS=a.test", kStrayQuote}),
    [](const auto& test) { return test.param.name; });

// A client writes what stands before the element of the proxy, and would like to be the victim.
class ForgedElementTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ForgedElementTest, NeverAddsToThatOfTheProxyNorHidesIt) {
  const std::string proxys[] = {
      Hash() + ";URI=spiffe://d/a",
      "By=spiffe://d/p;" + Hash() + ";Subject=\"\";URI=spiffe://d/a",
      Hash() + ";Subject=\"CN=a\";URI=spiffe://d/a",
      Hash() + R"(;Subject="CN=a\"b";URI=spiffe://d/a)",
      Hash() + R"(;Subject="CN=a\"";Chain="x";URI=spiffe://d/a)",
      // Subjects that the client has chosen with care.
      Hash() + R"(;Subject=";URI=spiffe://d/victim;X=";URI=spiffe://d/a)",
      Hash() + R"(;Subject=";URI=spiffe://d/victim;X=\"";URI=spiffe://d/a)",
      Hash() + R"(;Subject=",URI=spiffe://d/victim;X=\"\"";URI=spiffe://d/a)",
      Hash() + R"(;Subject=",URI=spiffe://d/victim;X=\\";Chain=";Y=";URI=spiffe://d/a)",
  };
  for (const std::string& proxy : proxys) {
    for (const char* separator : {",", ", "}) {
      const auto read = ParseForwardedCertificate(absl::StrCat(GetParam(), separator, proxy));
      if (!read.ok()) continue;  // Whoever sends it is not served.
      EXPECT_EQ(Base64UrlEncode(read->certificate_sha256), kSha256) << proxy;
      EXPECT_THAT(read->names.uris, ElementsAre("spiffe://d/a")) << proxy;
      EXPECT_THAT(read->names.dns, IsEmpty()) << proxy;
    }
  }
}

std::string Forged(absl::string_view end) {
  return absl::StrCat("By=x;Hash=", kOtherHash, ";URI=spiffe://d/victim", end);
}

INSTANTIATE_TEST_SUITE_P(, ForgedElementTest,
                         Values("By=x;URI=\"", Forged(""), Forged(","), Forged(";X=\""),
                                Forged(";X=\"a"), Forged(";X=\"\\"), Forged(";X=\"a\\"),
                                Forged(";X=\"\\\\"), Forged(";X=\\"), Forged(";X=\\\""),
                                Forged(";X=\"\""), Forged(";X=\"\"\""), Forged("\""), Forged(";\""),
                                Forged(",\""), Forged(",X=\""), Forged(";X"), Forged(";X="),
                                Forged(", X=\"")));

TEST(ForwardedCertificateTest, HashesTheCertificateThatNginxAndEnvoyEscape) {
  testing::TestCertificates files;
  files.Issue("client", {"URI:spiffe://d/a"});
  const std::string pem = files.Read("client.crt");
  const std::string sha256 = files.Sha256Of("client");
  std::string escaped;  // As nginx: all but unreserved characters (RFC 3986 section 2.3).
  for (const char c : pem) {
    const bool plain = absl::ascii_isalnum(c) || absl::StrContains("-._~", std::string(1, c));
    escaped += plain ? std::string(1, c) : absl::StrFormat("%%%02X", c);
  }
  const std::string less = absl::StrReplaceAll(
      pem, {{"\n", "%0A"}, {" ", "%20"}, {"+", "%2B"}, {"/", "%2F"}, {"=", "%3D"}});
  const std::string least = absl::StrReplaceAll(pem, {{"\n", "%0a"}});
  for (const std::string& text : {escaped, less, least}) {
    const auto read = ParseForwardedCertificate(absl::StrCat("Cert=\"", text, "\""));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->certificate_sha256, sha256);
    // Only what the proxy names; the certificate itself is not asked.
    EXPECT_THAT(read->names.uris, IsEmpty());
  }

  const std::string cert = absl::StrCat(";Cert=\"", escaped, "\"");
  const std::string hash = absl::BytesToHexString(sha256);
  const auto both = ParseForwardedCertificate(absl::StrCat("Hash=", hash, cert));
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->certificate_sha256, sha256);
  EXPECT_THAT(ParseForwardedCertificate(absl::StrCat(Hash(), cert)),
              IsError(HasSubstr("Hash is not that of Cert")));
  EXPECT_THAT(ParseForwardedCertificate(absl::StrCat("Hash=1", cert)), IsError(HasSubstr(kNotHex)));
  const std::string half =
      absl::StrReplaceAll(pem.substr(0, pem.size() / 2), {{"\n", "%0A"}, {" ", "%20"}});
  EXPECT_THAT(ParseForwardedCertificate(absl::StrCat("Cert=\"", half, "\"")),
              IsError(HasSubstr(kNotPem)));
}

}  // namespace
}  // namespace lanyard::internal
