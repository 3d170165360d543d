// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/spiffe_id.h"

#include <gtest/gtest.h>

#include <string>

namespace lanyard::internal {
namespace {

TEST(SpiffeIdTest, WellFormedOnes) {
  EXPECT_EQ(TrustDomainOf("spiffe://prod.example/ns/payments/sa/api"), "prod.example");
  EXPECT_EQ(TrustDomainOf("spiffe://prod.example"), "prod.example");
  EXPECT_EQ(TrustDomainOf("spiffe://1.2.3.4/a"), "1.2.3.4");
  EXPECT_EQ(TrustDomainOf("spiffe://a_b-c/A.b/..."), "a_b-c");
  const std::string longest(255, 'a');
  EXPECT_EQ(TrustDomainOf("spiffe://" + longest + "/x"), longest);
  EXPECT_TRUE(TrustDomainOf("spiffe://a/" + std::string(2048 - 11, 'x')).has_value());
}

TEST(SpiffeIdTest, OthersAreNone) {
  for (const std::string id : {
           "",
           "spiffe:",
           "spiffe://",
           "spiffe:///a",
           "prod.example/a",
           "https://prod.example/a",
           "SPIFFE://prod.example/a",
           "Spiffe://prod.example/a",
           " spiffe://prod.example/a",
           "spiffe://Prod.example/a",
           "spiffe://prod.example:443/a",
           "spiffe://user@prod.example/a",
           "spiffe://prod%2eexample/a",
           "spiffe://prod example/a",
           "spiffe://pröd/a",
           "spiffe://prod.example/",
           "spiffe://prod.example//a",
           "spiffe://prod.example/a/",
           "spiffe://prod.example/a//b",
           "spiffe://prod.example/.",
           "spiffe://prod.example/..",
           "spiffe://prod.example/a/./b",
           "spiffe://prod.example/a/../b",
           "spiffe://prod.example/a%2fb",
           "spiffe://prod.example/a b",
           "spiffe://prod.example/a?b",
           "spiffe://prod.example?b",
           "spiffe://prod.example/a#b",
           "spiffe://prod.example#b",
           "spiffe://prod.example/ä",
           "spiffe://prod.example/a\n",
           "spiffe:/prod.example/a",
           "spiffe://[::1]/a",
       }) {
    EXPECT_EQ(TrustDomainOf(id), std::nullopt) << id;
  }
  EXPECT_EQ(TrustDomainOf("spiffe://" + std::string(256, 'a') + "/x"), std::nullopt);
  EXPECT_EQ(TrustDomainOf("spiffe://a/" + std::string(2048 - 10, 'x')), std::nullopt);
  EXPECT_EQ(TrustDomainOf(std::string("spiffe://prod.example/a\0b", 25)), std::nullopt);
  EXPECT_EQ(TrustDomainOf(std::string("spiffe://prod\0/a", 16)), std::nullopt);
}

TEST(SpiffeIdTest, NamesOfTrustDomains) {
  EXPECT_TRUE(IsTrustDomain("prod.example"));
  for (const char* text : {"", "Prod", "prod/x", "spiffe://prod", "prod:443", "pr%6fd"}) {
    EXPECT_FALSE(IsTrustDomain(text)) << text;
  }
}

}  // namespace
}  // namespace lanyard::internal
