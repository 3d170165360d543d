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
#include "absl/time/time.h"
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

// Everything that an identity knows.
TEST(NearVerdictsTest, IdentitiesAreCopies) {
  NearVerdicts near(1 << 20);
  const auto key = *Key::Generate(Algorithm::kEs256);
  IdentityFacts facts;
  facts.issuer = std::make_shared<const IssuerRules>();
  facts.keys = std::make_shared<const KeySet>(KeySet({key}));
  facts.key = &facts.keys->keys()[0];
  facts.header_names_key = true;
  facts.claims_json = R"({"sub":"alice"})";
  facts.token_type = "at+jwt";
  facts.claims.subject = "alice";
  facts.claims.client_id = "web";
  facts.claims.token_id = "1";
  facts.claims.has_actor = true;
  facts.claims.actor_subject = "svc:a";
  facts.claims.actor_issuer = "https://actor.test";
  facts.claims.session_id = "s";
  facts.claims.authentication_class = "acr";
  facts.claims.has_confirmation = true;
  facts.claims.confirmation_is_checkable = true;
  facts.claims.certificate_sha256 = "thumb";
  facts.claims.audiences = ClaimStrings{"orders", "bills"};
  facts.claims.scopes = {"read", "write"};
  facts.roles = {"admin"};
  facts.claims.expires_at = absl::FromUnixSeconds(1);
  facts.claims.not_before = absl::FromUnixSeconds(2);
  facts.claims.issued_at = absl::FromUnixSeconds(3);
  facts.claims.authenticated_at = absl::FromUnixSeconds(4);
  facts.ends_since_boot = absl::Seconds(5);
  const Verdict verdict{IdentityAccess::Make(facts)};
  near.Offer(KeyOf("a"), verdict);
  const auto found = near.Find(KeyOf("a"));
  ASSERT_TRUE(found.has_value());
  const IdentityState& original = IdentityAccess::StateOf(verdict.identity);
  const IdentityState& copy = IdentityAccess::StateOf(found->identity);
  EXPECT_NE(&copy, &original);
  EXPECT_NE(copy.subject().data(), original.subject().data());
  const auto all = [](const IdentityState& state) {
    std::vector<std::string> texts;
    for (const absl::string_view text :
         {state.subject(), state.client_id(), state.token_id(), state.key_id(),
          state.actor_subject(), state.actor_issuer(), state.claims_json(), state.session_id(),
          state.authentication_class(), state.token_type(), state.certificate_sha256()}) {
      texts.emplace_back(text);
    }
    for (const auto& list : {state.audiences(), state.scopes(), state.roles()}) {
      texts.push_back(absl::StrCat(list.size()));
      for (const absl::string_view text : list) texts.emplace_back(text);
    }
    for (const auto& time :
         {state.expires_at(), state.not_before(), state.issued_at(), state.authenticated_at()}) {
      texts.push_back(absl::FormatTime(*time));
    }
    texts.push_back(absl::FormatDuration(state.ends_since_boot()));
    texts.push_back(absl::StrCat(state.authenticated(), state.has_subject(), state.has_actor(),
                                 state.has_confirmation(), state.confirmation_is_checkable()));
    return texts;
  };
  EXPECT_EQ(all(copy), all(original));
  EXPECT_EQ(copy.rules(), original.rules());
  EXPECT_EQ(copy.keys(), original.keys());
  EXPECT_EQ(copy.key(), original.key());
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
  for (int i = 0; i < 1000; ++i) {
    Offer(near, absl::StrCat("token ", i, std::string(i % 700, 'x')), NearVerdicts::kTurn);
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

// What fills the room gives way to what is used now, generation after generation.
TEST(NearVerdictsTest, TokensThatAreUsedNoMoreGiveWay) {
  NearVerdicts near(32 * 1024);
  int hits = 0;
  for (int generation = 0; generation < 5; ++generation) {
    const std::string filler(generation * 100, 'x');
    hits = 0;
    for (int round = 0; round < 1000; ++round) {
      for (int i = 0; i < 20; ++i) {
        const std::string token = absl::StrCat("token ", generation, ".", i, filler);
        Has(near, token) ? void(++hits) : Offer(near, token);
      }
    }
    EXPECT_GT(hits, 20 * 1000 / 2) << "generation " << generation;
    EXPECT_LE(near.bytes(), 32u * 1024);
  }
}

// Tokens that are too many are seldom copied, since each copy costs more than it saves.
TEST(NearVerdictsTest, WithoutAFreePlaceOneOfferInManyTakesOne) {
  NearVerdicts near(1 << 20);
  const auto key = [](const std::string& token, uint64_t tag) {
    return TokenKey{token, tag << 29};  // One set.
  };
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) names.push_back(absl::StrCat("token ", i));
  const auto offer = [&](size_t i) { near.Offer(key(names[i], i), VerdictOf(names[i])); };
  const auto has = [&](size_t i) { return near.Find(key(names[i], i)).has_value(); };
  for (size_t i = 0; i < 4; ++i) offer(i);
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(has(i)) << i;
  EXPECT_TRUE(has(0));
  for (uint32_t i = 1; i < NearVerdicts::kTurn; ++i) offer(4);
  EXPECT_FALSE(has(4));
  offer(4);
  EXPECT_TRUE(has(4));
  // The next place is that of one that was not used since.
  for (size_t i = 0; i < 5; ++i) has(i);
  int there = 0;
  for (size_t i = 0; i < 5; ++i) there += has(i);
  EXPECT_EQ(there, 4);
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
