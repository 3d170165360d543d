// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/admissions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

using std::chrono::minutes;

constexpr size_t kRoom = 1 << 20;
const Admissions::TimePoint kNow{};

// As a verifier that knows a config of that number would make it.
Identity CallerOfConfig(uint64_t fingerprint) {
  auto rules = std::make_shared<IssuerRules>();
  rules->fingerprint = fingerprint;
  const std::string subject = absl::StrCat("config ", fingerprint);
  IdentityFacts facts;
  facts.issuer = std::move(rules);
  facts.claims.subject = subject;
  return IdentityAccess::Make(facts);
}

using Headers = std::vector<std::pair<std::string, std::string>>;

Admissions::Key KeyOf(const std::string& path, const std::string& certificate,
                      const Headers& headers) {
  Admissions::KeyMaker key(path, certificate);
  for (const auto& [name, value] : headers) key.Add({{name, value}}, name);
  return key.Finish();
}

Admissions::Key Key(const std::string& token) { return KeyOf("/p.S/M", "", {{"token", token}}); }

const Admissions::Key kNoToken = KeyOf("/p.S/M", "", {});

TEST(AdmissionsTest, EachIsTakenOnce) {
  Admissions admissions(kRoom);
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(1)}, kNow));
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(1)}, kNow));
  EXPECT_FALSE(admissions.Take(Key("b")).has_value());
  EXPECT_TRUE(admissions.Take(Key("a")).has_value());
  EXPECT_TRUE(admissions.Take(Key("a")).has_value());
  EXPECT_FALSE(admissions.Take(Key("a")).has_value());
  EXPECT_EQ(admissions.bytes(), 0u);
}

TEST(AdmissionsTest, TokenPathAndCertificateAllCount) {
  const Admissions::Key key = KeyOf("/p.S/M", "certificate", {{"token", "abc"}});
  EXPECT_EQ(key, KeyOf("/p.S/M", "certificate", {{"token", "abc"}}));
  EXPECT_NE(key, KeyOf("/p.S/M", "", {{"token", "abc"}}));
  EXPECT_NE(key, KeyOf("/p.S/N", "certificate", {{"token", "abc"}}));
  EXPECT_NE(key, KeyOf("/p.S/M", "certificate", {{"token", "abd"}}));
  EXPECT_NE(key, KeyOf("/p.S/M", "certificate", {{"other", "abc"}}));
  EXPECT_NE(key, KeyOf("/p.S/M", "certificate", {}));
}

TEST(AdmissionsTest, WhatReadsTheSameInARowIsNotTheSame) {
  EXPECT_NE(KeyOf("a", "b", {}), KeyOf("ab", "", {}));
  EXPECT_NE(KeyOf("a", "b", {}), KeyOf("", "ab", {}));
  EXPECT_NE(KeyOf("a", "b", {{"c", "d"}}), KeyOf("a", "bc", {{"", "d"}}));
  EXPECT_NE(KeyOf("a", "b", {{"c", "d"}}), KeyOf("a", "b", {{"cd", ""}}));
  EXPECT_NE(KeyOf("a", "b", {{"c", "dcd"}}), KeyOf("a", "b", {{"c", "d"}, {"c", "d"}}));
}

// With a weaker hash two callers could be made to have one key.
TEST(AdmissionsTest, KeysAreSha256) {
  const auto piece = [](const std::string& text) {
    const uint64_t size = text.size();
    return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + text;
  };
  const Admissions::Key key = KeyOf("/p.S/M", "", {{"token", "abc"}});
  EXPECT_EQ(std::string(key.begin(), key.end()),
            Sha256(piece("/p.S/M") + piece("") + piece("token") + piece("abc")));
}

// A call that was cancelled leaves its admission; nobody who comes later gets what it had.
TEST(AdmissionsTest, OfAnotherConfigTheNewestIsTaken) {
  Admissions admissions(kRoom);
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(1)}, kNow));
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(2)}, kNow + minutes(1)));
  EXPECT_EQ(admissions.Take(Key("a"))->identity.subject(), "config 2");
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(2)}, kNow + minutes(2)));
  EXPECT_EQ(admissions.Take(Key("a"))->identity.subject(), "config 2");
  EXPECT_EQ(admissions.Take(Key("a"))->identity.subject(), "config 1");
}

TEST(AdmissionsTest, WhatDiffersStaysApart) {
  Admissions admissions(kRoom);
  Admissions::Admission admission{CallerOfConfig(1)};
  EXPECT_TRUE(admissions.File(Key("a"), admission, kNow));
  admission.peer_is_verified = true;
  EXPECT_TRUE(admissions.File(Key("a"), admission, kNow + minutes(1)));
  admission.is_forwarded = true;
  EXPECT_TRUE(admissions.File(Key("a"), admission, kNow + minutes(2)));
  admission.would_deny = true;
  EXPECT_TRUE(admissions.File(Key("a"), admission, kNow + minutes(3)));
  EXPECT_TRUE(admissions.Take(Key("a"))->would_deny);
  EXPECT_TRUE(admissions.Take(Key("a"))->is_forwarded);
  EXPECT_TRUE(admissions.Take(Key("a"))->peer_is_verified);
  EXPECT_FALSE(admissions.Take(Key("a"))->peer_is_verified);
}

// How long a client holds its message back is up to the client.
TEST(AdmissionsTest, StayWhileThereIsRoom) {
  Admissions admissions(kRoom);
  EXPECT_TRUE(admissions.File(Key("a"), {CallerOfConfig(1)}, kNow));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(
        admissions.File(Key(absl::StrCat(i)), {CallerOfConfig(1)}, kNow + minutes(60 * 24 * i)));
  }
  EXPECT_TRUE(admissions.Take(Key("a")).has_value());
}

TEST(AdmissionsTest, WhereRoomIsNeededThoseGoWhoseKeyHasBeenStillForTenMinutes) {
  constexpr size_t kSmall = 64 * 1024;
  Admissions admissions(kSmall);
  int filed = 0;
  while (admissions.File(Key(absl::StrCat("old ", filed)), {CallerOfConfig(1)}, kNow)) ++filed;
  EXPECT_FALSE(admissions.File(Key("new"), {CallerOfConfig(1)}, kNow + minutes(9)));
  // One shard is looked through at a time: sooner or later there is room in each.
  int refused = 0;
  for (int i = 0; i < 4 * filed; ++i) {
    refused += !admissions.File(Key(absl::StrCat("new ", i)), {CallerOfConfig(1)},
                                kNow + minutes(11 * (i + 1)));
  }
  EXPECT_LT(refused, filed);
  EXPECT_LE(admissions.bytes(), kSmall);
}

// A token that verified and does so no more: its calls meet under one key, the newest first.
TEST(AdmissionsTest, AnAnonymousCallDoesNotTakeWhatItsTokenLeftBehind) {
  Admissions admissions(kRoom);
  EXPECT_TRUE(admissions.File(Key("t"), {CallerOfConfig(1)}, kNow));
  Admissions::Key key = Key("t");
  EXPECT_TRUE(admissions.FileAnonymous(&key, kNoToken, {}, kNow + minutes(1)));
  EXPECT_EQ(key, Key("t"));
  EXPECT_FALSE(admissions.Take(Key("t"))->identity.authenticated());
  EXPECT_TRUE(admissions.Take(Key("t"))->identity.authenticated());
  // Where nothing waits, strangers' tokens take no room.
  key = Key("garbage");
  EXPECT_TRUE(admissions.FileAnonymous(&key, kNoToken, {}, kNow));
  EXPECT_EQ(key, kNoToken);
  EXPECT_FALSE(admissions.Take(Key("garbage")).has_value());
  EXPECT_TRUE(admissions.Take(kNoToken).has_value());
}

TEST(AdmissionsTest, AtTheBoundNothingMoreIsFiledAndNothingForgotten) {
  Admissions admissions(4096);
  int filed = 0;
  while (admissions.File(Key(absl::StrCat(filed)), {CallerOfConfig(1)}, kNow)) ++filed;
  EXPECT_GT(filed, 1);
  EXPECT_TRUE(admissions.File(Key("0"), {CallerOfConfig(1)}, kNow)) << "an equal one has room";
  for (int i = 0; i < filed; ++i) {
    EXPECT_TRUE(admissions.Take(Key(absl::StrCat(i))).has_value()) << i;
  }
}

TEST(AdmissionsTest, ManyThreadsTakeWhatTheyFiled) {
  Admissions admissions(kRoom);
  std::atomic<int> missed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const Admissions::Key key = Key(absl::StrCat(i % 7));
        admissions.File(key, {CallerOfConfig(t % 2)}, kNow);
        if (!admissions.Take(key).has_value()) ++missed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(admissions.bytes(), 0u);
}

}  // namespace
}  // namespace lanyard::internal
