// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/records.pb.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/base64url.h"
#include "tests/issuer/issuer_fixture.h"

// Refresh tokens, whoever has them: the owner, a thief, both of them, 32 threads, and those who
// make them up.
namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Kind = IssuerStore::Kind;

MATCHER(IsOver, "is refused, as of a session that is over") {
  *result_listener << "status is " << arg.status().ToString();
  return absl::IsUnauthenticated(arg.status()) &&
         ::testing::Matches(StartsWith("invalid_grant: "))(std::string(arg.status().message()));
}

class SessionsTest : public IssuerTest {
 protected:
  absl::StatusOr<v1::TokenResponse> RefreshAs(const std::string& token, const IssuerPeer& peer,
                                              const std::string& client) {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id(client);
    return issuer_->Refresh(request, peer);
  }
  absl::StatusOr<v1::TokenResponse> RefreshWith(const std::string& token,
                                                const std::vector<std::string>& scopes) {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id("web");
    for (const std::string& scope : scopes) request.add_scopes(scope);
    return issuer_->Refresh(request, IssuerPeer());
  }
  // What is good of a refresh token that must be.
  std::string Next(const std::string& token) {
    const auto response = Refresh(token);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->refresh_token() : std::string();
  }
  v1::TokenResponse SignInThrough(const std::string& client, const IssuerPeer& peer) {
    v1::SignInRequest request = SignInOf("ada");
    request.mutable_client()->set_client_id(client);
    const auto response = issuer_->SignIn(request, peer);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? *response : v1::TokenResponse();
  }
  size_t SessionsInTheStore() const { return store_->Keys(Kind::kSession, "", 1000)->size(); }

  // Somebody else with a certificate of the same name.
  static IssuerPeer PeerWithAnotherCertificate(const std::string& certificate_name) {
    IssuerPeer peer = PeerWith(certificate_name);
    peer.certificate_sha256 = internal::Sha256("renewed");
    return peer;
  }
};

TEST_F(SessionsTest, OwnerAndThiefGetTheSameSuccessorUntilItIsUsed) {
  const std::string r1 = SignIn().refresh_token();
  const std::string r2 = Next(r1);
  clock_->Advance(absl::Seconds(5));
  EXPECT_EQ(Next(r1), r2);  // The thief.
  clock_->Advance(absl::Seconds(60));
  const auto owner = Refresh(r2);
  ASSERT_THAT(owner, IsOk());
  clock_->Advance(absl::Seconds(9));
  const auto thief = Refresh(r2);
  ASSERT_THAT(thief, IsOk());
  EXPECT_EQ(thief->refresh_token(), owner->refresh_token());
  clock_->Advance(absl::Seconds(2));
  EXPECT_THAT(Refresh(r2), IsOver());
  EXPECT_THAT(Refresh(owner->refresh_token()), IsOver());
  EXPECT_FALSE(IsActive(owner->access_token()));
  EXPECT_FALSE(IsActive(thief->access_token()));
  EXPECT_EQ(SessionsInTheStore(), 0u);
}

TEST_F(SessionsTest, ASpentTokenWhoseSuccessorWasUsedEndsTheSessionWithinTheGraceToo) {
  const v1::TokenResponse first = SignIn();
  const std::string r2 = Next(first.refresh_token());
  const std::string r3 = Next(r2);
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
  EXPECT_THAT(Refresh(r3), IsOver());
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(SessionsTest, AThiefWhoIsAnotherClientEndsTheSession) {
  for (const bool is_spent : {false, true}) {
    const v1::TokenResponse first = SignIn();
    std::string good = first.refresh_token();
    if (is_spent) good = Next(good);
    EXPECT_THAT(Refresh(first.refresh_token(), "phone"), IsOver());
    EXPECT_THAT(Refresh(good), IsOver());
    EXPECT_FALSE(IsActive(first.access_token()));
  }
}

TEST_F(SessionsTest, AClientThatProvesNothingDoesNotEvenEndASession) {
  AddProvenApplication("desk");
  const IssuerPeer desk = PeerWith("spiffe://prod/desk");
  const v1::TokenResponse first = SignInThrough("desk", desk);
  EXPECT_THAT(RefreshAs(first.refresh_token(), IssuerPeer(), "desk"),
              IsError(StartsWith("invalid_client: ")));
  EXPECT_THAT(RefreshAs(first.refresh_token(), desk, "desk"), IsOk());
}

TEST_F(SessionsTest, RepeatsOnlyToTheCertificateThatSpentTheToken) {
  AddProvenApplication("desk");
  const IssuerPeer desk = PeerWith("spiffe://prod/desk");
  const v1::TokenResponse first = SignInThrough("desk", desk);
  const auto second = RefreshAs(first.refresh_token(), desk, "desk");
  ASSERT_THAT(second, IsOk());
  const auto repeated = RefreshAs(first.refresh_token(), desk, "desk");
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->refresh_token(), second->refresh_token());
  EXPECT_THAT(
      RefreshAs(first.refresh_token(), PeerWithAnotherCertificate("spiffe://prod/desk"), "desk"),
      IsOver());
  EXPECT_THAT(RefreshAs(second->refresh_token(), desk, "desk"), IsOver());
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(SessionsTest, GoesOnWithARenewedCertificate) {
  AddProvenApplication("desk");
  const v1::TokenResponse first = SignInThrough("desk", PeerWith("spiffe://prod/desk"));
  EXPECT_THAT(
      RefreshAs(first.refresh_token(), PeerWithAnotherCertificate("spiffe://prod/desk"), "desk"),
      IsOk());
}

TEST_F(SessionsTest, RepeatsForTenSeconds) {
  for (const auto& [after, is_good] :
       {std::pair(absl::Seconds(9), true), std::pair(absl::Seconds(10), true),
        std::pair(absl::Seconds(10) + absl::Nanoseconds(1), false),
        std::pair(absl::Seconds(11), false)}) {
    const v1::TokenResponse first = SignIn();
    const std::string second = Next(first.refresh_token());
    clock_->Advance(after);
    const auto repeated = Refresh(first.refresh_token());
    EXPECT_EQ(repeated.ok(), is_good) << after;
    EXPECT_EQ(Refresh(second).ok(), is_good) << after;
    EXPECT_EQ(IsActive(first.access_token()), is_good) << after;
  }
}

TEST_F(SessionsTest, AClockThatIsSetBackDoesNotRepeatForLonger) {
  for (const auto& [by, is_good] :
       {std::pair(absl::Seconds(10), true), std::pair(absl::Seconds(11), false)}) {
    const std::string first = SignIn().refresh_token();
    Next(first);
    clock_->Set(clock_->Now() - by);
    EXPECT_EQ(Refresh(first).ok(), is_good) << by;
  }
}

TEST_F(SessionsTest, EndsAfterSevenDaysWithoutUse) {
  for (const auto& [after, is_good] :
       {std::pair(absl::Seconds(-1), true), std::pair(absl::ZeroDuration(), false),
        std::pair(absl::Seconds(1), false)}) {
    const std::string first = SignIn().refresh_token();
    clock_->Advance(absl::Hours(24 * 6));
    const std::string second = Next(first);
    clock_->Advance(absl::Hours(24 * 7) + after);
    EXPECT_EQ(Refresh(second).ok(), is_good) << after;
  }
}

TEST_F(SessionsTest, EndsAfterThirtyDaysHoweverMuchItIsUsed) {
  for (const auto& [after, is_good] :
       {std::pair(absl::Seconds(-1), true), std::pair(absl::ZeroDuration(), false),
        std::pair(absl::Seconds(1), false)}) {
    std::string token = SignIn().refresh_token();
    for (int day = 0; day < 25; day += 5) {
      clock_->Advance(absl::Hours(24 * 5));
      token = Next(token);
    }
    clock_->Advance(absl::Hours(24 * 5) + after);
    EXPECT_EQ(Refresh(token).ok(), is_good) << after;
  }
}

TEST_F(SessionsTest, ARepeatDoesNotMakeASessionLonger) {
  const std::string first = SignIn().refresh_token();
  const std::string second = Next(first);
  clock_->Advance(absl::Seconds(10));
  Next(first);
  clock_->Advance(absl::Hours(24 * 7) - absl::Seconds(10));
  EXPECT_THAT(Refresh(second), IsOver());
}

TEST_F(SessionsTest, ThirtyTwoRacersAllGetTheSameSuccessor) {
  const v1::TokenResponse first = SignIn();
  std::vector<absl::StatusOr<v1::TokenResponse>> answers(32, absl::UnknownError(""));
  std::vector<std::thread> racers;
  for (auto& answer : answers) {
    racers.emplace_back([&] { answer = Refresh(first.refresh_token()); });
  }
  for (std::thread& racer : racers) racer.join();
  std::set<std::string> successors;
  for (const auto& answer : answers) {
    ASSERT_THAT(answer, IsOk());
    successors.insert(answer->refresh_token());
  }
  ASSERT_EQ(successors.size(), 1u);
  const auto third = Refresh(*successors.begin());
  ASSERT_THAT(third, IsOk());
  // And one more, after the successor was used.
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
  EXPECT_THAT(Refresh(third->refresh_token()), IsOver());
  EXPECT_FALSE(IsActive(third->access_token()));
  for (const auto& answer : answers) EXPECT_FALSE(IsActive(answer->access_token()));
}

TEST_F(SessionsTest, OfRacersWithATokenAndItsSuccessorNobodyGetsABranchOfTheirOwn) {
  for (int round = 0; round < 20; ++round) {
    const std::string r1 = SignIn().refresh_token();
    const std::string r2 = Next(r1);
    absl::StatusOr<v1::TokenResponse> owner, thief;
    std::thread one([&] { owner = Refresh(r2); });
    std::thread other([&] { thief = Refresh(r1); });
    one.join();
    other.join();
    // Either the thief was first, and got what the owner had, or the session is over.
    if (thief.ok()) {
      EXPECT_EQ(thief->refresh_token(), r2);
      EXPECT_THAT(owner, IsOk());
      EXPECT_THAT(Refresh(r1), IsOver());
    }
    if (owner.ok()) {
      EXPECT_THAT(Refresh(owner->refresh_token()), IsOver());
    }
  }
}

TEST_F(SessionsTest, NarrowsScopesForATokenAndNotForTheSession) {
  ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                    [](v1::User* user) {
                                      user->mutable_grants(0)->add_scopes("orders.write");
                                      return absl::OkStatus();
                                    }),
              IsOk());
  const v1::TokenResponse first = SignIn();
  EXPECT_THAT(first.scopes(), ElementsAre("orders.read", "orders.write"));
  const auto second = RefreshWith(first.refresh_token(), {"orders.write"});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(ClaimsOf(second->access_token()).scopes(), ElementsAre("orders.write"));
  const auto third = RefreshWith(second->refresh_token(), {});
  ASSERT_THAT(third, IsOk());
  EXPECT_THAT(third->scopes(), ElementsAre("orders.read", "orders.write"));
}

TEST_F(SessionsTest, NeverHasMoreThanItBeganWith) {
  v1::SignInRequest request = SignInOf("ada");
  request.add_scopes("orders.read");
  const auto first = issuer_->SignIn(request, IssuerPeer());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                    [](v1::User* user) {
                                      user->mutable_grants(0)->add_scopes("orders.write");
                                      return absl::OkStatus();
                                    }),
              IsOk());
  // It costs nobody the session to ask.
  EXPECT_THAT(RefreshWith(first->refresh_token(), {"orders.write"}),
              IsError(StartsWith("invalid_scope: ")));
  const auto second = RefreshWith(first->refresh_token(), {});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(second->scopes(), ElementsAre("orders.read"));
}

TEST_F(SessionsTest, LosesWhatIsTakenAwayFromUserOrClient) {
  ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                    [](v1::User* user) {
                                      user->mutable_grants(0)->add_scopes("orders.write");
                                      return absl::OkStatus();
                                    }),
              IsOk());
  const v1::TokenResponse first = SignIn();
  ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                    [](v1::User* user) {
                                      user->mutable_grants(0)->clear_scopes();
                                      user->mutable_grants(0)->add_scopes("orders.read");
                                      return absl::OkStatus();
                                    }),
              IsOk());
  const auto second = Refresh(first.refresh_token());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(second->scopes(), ElementsAre("orders.read"));
  ASSERT_THAT(accounts_->ChangeClient("web", false,
                                      [](v1::Client* client) {
                                        client->mutable_grants(0)->clear_scopes();
                                        return absl::OkStatus();
                                      }),
              IsOk());
  const auto third = Refresh(second->refresh_token());
  ASSERT_THAT(third, IsOk());
  EXPECT_THAT(third->scopes(), IsEmpty());
  ASSERT_THAT(accounts_->ChangeClient("web", false,
                                      [](v1::Client* client) {
                                        client->clear_grants();
                                        return absl::OkStatus();
                                      }),
              IsOk());
  EXPECT_THAT(Refresh(third->refresh_token()), IsError(StartsWith("invalid_target: ")));
}

TEST_F(SessionsTest, EndsWhenUsersSignInWithTheClientNoMore) {
  AddProvenApplication("desk");
  const IssuerPeer desk = PeerWith("spiffe://prod/desk");
  const v1::TokenResponse first = SignInThrough("desk", desk);
  ASSERT_THAT(accounts_->ChangeClient("desk", false,
                                      [](v1::Client* client) {
                                        client->set_signs_users_in(false);
                                        return absl::OkStatus();
                                      }),
              IsOk());
  EXPECT_THAT(RefreshAs(first.refresh_token(), desk, "desk"), IsOver());
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(SessionsTest, ADisabledClientRefreshesNothing) {
  const v1::TokenResponse first = SignIn();
  ASSERT_THAT(accounts_->ChangeClient("web", false,
                                      [](v1::Client* client) {
                                        client->set_disabled(true);
                                        return absl::OkStatus();
                                      }),
              IsOk());
  EXPECT_THAT(Refresh(first.refresh_token()), IsError(StartsWith("invalid_client: ")));
}

// What ends all of a user's sessions.
struct End {
  const char* name;
  bool asked_for;
  void (*change)(v1::User*);
};
class SessionsEndTest : public SessionsTest, public ::testing::WithParamInterface<End> {};

TEST_P(SessionsEndTest, EndsSessionsAndWithdrawsAccessTokens) {
  const v1::TokenResponse first = SignIn();
  const auto exchanged = Exchange(first.access_token());
  ASSERT_THAT(exchanged, IsOk());
  clock_->Advance(absl::Minutes(1));
  ASSERT_THAT(accounts_->ChangeUser("ada", GetParam().asked_for,
                                    [](v1::User* user) {
                                      GetParam().change(user);
                                      return absl::OkStatus();
                                    }),
              IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(first.access_token()));
  EXPECT_FALSE(IsActive(exchanged->access_token()));
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
  // And nothing brings them back.
  ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                    [](v1::User* user) {
                                      user->set_disabled(false);
                                      return absl::OkStatus();
                                    }),
              IsOk());
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
}

INSTANTIATE_TEST_SUITE_P(
    All, SessionsEndTest,
    ::testing::Values(End{"AnotherPassword", false,
                          [](v1::User* user) { user->set_password_hash("another"); }},
                      End{"Disabled", false, [](v1::User* user) { user->set_disabled(true); }},
                      End{"Asked", true, [](v1::User*) {}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(SessionsTest, ASignInThatSawTheOldPasswordBeginsNoSession) {
  std::string hash = CheapHash("another horse battery");
  // The change comes between the look at the user and all that follows, and takes its time.
  wrapped_->AfterTheNextGet(Kind::kUser, [&] {
    clock_->Advance(absl::Seconds(2));
    ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                      [&](v1::User* user) {
                                        user->set_password_hash(hash);
                                        return absl::OkStatus();
                                      }),
                IsOk());
    clock_->Advance(absl::Seconds(2));
  });
  const auto late = issuer_->SignIn(SignInOf("ada"), IssuerPeer());
  ASSERT_THAT(late, IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(late->access_token()));
  EXPECT_THAT(Refresh(late->refresh_token()), IsOver());
}

TEST_F(SessionsTest, ASignInThatSawTheOldPasswordBeginsNoSessionByAClockThatIsAheadEither) {
  std::string hash = CheapHash("another horse battery");
  wrapped_->AfterTheNextGet(Kind::kUser, [&] {
    const absl::Time now = clock_->Now();
    clock_->Set(now - absl::Seconds(5));  // That of who changes the password.
    ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                      [&](v1::User* user) {
                                        user->set_password_hash(hash);
                                        return absl::OkStatus();
                                      }),
                IsOk());
    clock_->Set(now);
  });
  const auto late = issuer_->SignIn(SignInOf("ada"), IssuerPeer());
  ASSERT_THAT(late, IsOk());
  EXPECT_THAT(Refresh(late->refresh_token()), IsOver());
}

TEST_F(SessionsTest, ARefreshThatSawTheUserEnabledGivesNoTokenThatOutlivesThat) {
  const v1::TokenResponse first = SignIn();
  clock_->Advance(absl::Seconds(10));
  wrapped_->AfterTheNextGet(Kind::kUser, [&] {
    clock_->Advance(absl::Seconds(2));
    ASSERT_THAT(accounts_->ChangeUser("ada", false,
                                      [](v1::User* user) {
                                        user->set_disabled(true);
                                        return absl::OkStatus();
                                      }),
                IsOk());
    clock_->Advance(absl::Seconds(2));
  });
  const auto late = Refresh(first.refresh_token());
  ASSERT_THAT(late, IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(late->access_token()));
  EXPECT_THAT(Refresh(late->refresh_token()), IsOver());
}

TEST_F(SessionsTest, WhatIsIssuedWhileAnAccountIsBeingChangedIsWithdrawnToo) {
  // Somebody signs in between the time that the change says and its arrival in the store.
  absl::StatusOr<v1::TokenResponse> meanwhile;
  const v1::TokenResponse before = SignIn();
  clock_->Advance(absl::Seconds(1));
  wrapped_->BeforeTheNextChange([&] {
    clock_->Advance(absl::Seconds(1));
    meanwhile = issuer_->SignIn(SignInOf("ada"), IssuerPeer());
    clock_->Advance(absl::Seconds(1));
  });
  ASSERT_THAT(accounts_->ChangeUser("ada", true, [](v1::User*) { return absl::OkStatus(); }),
              IsOk());
  ASSERT_THAT(meanwhile, IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(before.access_token()));
  EXPECT_FALSE(IsActive(meanwhile->access_token()));
  EXPECT_THAT(Refresh(meanwhile->refresh_token()), IsOver());
}

TEST_F(SessionsTest, NothingIsIssuedInTheSecondOfAWithdrawal) {
  const v1::TokenResponse first = SignIn();
  ASSERT_THAT(accounts_->ChangeUser("ada", true, [](v1::User*) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_TRUE(absl::IsUnavailable(issuer_->SignIn(SignInOf("ada"), IssuerPeer()).status()));
  clock_->Advance(absl::Seconds(1));
  const v1::TokenResponse second = SignIn();
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(first.access_token()));
  EXPECT_TRUE(IsActive(second.access_token()));
  EXPECT_THAT(Refresh(second.refresh_token()), IsOk());
}

TEST_F(SessionsTest, TokensThatAreMadeUpEndNoSession) {
  const std::string good = SignIn().refresh_token();
  std::string bytes;
  ASSERT_TRUE(internal::Base64UrlDecode(good, &bytes));
  ASSERT_EQ(bytes.size(), 68u);
  std::vector<std::string> made_up = {"",
                                      "x",
                                      good + "A",
                                      good.substr(1),
                                      good.substr(0, good.size() - 1),
                                      good + "=",
                                      good + "\n",
                                      " " + good,
                                      internal::Base64UrlEncode(bytes + "x"),
                                      internal::Base64UrlEncode(bytes.substr(0, 67)),
                                      std::string(1 << 20, 'A'),
                                      std::string("\0\xff", 2)};
  // A bit in each byte: the session, the generation, the secret and the tag.
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    made_up.push_back(internal::Base64UrlEncode(changed));
  }
  for (const std::string& token : made_up) EXPECT_THAT(Refresh(token), IsOver());
  // One of an issuer with another secret, and the same session.
  folder_.Write("other", std::string(32, '\x82'));
  chmod(folder_.Path("other").c_str(), 0600);
  config_.mutable_sign_in()->set_session_secret_file(folder_.Path("other"));
  auto other = NewIssuer();
  v1::RefreshRequest request;
  request.set_refresh_token(good);
  request.mutable_client()->set_client_id("web");
  EXPECT_THAT(other->Refresh(request, IssuerPeer()), IsOver());
  EXPECT_THAT(Refresh(good), IsOk());
}

TEST_F(SessionsTest, ATokenOfASessionThatIsOverSaysNothingNew) {
  const v1::TokenResponse first = SignIn();
  clock_->Advance(absl::Hours(24 * 8));
  const auto over = Refresh(first.refresh_token());
  const auto made_up = Refresh("x");
  EXPECT_THAT(over, IsOver());
  EXPECT_EQ(over.status(), made_up.status());
  EXPECT_EQ(store_->RevocationsAfter(0)->sequence, 0u);
}

TEST_F(SessionsTest, TokensThatAreMadeUpAskTheStoreForTheClientAlone) {
  const std::string good = SignIn().refresh_token();
  // The feed asks as well, on its own: many, so that this does not matter.
  const WrappedStore::Counts before = wrapped_->counts();
  for (int i = 0; i < 1000; ++i) EXPECT_THAT(Refresh(good.substr(1) + "A"), IsOver());
  EXPECT_LT(wrapped_->counts().all() - before.all(), 1500);
  EXPECT_EQ(wrapped_->counts().changes, before.changes);
}

TEST_F(SessionsTest, ARepeatAfterAnAnswerThatTheStoreLostGivesTheSameSuccessor) {
  const v1::TokenResponse first = SignIn();
  wrapped_->LoseTheNextAnswer();
  const auto lost = Refresh(first.refresh_token());
  EXPECT_TRUE(absl::IsUnavailable(lost.status()));
  const auto repeated = Refresh(first.refresh_token());
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(Next(first.refresh_token()), repeated->refresh_token());
  EXPECT_THAT(Refresh(repeated->refresh_token()), IsOk());
}

TEST_F(SessionsTest, ARepeatByAnotherReplicaGivesTheSameSuccessor) {
  const v1::TokenResponse first = SignIn();
  const std::string second = Next(first.refresh_token());
  issuer_ = NewIssuer();
  EXPECT_EQ(Next(first.refresh_token()), second);
}

TEST_F(SessionsTest, AStoreThatIsDownEndsNoSession) {
  const v1::TokenResponse first = SignIn();
  wrapped_->Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Refresh(first.refresh_token()).status()));
  wrapped_->Fail(absl::OkStatus());
  EXPECT_THAT(Refresh(first.refresh_token()), IsOk());
}

TEST_F(SessionsTest, ATokenFromTheFutureOfAStoreThatWasRolledBackEndsTheSession) {
  const v1::TokenResponse first = SignIn();
  const std::string id = store_->Keys(Kind::kSession, "", 1)->front();
  const std::string earlier = (*store_->Get(Kind::kSession, id))->value;
  const std::string second = Next(first.refresh_token());
  const std::string third = Next(second);
  const uint64_t version = (*store_->Get(Kind::kSession, id))->version;
  ASSERT_THAT(store_->Apply({{{Kind::kSession, id, version, earlier}}, {}}), IsOk());
  EXPECT_THAT(Refresh(third), IsOver());
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
  EXPECT_FALSE(IsActive(first.access_token()));
}

TEST_F(SessionsTest, NoSessionOutlivesItsEpochOfTheStore) {
  const v1::TokenResponse first = SignIn();
  wrapped_->SetEpoch("another");
  EXPECT_THAT(Refresh(first.refresh_token()), IsOver());
  EXPECT_FALSE(IsActive(first.access_token()));
  EXPECT_THAT(Refresh(SignIn().refresh_token()), IsOk());
}

TEST_F(SessionsTest, KeepsHashesAlone) {
  const v1::TokenResponse first = SignIn();
  const auto second = Refresh(first.refresh_token());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(issuer_->SignIn(SignInOf("ada", "wrong horse battery"), IssuerPeer()), IsOver());
  const std::string all = AllBytes();
  for (const std::string& token : {first.refresh_token(), second->refresh_token()}) {
    std::string bytes;
    ASSERT_TRUE(internal::Base64UrlDecode(token, &bytes));
    EXPECT_THAT(all, Not(HasSubstr(token)));
    // Its secret, and its tag.
    EXPECT_THAT(all, Not(HasSubstr(bytes.substr(20, 32))));
    EXPECT_THAT(all, Not(HasSubstr(internal::Base64UrlEncode(bytes.substr(20, 32)))));
    EXPECT_THAT(all, Not(HasSubstr(bytes.substr(52, 16))));
    // But this is where it would be found.
    EXPECT_THAT(all, HasSubstr(internal::Sha256(bytes.substr(20, 32))));
  }
  EXPECT_THAT(all, Not(HasSubstr(kPassword)));
  EXPECT_THAT(all, Not(HasSubstr("wrong horse")));
  EXPECT_THAT(all, Not(HasSubstr(first.access_token())));
}

TEST_F(SessionsTest, TheSuccessorDoesNotFollowFromTheTokenAlone) {
  const std::string first = SignIn().refresh_token();
  const std::string second = Next(first);
  std::string a, b;
  ASSERT_TRUE(internal::Base64UrlDecode(first, &a));
  ASSERT_TRUE(internal::Base64UrlDecode(second, &b));
  EXPECT_NE(b.substr(20, 32), a.substr(20, 32));
  EXPECT_NE(b.substr(20, 32), internal::Sha256(a.substr(20, 32)));
}

TEST_F(SessionsTest, RefreshIsUnimplementedWithoutSignIn) {
  const v1::TokenResponse first = SignIn();
  config_.clear_sign_in();
  Start();
  EXPECT_EQ(Refresh(first.refresh_token()).status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace lanyard::test
