// SPDX-License-Identifier: Apache-2.0
//
// What a remembered verdict is good for, and what ends it.
#include <sched.h>

#include <atomic>
#include <thread>

#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/token_cache.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::SwappableKeySource;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;

class VerifierCacheTest : public VerifierFixture {
 protected:
  VerifierCacheTest() { CountSignatures(); }

  void CountSignatures() {
    swappable_->set_before_insert_for_test([this] { ++signatures_; });
  }

  static std::shared_ptr<const KeySet> SetOf(const Key& key) {
    return std::make_shared<const KeySet>(KeySet({key}));
  }

  const std::shared_ptr<const KeySet> keys_ = issuer_.Keys()->Current();
  const std::shared_ptr<const KeySet> other_keys_ = SetOf(*Key::Generate(Algorithm::kEs256));
  const std::shared_ptr<SwappableKeySource> source_ = std::make_shared<SwappableKeySource>(keys_);
  const std::unique_ptr<Verifier> swappable_ = Make({{issuer_.Config(), source_}});
  std::atomic<int> signatures_{0};  // How many good signatures were checked.
};

TEST_F(VerifierCacheTest, SignatureIsCheckedOnce) {
  const std::string token = issuer_.Token().Sign();
  const auto first = swappable_->Verify(token);
  const auto second = swappable_->Verify(token);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(signatures_, 1);
  EXPECT_EQ(second->subject(), first->subject());
  EXPECT_EQ(second->token_id(), first->token_id());
  EXPECT_EQ(second->claims_json(), first->claims_json());
}

TEST_F(VerifierCacheTest, ConnectionIsAskedOncePerSignature) {
  const std::string token = issuer_.Token().Sign();
  ::lanyard::testing::CountingConnection connection;
  for (int i = 0; i < 3; ++i) EXPECT_THAT(swappable_->Verify(token, connection), IsOk());
  EXPECT_EQ(connection.begun(), 1);
  EXPECT_EQ(connection.good(), 1);
}

TEST_F(VerifierCacheTest, WithoutABudgetOnlyKnownTokensAreGood) {
  struct Broke final : TokenConnection {
    bool BeginSignatureCheck() override { return false; }
  } broke;
  const std::string token = issuer_.Token().Sign();
  EXPECT_THAT(swappable_->Verify(token, broke), FailsWith(AuthFailure::kTooManyBadTokens));
  EXPECT_THAT(swappable_->Verify(token), IsOk());
  EXPECT_THAT(swappable_->Verify(token, broke), IsOk());
  // What needs no signature to be refused says why.
  EXPECT_THAT(swappable_->Verify("a.b", broke), FailsWith(AuthFailure::kMalformedToken));
}

// A clock set back lengthens no life that was seen before; one set forward ends it.
TEST_F(VerifierCacheTest, ClockThatIsSetBackDoesNotReviveAToken) {
  const std::string token = issuer_.Token().ExpiresIn(absl::Seconds(300)).Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  clock_->Advance(absl::Seconds(329));
  EXPECT_THAT(swappable_->Verify(token), IsOk());
  clock_->Set(absl::FromUnixSeconds(kNow));
  EXPECT_THAT(swappable_->Verify(token), IsOk());
  clock_->Advance(absl::Seconds(1));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kExpired));
}

TEST_F(VerifierCacheTest, ClockThatJumpsAnHourBackOrTwoForward) {
  const std::string token = issuer_.Token().ExpiresIn(absl::Minutes(90)).Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  clock_->Set(absl::FromUnixSeconds(kNow) - absl::Hours(1));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kNotYetValid));
  clock_->Set(absl::FromUnixSeconds(kNow) + absl::Hours(2));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kExpired));
  clock_->Set(absl::FromUnixSeconds(kNow));
  EXPECT_THAT(swappable_->Verify(token), IsOk());
}

TEST_F(VerifierCacheTest, VerdictsAreByTheWholeToken) {
  const std::string first = issuer_.Token().Subject("svc:a").Sign();
  const std::string second = issuer_.Token().Subject("svc:b").Sign();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(swappable_->Verify(first)->subject(), "svc:a");
    EXPECT_EQ(swappable_->Verify(second)->subject(), "svc:b");
  }
  EXPECT_EQ(signatures_, 2);
  std::string spoilt = first;
  const size_t at = spoilt.rfind('.') + 1;
  spoilt[at] = spoilt[at] == 'A' ? 'B' : 'A';
  EXPECT_THAT(swappable_->Verify(spoilt), FailsWith(AuthFailure::kBadSignature));
  EXPECT_THAT(swappable_->Verify(first.substr(0, first.rfind('.'))),
              FailsWith(AuthFailure::kMalformedToken));
}

TEST_F(VerifierCacheTest, RefusalsAreNotRemembered) {
  const std::string token = issuer_.Token().Sign();
  source_->Set(other_keys_);
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
  source_->Set(keys_);
  EXPECT_THAT(swappable_->Verify(token), IsOk());
}

TEST_F(VerifierCacheTest, VerdictEndsWithItsKeySet) {
  const std::string token = issuer_.Token().Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  source_->Set(other_keys_);
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
  source_->Set(nullptr);
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kKeysUnavailable));
}

TEST_F(VerifierCacheTest, EqualSetIsAnotherSet) {
  const std::string token = issuer_.Token().Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  source_->Set(std::make_shared<const KeySet>(*keys_));
  EXPECT_THAT(swappable_->Verify(token), IsOk());
  EXPECT_EQ(signatures_, 2);
  EXPECT_THAT(swappable_->Verify(token), IsOk());
  EXPECT_EQ(signatures_, 2) << "the new verdict replaces the old one";
}

TEST_F(VerifierCacheTest, NewKeyUnderTheSameKidEndsTheVerdict) {
  const std::string token = issuer_.Token().Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  source_->Set(SetOf(*Key::Generate(Algorithm::kEs256)->WithId(issuer_.key().id())));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kBadSignature));
}

TEST_F(VerifierCacheTest, KeyThatLeavesDuringVerificationLetsNothingIn) {
  // The signature was good; before the verdict is stored, the key is withdrawn.
  const std::string token = issuer_.Token().Sign();
  swappable_->set_before_insert_for_test([this] { source_->Set(other_keys_); });
  (void)swappable_->Verify(token);
  CountSignatures();
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_EQ(signatures_, 0);
}

TEST_F(VerifierCacheTest, KeysThatGoAwayDuringVerificationLetNothingIn) {
  const std::string token = issuer_.Token().Sign();
  swappable_->set_before_insert_for_test([this] { source_->Set(nullptr); });
  (void)swappable_->Verify(token);
  CountSignatures();
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kKeysUnavailable));
  EXPECT_EQ(signatures_, 0);
}

TEST_F(VerifierCacheTest, SlowVerificationDoesNotOverwriteWhatKeysSayNow) {
  // Two verifications of one token, the older one with the old keys inserts last.
  const std::string token = issuer_.Token().Sign();
  const auto newer = std::make_shared<const KeySet>(*keys_);
  bool first = true;
  swappable_->set_before_insert_for_test([&] {
    if (!first) return;
    first = false;
    source_->Set(newer);
    EXPECT_THAT(swappable_->Verify(token), IsOk());  // Stores a verdict of the newer set.
  });
  (void)swappable_->Verify(token);  // Stores one of the older set.
  source_->Set(other_keys_);
  EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
}

TEST_F(VerifierCacheTest, OtherIssuersKeysEndNoVerdict) {
  const TestIssuer b(Algorithm::kEs256, "b", clock_);
  const auto b_source = std::make_shared<SwappableKeySource>(b.Keys()->Current());
  const auto both = Make({{issuer_.Config(), source_}, {b.Config(), b_source}});
  const std::string token = issuer_.Token().Sign();
  both->set_before_insert_for_test([this] { ++signatures_; });
  ASSERT_THAT(both->Verify(token), IsOk());
  b_source->Set(nullptr);
  EXPECT_THAT(both->Verify(token), IsOk());
  EXPECT_EQ(signatures_, 1);
}

TEST_F(VerifierCacheTest, VerifiersShareNothing) {
  // Another audience, the same token: the verdict of one verifier is not the other's.
  const std::string token = issuer_.Token().Sign();
  ASSERT_THAT(swappable_->Verify(token), IsOk());
  v1::Issuer config = issuer_.Config();
  config.set_audiences(0, "other");
  EXPECT_THAT(Make({{config, source_}})->Verify(token), FailsWith(AuthFailure::kWrongAudience));
}

TEST_F(VerifierCacheTest, WorksWithoutRoomForVerdicts) {
  VerifierOptions options;
  options.issuers = {{issuer_.Config(), source_}};
  options.clock = clock_;
  options.cache_bytes = 0;
  const auto verifier = *Verifier::Create(options);
  verifier->set_before_insert_for_test([this] { ++signatures_; });
  const std::string token = issuer_.Token().Sign();
  EXPECT_THAT(verifier->Verify(token), IsOk());
  EXPECT_THAT(verifier->Verify(token), IsOk());
  EXPECT_EQ(signatures_, 2);
}

TEST_F(VerifierCacheTest, IdentityOutlivesTheVerifier) {
  absl::StatusOr<Identity> caller = absl::UnknownError("");
  {
    const auto verifier = MakeFor(issuer_.Config());
    caller = verifier->Verify(issuer_.Token().Sign());
  }
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("test", "svc:test"));
  EXPECT_EQ(caller->claims().subject(), "svc:test");
}

TEST_F(VerifierCacheTest, ThreadsAgreeWhileKeysComeAndGo) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 8; ++i) {
    tokens.push_back(issuer_.Token().Subject(absl::StrCat("svc:", i)).Sign());
  }
  const std::string forged =
      issuer_.Token().Sign().substr(0, issuer_.Token().Sign().rfind('.')) + ".AAAA";
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 150; ++i) {
        const size_t which = (i + t) % tokens.size();
        const auto caller = swappable_->Verify(tokens[which]);
        if (caller.ok()) {
          EXPECT_EQ(caller->subject(), absl::StrCat("svc:", which));
          EXPECT_EQ(caller->claims().subject(), caller->subject());
        } else {
          EXPECT_THAT(caller, FailsWith(AuthFailure::kUnknownKey));
        }
        EXPECT_FALSE(swappable_->Verify(forged).ok());
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    source_->Set(i % 2 == 0 ? other_keys_ : keys_);
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& token : tokens) EXPECT_THAT(swappable_->Verify(token), IsOk());
}

TEST_F(VerifierCacheTest, WithdrawnKeyIsRefusedByEveryThreadAtOnce) {
  // Once the key has left, no verification that begins later succeeds, whatever was under way.
  const std::string token = issuer_.Token().Sign();
  for (int round = 0; round < 20; ++round) {
    source_->Set(std::make_shared<const KeySet>(*keys_));
    std::atomic<bool> gone{false};
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        ++ready;
        for (int i = 0; i < 20 || !gone; ++i) {
          const bool was_gone = gone;
          const auto caller = swappable_->Verify(token);
          if (was_gone) {
            EXPECT_THAT(caller, FailsWith(AuthFailure::kUnknownKey));
          }
        }
        EXPECT_THAT(swappable_->Verify(token), FailsWith(AuthFailure::kUnknownKey));
      });
    }
    while (ready < 3) std::this_thread::yield();
    source_->Set(other_keys_);
    gone = true;
    for (std::thread& thread : threads) thread.join();
  }
}

// ---- The cache by itself.

using internal::TokenCache;

// As a verifier that knows those rules would make it, with the keys of that source.
internal::Verdict VerdictOf(std::shared_ptr<const internal::IssuerRules> rules,
                            const KeySource* source = nullptr) {
  static const auto* some_keys = new StaticKeySource(KeySet());
  if (source == nullptr) source = some_keys;
  internal::IdentityFacts facts;
  facts.issuer = std::move(rules);
  facts.keys = source->Current();
  return internal::Verdict{internal::IdentityAccess::Make(facts), source};
}

internal::Verdict SomeVerdict() {
  static const auto* rules = new std::shared_ptr<const internal::IssuerRules>(
      std::make_shared<const internal::IssuerRules>());
  return VerdictOf(*rules);
}

class TestCache {
 public:
  TestCache(size_t max_bytes, size_t issuers) : cache_(max_bytes, issuers) {}
  std::optional<internal::Verdict> Find(absl::string_view token) {
    return cache_.Find(cache_.KeyOf(token));
  }
  void Insert(absl::string_view token, internal::Verdict verdict) {
    cache_.Insert(cache_.KeyOf(token), std::move(verdict));
  }
  TokenCache::Usage usage() const { return cache_.usage(); }

 private:
  TokenCache cache_;
};

TEST(TokenCacheTest, FindsWhatWasInserted) {
  TestCache cache(1 << 20, 1);
  EXPECT_FALSE(cache.Find("a").has_value());
  cache.Insert("a", SomeVerdict());
  EXPECT_TRUE(cache.Find("a").has_value());
  EXPECT_FALSE(cache.Find("b").has_value());
  EXPECT_FALSE(cache.Find("").has_value());
  EXPECT_FALSE(cache.Find("aa").has_value());
}

TEST(TokenCacheTest, ReplacesTheVerdictOfAToken) {
  TestCache cache(1 << 20, 1);
  const auto rules = std::make_shared<const internal::IssuerRules>();
  const auto first = std::make_shared<const KeySet>(), second = std::make_shared<const KeySet>();
  SwappableKeySource source(first);
  cache.Insert("a", VerdictOf(rules, &source));
  const size_t bytes = cache.usage().bytes;
  source.Set(second);
  EXPECT_FALSE(cache.Find("a").has_value()) << "its keys have left";
  cache.Insert("a", VerdictOf(rules, &source));
  EXPECT_EQ(cache.usage().bytes, bytes);
  EXPECT_EQ(internal::IdentityAccess::StateOf(cache.Find("a")->identity).keys(), second);
  EXPECT_EQ(first.use_count(), 1) << "the old verdict is gone";
}

TEST(TokenCacheTest, StaysWithinItsBytes) {
  constexpr size_t kBytes = 256 * 1024;
  TestCache cache(kBytes, 1);
  for (int i = 0; i < 5000; ++i) {
    cache.Insert(absl::StrCat("token ", i, std::string(i % 1000, 'x')), SomeVerdict());
    ASSERT_LE(cache.usage().bytes, kBytes);
  }
  EXPECT_GT(cache.usage().bytes, kBytes / 2) << "it keeps what it has room for";
}

TEST(TokenCacheTest, LeastRecentlyUsedGoesFirst) {
  TestCache cache(1 << 20, 1);
  cache.Insert("kept", SomeVerdict());
  for (int i = 0; i < 5000; ++i) {
    const std::string token = absl::StrCat("token ", i);
    cache.Insert(token, SomeVerdict());
    cache.Insert(token, SomeVerdict());
    ASSERT_TRUE(cache.Find("kept").has_value()) << i;
  }
  EXPECT_FALSE(cache.Find("token 0").has_value());
  EXPECT_TRUE(cache.Find("token 4999").has_value());
}

// What one CPU finds among its own copies is not taken for unused by all: another finds it as well.
TEST(TokenCacheTest, WhatOneCpuUsesIsThereForTheOthers) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before)) cpus.push_back(cpu);
  }
  if (cpus.size() < 2) GTEST_SKIP() << "SKIPPED: there is one CPU only";
  const auto run_on = [](int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  };
  TestCache cache(4 << 20, 1);
  run_on(cpus[0]);
  cache.Insert("kept", SomeVerdict());
  for (int i = 0; i < 50'000; ++i) {
    const std::string token = absl::StrCat("token ", i);
    cache.Insert(token, SomeVerdict());
    cache.Insert(token, SomeVerdict());
    ASSERT_TRUE(cache.Find("kept").has_value()) << i;
  }
  EXPECT_FALSE(cache.Find("token 0").has_value()) << "the room was short";
  run_on(cpus[1]);
  EXPECT_TRUE(cache.Find("kept").has_value());
  EXPECT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

// Security rule: tokens that are used once, minted for each call, push out nobody.
TEST(TokenCacheTest, TokensSeenOncePushOutNone) {
  TestCache cache(256 * 1024, 1);
  std::vector<std::string> kept;
  for (int i = 0; i < 50; ++i) {
    cache.Insert(kept.emplace_back(absl::StrCat("kept ", i)), SomeVerdict());
  }
  for (int i = 0; i < 100'000; ++i) cache.Insert(absl::StrCat("once ", i), SomeVerdict());
  for (const std::string& token : kept) EXPECT_TRUE(cache.Find(token).has_value()) << token;
  EXPECT_FALSE(cache.Find("once 99999").has_value());
  EXPECT_LE(cache.usage().bytes, 256u * 1024);
}

TEST(TokenCacheTest, SecondSightIsKeptWhereRoomIsShort) {
  TestCache cache(1 << 20, 1);
  for (int i = 0; i < 10'000; ++i) cache.Insert(absl::StrCat("old ", i), SomeVerdict());
  // A working set that fits takes the place of the old one, whatever comes between.
  int hits = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 50; ++i) {
      const std::string token = absl::StrCat("new ", i);
      cache.Find(token).has_value() ? void(++hits) : cache.Insert(token, SomeVerdict());
      cache.Insert(absl::StrCat("once ", round, " ", i), SomeVerdict());
    }
  }
  EXPECT_GE(hits, 60) << "of the 100 third and fourth sights";
}

// Security rule: one issuer floods, and the others' callers do not notice.
TEST(TokenCacheTest, OneIssuersFloodLeavesTheOthersVerdicts) {
  constexpr size_t kBytes = 1024 * 1024;
  for (const int sights : {1, 2}) {
    TestCache cache(kBytes, 3);
    using Rules = std::shared_ptr<const internal::IssuerRules>;
    const Rules flooding = std::make_shared<const internal::IssuerRules>(),
                calm = std::make_shared<const internal::IssuerRules>(),
                late = std::make_shared<const internal::IssuerRules>();
    int lookups = 0, hits = 0;
    const auto use = [&](const char* name, const Rules& rules, int count) {
      for (int i = 0; i < count; ++i) {
        const std::string token = absl::StrCat(name, i);
        ++lookups;
        cache.Find(token).has_value() ? void(++hits) : cache.Insert(token, VerdictOf(rules));
      }
    };
    use("calm ", calm, 100);
    lookups = hits = 0;
    for (int i = 0; i < 200'000; ++i) {
      const std::string token = absl::StrCat("flood ", i);
      for (int s = 0; s < sights; ++s) cache.Insert(token, VerdictOf(flooding));
      if (i % 5'000 == 0) use("calm ", calm, 100);
    }
    EXPECT_GT(hits, lookups * 9 / 10) << sights << " sights";
    EXPECT_LE(cache.usage().bytes, kBytes * 7 / 10) << "the flood has half";

    // Whoever comes after the flood finds room as well.
    use("late ", late, 100);
    lookups = hits = 0;
    use("late ", late, 100);
    EXPECT_GT(hits, lookups * 9 / 10) << sights << " sights";
  }
}

TEST(TokenCacheTest, TakesNothingThatIsTooLarge) {
  TestCache cache(64 * 1024, 1);
  cache.Insert("small", SomeVerdict());
  cache.Insert(std::string(10000, 'x'), SomeVerdict());
  EXPECT_FALSE(cache.Find(std::string(10000, 'x')).has_value());
  EXPECT_TRUE(cache.Find("small").has_value());
}

TEST(TokenCacheTest, ThreadsShareIt) {
  TestCache cache(64 * 1024, 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string token = absl::StrCat("token ", (i * 7 + t) % 50);
        if (!cache.Find(token).has_value()) cache.Insert(token, SomeVerdict());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.usage().bytes, 64u * 1024);
}

}  // namespace
}  // namespace lanyard
