// SPDX-License-Identifier: Apache-2.0
//
// Names in the client's certificate, with a token and without one.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/caller_condition.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_caller.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsOk;
using ::lanyard::testing::MadeCaller;
using ::lanyard::testing::PeerConnection;

constexpr char kNoToken[] = "it needs a token";

// Why the caller does not match; empty if it does.
std::string Why(const std::string& text, const Identity& caller, const PeerNames& peers) {
  v1::Allow allow;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &allow)) << text;
  EXPECT_THAT(ValidateAllow(allow), IsOk()) << text;
  PeerConnection connection(peers);
  std::string why;
  const CallerCondition condition(allow, {});
  const bool matches = condition.Matches(caller, connection, absl::UnixEpoch(), &why);
  EXPECT_EQ(matches, why.empty()) << why;
  return why;
}

Identity Caller() { return MadeCaller("a", R"({"iss":"https://a.test","sub":"svc:a"})"); }

struct PeerRow {
  const char* name;
  const char* pattern;
  PeerNames names;
  bool matches;
};

class PeersTest : public ::testing::TestWithParam<PeerRow> {};

// The same with a token, and with none where none is needed.
TEST_P(PeersTest, MatchesOrSaysWhyNot) {
  const std::string peers = absl::StrCat("peers: \"", GetParam().pattern, "\"");
  const char* why =
      GetParam().matches ? "" : "the client's certificate has none of the names in peers";
  EXPECT_EQ(Why("subjects: \"svc:a\" " + peers, Caller(), GetParam().names), why);
  EXPECT_EQ(Why("subjects: \"svc:a\" " + peers, Identity(), GetParam().names), kNoToken);
  EXPECT_EQ(Why("without_token: true " + peers, Identity(), GetParam().names), why);
  EXPECT_EQ(Why("without_token: true " + peers, Caller(), GetParam().names), why);
}

constexpr char kWeb[] = "spiffe://prod/ns/web";

INSTANTIATE_TEST_SUITE_P(
    , PeersTest,
    ::testing::Values(
        PeerRow{"Uri", kWeb, {{kWeb}, {}}, true},
        PeerRow{"SecondUri", kWeb, {{"spiffe://x/y", kWeb}, {}}, true},
        PeerRow{"UriLonger", kWeb, {{"spiffe://prod/ns/web2"}, {}}, false},
        PeerRow{"UriBelow", kWeb, {{"spiffe://prod/ns/web/x"}, {}}, false},
        PeerRow{"UriOtherCase", kWeb, {{"spiffe://prod/ns/Web"}, {}}, false},
        PeerRow{"UriPrefix", "spiffe://prod/ns/*", {{kWeb}, {}}, true},
        PeerRow{"UriPrefixDeep", "spiffe://prod/*", {{kWeb}, {}}, true},
        PeerRow{"UriPrefixAlone", "spiffe://prod/ns/*", {{"spiffe://prod/ns/"}, {}}, false},
        PeerRow{"UriPrefixStem", "spiffe://prod/ns/*", {{"spiffe://prod/ns"}, {}}, false},
        PeerRow{"UriPrefixNeighbour", "spiffe://prod/*", {{"spiffe://production/web"}, {}}, false},
        PeerRow{"UriPrefixOtherDomain", "spiffe://prod/*", {{"spiffe://prod.evil/web"}, {}}, false},
        PeerRow{"Dns", "web.test", {{}, {"web.test"}}, true},
        PeerRow{"SecondDns", "web.test", {{}, {"a.test", "web.test"}}, true},
        PeerRow{"DnsOtherCase", "web.test", {{}, {"WEB.test"}}, false},
        PeerRow{"DnsBelow", "web.test", {{}, {"x.web.test"}}, false},
        PeerRow{"DnsWithDot", "web.test", {{}, {"web.test."}}, false},
        PeerRow{"DnsWildcardInTheCertificate", "web.test", {{}, {"*.test"}}, false},
        PeerRow{"DnsNameThatLooksLikeTheUri", kWeb, {{}, {kWeb}}, false},
        PeerRow{"DnsNameThatLooksLikeBelowThePrefix", "spiffe://prod/*", {{}, {kWeb}}, false},
        PeerRow{"UriThatLooksLikeTheDnsName", "web.test", {{"web.test"}, {}}, false},
        PeerRow{"NotVerified", kWeb, {}, false}, PeerRow{"EmptyNames", kWeb, {{""}, {""}}, false}),
    [](const auto& info) { return info.param.name; });

TEST(CallerConditionPeersTest, OneOfSeveralPeersIsEnough) {
  const std::string allow = "without_token: true peers: \"web.test\" peers: \"spiffe://prod/*\"";
  EXPECT_EQ(Why(allow, Identity(), {{kWeb}, {}}), "");
  EXPECT_EQ(Why(allow, Identity(), {{}, {"web.test"}}), "");
  EXPECT_NE(Why(allow, Identity(), {{"spiffe://dev/web"}, {"prod"}}), "");
}

// URIs without "//" are URIs as well (RFC 3986 section 1.1.2).
TEST(CallerConditionPeersTest, PeerMayBeAUrn) {
  const std::string allow = "without_token: true peers: \"urn:shop:web\"";
  EXPECT_EQ(Why(allow, Identity(), {{"urn:shop:web"}, {}}), "");
  EXPECT_NE(Why(allow, Identity(), {{}, {"urn:shop:web"}}), "");
}

}  // namespace
}  // namespace lanyard::internal
