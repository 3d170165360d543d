// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "tests/issuer/issuer_fixture.h"

// Sign-ins by those who know the password, and by those who guess.
namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = IssuerStore::Kind;

constexpr char kWrong[] = "wrong horse battery";

class SignInTest : public IssuerTest {
 protected:
  absl::StatusOr<v1::TokenResponse> TryFrom(const std::string& network, const std::string& password,
                                            const std::string& user = "ada") {
    return issuer_->SignIn(SignInOf(user, password), PeerFrom(network));
  }
  bool SignsInFrom(const std::string& network) { return TryFrom(network, kPassword).ok(); }

  // Whether a guess was looked at, and not only refused.
  bool IsLookedAt(const std::string& network, const std::string& user = "ada") {
    const uint64_t before = issuer_->password_work();
    EXPECT_THAT(TryFrom(network, kWrong, user), IsError(StartsWith("invalid_grant: ")));
    return issuer_->password_work() > before;
  }
  // What a sign-in costs that is refused.
  uint64_t CostOf(const std::string& user, const std::string& password) {
    const uint64_t before = issuer_->password_work();
    EXPECT_THAT(TryFrom("192.0.2.77", password, user), IsError(StartsWith("invalid_grant: ")));
    return issuer_->password_work() - before;
  }
  static std::string HashWith(int log2_n, const std::string& password) {
    internal::PasswordHashesOptions options;
    options.cost.log2_n = log2_n;
    return *(*internal::PasswordHashes::Create(options))->Hash(*internal::PasswordText(password));
  }
  // Users of all kinds, each with a reason not to get in with kWrong.
  void AddUsersOfAllKinds() {
    AddUser("known");
    AddUser("disabled");
    ChangeUser("disabled", [](v1::User* user) { user->set_disabled(true); });
    AddUser("without");
    ChangeUser("without", [](v1::User* user) { user->clear_password_hash(); });
    AddUser("old");
    ChangeUser("old",
               [](v1::User* user) { user->set_password_hash(HashWith(kCheap - 2, kPassword)); });
    AddUser("broken");
    ChangeUser("broken", [](v1::User* user) { user->set_password_hash("$scrypt$"); });
    clock_->Advance(absl::Seconds(1));
  }
};

TEST_F(SignInTest, IsOffUnlessConfigured) {
  config_.clear_sign_in();
  Start();
  EXPECT_EQ(TryFrom("a", kPassword).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(TryFrom("a", kPassword, "nobody").status().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(SignInTest, RefusesAllInTheSameWords) {
  AddUsersOfAllKinds();
  std::set<std::string> answers;
  for (const auto& [user, password] :
       std::vector<std::pair<std::string, std::string>>{{"known", kWrong},
                                                        {"known", ""},
                                                        {"known", std::string("a\0b", 3)},
                                                        {"known", std::string(129, 'a')},
                                                        {"known", std::string(1 << 20, 'a')},
                                                        {"known", "\xff\xfe"},
                                                        {"known", std::string(kPassword) + " "},
                                                        {"known", "Correct horse battery"},
                                                        {"disabled", kPassword},
                                                        {"disabled", kWrong},
                                                        {"without", kPassword},
                                                        {"without", ""},
                                                        {"old", kWrong},
                                                        {"broken", kPassword},
                                                        {"nobody", kPassword},
                                                        {"svc:checkout", kPassword},
                                                        {"", kPassword},
                                                        {"ADA", kPassword},
                                                        {"ada ", kPassword},
                                                        {std::string(1 << 20, 'a'), kPassword}}) {
    answers.insert(TryFrom("192.0.2.9", password, user).status().ToString());
  }
  for (int i = 0; i < 10; ++i) {
    answers.insert(TryFrom("192.0.2.8", kWrong).status().ToString());  // Early ones among them.
  }
  answers.insert(TryFrom("192.0.2.8", kPassword).status().ToString());
  EXPECT_THAT(answers, ::testing::ElementsAre(HasSubstr("invalid_grant: the sign-in is refused")));
}

TEST_F(SignInTest, CostsTheSameWhoeverIsAskedFor) {
  AddUsersOfAllKinds();
  const uint64_t one = CostOf("known", kWrong);
  EXPECT_GT(one, 0u);
  for (const char* user :
       {"nobody", "disabled", "without", "old", "broken", "svc:checkout", "", "ADA"}) {
    EXPECT_EQ(CostOf(user, kWrong), one) << user;
  }
  for (const char* user : {"nobody", "disabled", "without", "broken"}) {
    EXPECT_EQ(CostOf(user, kPassword), one) << user;
  }
}

TEST_F(SignInTest, CostsNothingWhereNobodyCanHaveSuchAPassword) {
  EXPECT_EQ(CostOf("ada", std::string(129, 'a')), 0u);
  EXPECT_EQ(CostOf("nobody", "\xff"), 0u);
}

TEST_F(SignInTest, CostsNothingWhenItIsTooEarly) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_FALSE(IsLookedAt("a"));
  EXPECT_FALSE(SignsInFrom("a"));
}

TEST_F(SignInTest, ReplacesAHashOfOldParameters) {
  ChangeUser("ada",
             [](v1::User* user) { user->set_password_hash(HashWith(kCheap - 2, kPassword)); });
  clock_->Advance(absl::Seconds(1));
  EXPECT_THAT(accounts_->FindUser("ada")->password_hash(), HasSubstr("ln=2,"));
  const v1::TokenResponse first = SignIn();
  EXPECT_THAT(accounts_->FindUser("ada")->password_hash(), HasSubstr("ln=4,"));
  // It is no change of the password.
  EXPECT_THAT(Refresh(first.refresh_token()), IsOk());
  EXPECT_TRUE(SignsInFrom("a"));
}

TEST_F(SignInTest, AWrongPasswordReplacesNothing) {
  ChangeUser("ada",
             [](v1::User* user) { user->set_password_hash(HashWith(kCheap - 2, kPassword)); });
  clock_->Advance(absl::Seconds(1));
  EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_THAT(accounts_->FindUser("ada")->password_hash(), HasSubstr("ln=2,"));
}

TEST_F(SignInTest, TheNewHashOfTheOldPasswordDoesNotReplaceANewPassword) {
  ChangeUser("ada",
             [](v1::User* user) { user->set_password_hash(HashWith(kCheap - 2, kPassword)); });
  clock_->Advance(absl::Seconds(1));
  const std::string changed = CheapHash("another horse battery");
  wrapped_->AfterTheNextGet(Kind::kUser, [&] {
    ChangeUser("ada", [&](v1::User* user) { user->set_password_hash(changed); });
  });
  (void)TryFrom("a", kPassword);
  EXPECT_EQ(accounts_->FindUser("ada")->password_hash(), changed);
}

TEST_F(SignInTest, TakesAPasswordAsEitherKeyboardTypesIt) {
  ChangeUser("ada", [](v1::User* user) {
    user->set_password_hash(CheapHash("caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9"));
  });
  clock_->Advance(absl::Seconds(1));
  EXPECT_THAT(TryFrom("a", "caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9"), IsOk());
  EXPECT_THAT(TryFrom("a", "cafe\xcc\x81 cafe\xcc\x81 cafe\xcc\x81"), IsOk());
  EXPECT_THAT(TryFrom("a", "cafe cafe cafe"), IsError(StartsWith("invalid_grant: ")));
}

TEST_F(SignInTest, ADisabledUserIsRefusedAndLetInAgainWhenEnabled) {
  ChangeUser("ada", [](v1::User* user) { user->set_disabled(true); });
  clock_->Advance(absl::Seconds(1));
  EXPECT_FALSE(SignsInFrom("a"));
  ChangeUser("ada", [](v1::User* user) { user->set_disabled(false); });
  EXPECT_TRUE(SignsInFrom("a"));
}

TEST_F(SignInTest, OnlyAClientThatSignsUsersInSeesThePassword) {
  const uint64_t before = issuer_->password_work();
  for (const auto& [client, code] : std::vector<std::pair<std::string, std::string>>{
           {"nobody", "invalid_client"}, {"checkout", "invalid_client"}, {"", "invalid_client"}}) {
    v1::SignInRequest request = SignInOf("ada");
    request.mutable_client()->set_client_id(client);
    EXPECT_THAT(issuer_->SignIn(request, IssuerPeer()), IsError(StartsWith(code)));
  }
  v1::SignInRequest request = SignInOf("ada");
  request.mutable_client()->set_client_id("checkout");
  EXPECT_THAT(issuer_->SignIn(request, PeerWith("spiffe://prod/checkout")),
              IsError(StartsWith("unauthorized_client: ")));
  EXPECT_EQ(issuer_->password_work(), before);
}

TEST_F(SignInTest, ANetworkHasFiveAttemptsAndThenWaitsLongerEachTime) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a")) << i;
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    clock_->Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    EXPECT_FALSE(IsLookedAt("a")) << seconds;
    clock_->Advance(absl::Milliseconds(1));
    EXPECT_TRUE(IsLookedAt("a")) << seconds;
  }
}

TEST_F(SignInTest, AnotherNetworkAndAnotherAccountDoNotWait) {
  AddUser("bob");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_FALSE(IsLookedAt("a"));
  EXPECT_TRUE(IsLookedAt("a", "bob"));
  EXPECT_TRUE(SignsInFrom("b"));
}

TEST_F(SignInTest, CountsAccountsThatDoNotExistLikeOthers) {
  for (const char* user : {"nobody", "svc:checkout"}) {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a", user));
    EXPECT_FALSE(IsLookedAt("a", user));
  }
}

TEST_F(SignInTest, ASuccessForgetsTheFailures) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_TRUE(SignsInFrom("a"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_FALSE(IsLookedAt("a"));
}

TEST_F(SignInTest, AttemptsAreForgottenAfterFifteenMinutes) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a"));
  clock_->Advance(absl::Minutes(15) - absl::Seconds(1));
  EXPECT_TRUE(IsLookedAt("a"));
  EXPECT_FALSE(IsLookedAt("a"));
  clock_->Advance(absl::Minutes(15));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a")) << i;
  EXPECT_FALSE(IsLookedAt("a"));
}

TEST_F(SignInTest, RefusedAttemptsDoNotPutTheNextOneOff) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("a"));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(IsLookedAt("a"));
  clock_->Advance(absl::Seconds(1));
  EXPECT_TRUE(SignsInFrom("a"));
}

TEST_F(SignInTest, OfABurstNoMoreThanTheFreeAttemptsAreLookedAt) {
  const uint64_t one = CostOf("nobody", kWrong);
  const uint64_t before = issuer_->password_work();
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] { (void)TryFrom("a", kWrong); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(issuer_->password_work() - before, 5 * one);
}

TEST_F(SignInTest, AThousandNetworksDoNotAddUpAndTheOwnerGetsIn) {
  ASSERT_TRUE(SignsInFrom("home"));
  int looked_at = 1;  // Before, home was as unknown as they are.
  for (int i = 0; i < 1000; ++i) looked_at += IsLookedAt(absl::StrCat("bot-", i)) ? 1 : 0;
  EXPECT_EQ(looked_at, 20);
  for (int second = 0; second < 10; ++second) {
    clock_->Advance(absl::Seconds(1));
    int this_second = 0;
    for (int i = 0; i < 100; ++i) this_second += IsLookedAt(absl::StrCat("bot-", second, "-", i));
    EXPECT_EQ(this_second, 1);
    // From where they have signed in before, at once; from elsewhere once it is quiet for a second.
    EXPECT_TRUE(SignsInFrom("home"));
    EXPECT_FALSE(SignsInFrom("hotel"));
  }
  clock_->Advance(absl::Seconds(1));
  EXPECT_TRUE(SignsInFrom("hotel"));
}

TEST_F(SignInTest, ANetworkIsKnownForThirtyDays) {
  for (const auto& [after, is_known] :
       {std::pair(absl::Seconds(-1), true), std::pair(absl::Seconds(0), false)}) {
    ASSERT_TRUE(SignsInFrom("home"));
    clock_->Advance(absl::Hours(24 * 30) + after);
    for (int i = 0; i < 30; ++i) (void)IsLookedAt(absl::StrCat("bot-", is_known, i));
    EXPECT_EQ(SignsInFrom("home"), is_known);
    clock_->Advance(absl::Minutes(15));
  }
}

TEST_F(SignInTest, AKnownNetworkWaitsForItsOwnGuesses) {
  ASSERT_TRUE(SignsInFrom("home"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(IsLookedAt("home"));
  EXPECT_FALSE(IsLookedAt("home"));
}

TEST_F(SignInTest, AClockThatIsSetBackLocksNobodyOut) {
  for (int i = 0; i < 25; ++i) (void)IsLookedAt("a");
  for (int i = 0; i < 25; ++i) (void)IsLookedAt(absl::StrCat("bot-", i));
  clock_->Set(clock_->Now() - absl::Hours(24));
  EXPECT_TRUE(SignsInFrom("a"));
}

TEST_F(SignInTest, TheStoreHoldsNoNameThatWasTyped) {
  EXPECT_FALSE(TryFrom("192.0.2.55", kWrong, "somebody's password").ok());
  const auto keys = store_->Keys(Kind::kAttempts, "", 100);
  EXPECT_EQ(keys->size(), 2u);
  const std::string all = AllBytes();
  EXPECT_THAT(all, Not(HasSubstr("somebody")));
  EXPECT_THAT(all, Not(HasSubstr("192.0.2.55")));
}

TEST_F(SignInTest, WhatIsRememberedOfAttemptsGoes) {
  const size_t before = store_->stored();
  for (int i = 0; i < 100; ++i) (void)IsLookedAt("a", absl::StrCat("user-", i));
  EXPECT_EQ(store_->stored(), before + 200);
  clock_->Advance(absl::Minutes(15));
  ASSERT_THAT(issuer_->RemoveExpired(), IsOk());
  EXPECT_EQ(store_->stored(), before);
}

TEST_F(SignInTest, AStoreThatCannotCountLetsNobodyGuess) {
  const uint64_t before = issuer_->password_work();
  wrapped_->AfterTheNextGet(Kind::kClient, [&] { wrapped_->Fail(absl::UnavailableError("down")); });
  EXPECT_TRUE(absl::IsUnavailable(TryFrom("a", kPassword).status()));
  EXPECT_EQ(issuer_->password_work(), before);
}

}  // namespace
}  // namespace lanyard::test
