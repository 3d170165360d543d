// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/near_verdicts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

TokenKey KeyOf(absl::string_view token) { return {token, absl::Hash<absl::string_view>{}(token)}; }

// A verdict about a subject that is named like the token.
Verdict VerdictOf(absl::string_view token) {
  IdentityFacts facts;
  facts.issuer = std::make_shared<const IssuerRules>();
  facts.claims.subject = token;
  return Verdict{IdentityAccess::Make(facts)};
}

void Offer(NearVerdicts& near, const std::string& token, int times = 1) {
  for (int i = 0; i < times; ++i) near.Offer(KeyOf(token), VerdictOf(token));
}

bool Has(NearVerdicts& near, const std::string& token) {
  const std::optional<Verdict> found = near.Find(KeyOf(token));
  if (!found.has_value()) return false;
  EXPECT_EQ(IdentityAccess::StateOf(found->identity).subject(), token);
  return true;
}

TEST(NearVerdictsTest, FindsWhatWasOffered) {
  NearVerdicts near(1 << 20);
  EXPECT_FALSE(Has(near, "a"));
  Offer(near, "a");
  EXPECT_TRUE(Has(near, "a"));
  EXPECT_FALSE(Has(near, "b"));
  EXPECT_FALSE(Has(near, ""));
}

TEST(NearVerdictsTest, IdentitiesAreCopies) {
  NearVerdicts near(1 << 20);
  const Verdict verdict = VerdictOf("alice");
  near.Offer(KeyOf("a"), verdict);
  const auto found = near.Find(KeyOf("a"));
  ASSERT_TRUE(found.has_value());
  const IdentityState& original = IdentityAccess::StateOf(verdict.identity);
  const IdentityState& copy = IdentityAccess::StateOf(found->identity);
  EXPECT_NE(&copy, &original);
  EXPECT_EQ(copy.subject(), original.subject());
  EXPECT_EQ(copy.rules(), original.rules());
  // One lookup's is the other's: nothing is allocated for it.
  EXPECT_EQ(&IdentityAccess::StateOf(near.Find(KeyOf("a"))->identity), &copy);
}

// The text decides, not its hash.
TEST(NearVerdictsTest, EqualHashesAreToldApart) {
  NearVerdicts near(1 << 20);
  near.Offer({"a", 7}, VerdictOf("a"));
  EXPECT_FALSE(near.Find({"b", 7}).has_value());
  near.Offer({"b", 7}, VerdictOf("b"));
  EXPECT_EQ(IdentityAccess::StateOf(near.Find({"a", 7})->identity).subject(), "a");
  EXPECT_EQ(IdentityAccess::StateOf(near.Find({"b", 7})->identity).subject(), "b");
}

TEST(NearVerdictsTest, ReplacesTheVerdictOfAToken) {
  NearVerdicts near(1 << 20);
  Offer(near, "a");
  const size_t bytes = near.bytes();
  near.Offer(KeyOf("a"), VerdictOf("z"));
  EXPECT_EQ(IdentityAccess::StateOf(near.Find(KeyOf("a"))->identity).subject(), "z");
  EXPECT_EQ(near.bytes(), bytes);
}

TEST(NearVerdictsTest, StaysWithinItsBytes) {
  constexpr size_t kBytes = 32 * 1024;
  NearVerdicts near(kBytes);
  for (int i = 0; i < 5000; ++i) {
    Offer(near, absl::StrCat("token ", i, std::string(i % 700, 'x')), 2);
    ASSERT_LE(near.bytes(), kBytes);
  }
  EXPECT_GT(near.bytes(), kBytes / 2) << "it keeps what it has room for";
}

TEST(NearVerdictsTest, WithoutRoomKeepsNothing) {
  for (const size_t bytes : {0, 1000}) {
    NearVerdicts near(bytes);
    Offer(near, "a", 3);
    EXPECT_FALSE(Has(near, "a"));
    EXPECT_EQ(near.bytes(), 0u);
  }
}

// Tokens in turns, more than there are places for: those that are there stay. A token that is
// offered again and again finds a place, and not that of one that is in use.
TEST(NearVerdictsTest, OnlyWhatComesTwiceInARowTakesAPlace) {
  NearVerdicts near(1 << 20);
  const auto key = [](const std::string& token, uint64_t tag) {
    return TokenKey{token, tag << 28};  // One set.
  };
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
  const auto offer = [&](size_t i) { near.Offer(key(names[i], 2 * i), VerdictOf(names[i])); };
  const auto has = [&](size_t i) { return near.Find(key(names[i], 2 * i)).has_value(); };
  for (size_t i = 0; i < 4; ++i) offer(i);
  for (int round = 0; round < 10; ++round) {
    offer(4);
    offer(5);
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(has(i)) << i;
  EXPECT_FALSE(has(4));
  // Another's use comes between.
  offer(4);
  EXPECT_TRUE(has(0));
  offer(4);
  EXPECT_FALSE(has(4));
  offer(4);
  EXPECT_TRUE(has(4));
  EXPECT_TRUE(has(0)) << "it was used last";
}

TEST(NearVerdictsTest, ThreadsShareIt) {
  NearVerdicts near(16 * 1024);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&near, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string token = absl::StrCat("token ", (i * 7 + t) % 50);
        if (!Has(near, token)) Offer(near, token);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(near.bytes(), 16u * 1024);
}

}  // namespace
}  // namespace lanyard::internal
