// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/revocation_list.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1900000000;

v1::Revocation Parse(const std::string& text) {
  v1::Revocation revocation;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &revocation)) << text;
  return revocation;
}

// Of this issuer, for an hour.
v1::Revocation Entry(const std::string& what, int64_t expires_at = kNow + 3600) {
  return Parse(absl::StrCat("issuer: 'iss' ", what, " expires_at { seconds: ", expires_at, " }"));
}

v1::Revocation TokenEntry(int number, int64_t expires_at = kNow + 3600) {
  return Entry(absl::StrCat("token_id: 'token-", number, "'"), expires_at);
}

class RevocationListTest : public ::testing::Test {
 protected:
  static TokenFacts Token() {
    TokenFacts token;
    token.issuer = "iss";
    token.token_id = "jti";
    token.subject = "sub";
    token.session_id = "sid";
    token.key_id = "kid";
    token.issued_at = absl::FromUnixSeconds(kNow);
    return token;
  }
  RevocationVerdict CheckToken(int number) const {
    const std::string id = absl::StrCat("token-", number);
    TokenFacts token = Token();
    token.token_id = id;
    return list_->Check(token);
  }
  void SetBounds(RevocationList::Bounds bounds) {
    list_ = std::make_unique<RevocationList>("iss", bounds, clock_);
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::FromUnixSeconds(kNow));
  std::unique_ptr<RevocationList> list_ =
      std::make_unique<RevocationList>("iss", RevocationList::Bounds(), clock_);
};

TEST_F(RevocationListTest, FindsTokensByEachOfTheirNames) {
  const std::string not_before = absl::StrCat(" not_before { seconds: ", kNow, " }");
  for (const std::string& what : {std::string("token_id: 'jti'"), "subject: 'sub'" + not_before,
                                  std::string("session_id: 'sid'"), std::string("key_id: 'kid'")}) {
    RevocationList list("iss", {}, clock_);
    EXPECT_EQ(list.Check(Token()), RevocationVerdict::kGood) << what;
    list.Add(Entry(what));
    EXPECT_EQ(list.Check(Token()), RevocationVerdict::kRevoked) << what;
    EXPECT_EQ(list.entries(), 1u);
    TokenFacts other;
    other.issuer = "iss";
    other.token_id = other.subject = other.session_id = other.key_id = "other";
    EXPECT_EQ(list.Check(other), RevocationVerdict::kGood) << what;
  }
}

TEST_F(RevocationListTest, DoesNotMixUpWhatANameIsOf) {
  list_->Add(Entry("token_id: 'sub'"));
  list_->Add(Entry("session_id: 'jti'"));
  EXPECT_EQ(list_->Check(Token()), RevocationVerdict::kGood);
}

TEST_F(RevocationListTest, CountsWhoUsesATokenAsItsSubject) {
  list_->Add(Entry(absl::StrCat("subject: 'svc:front' not_before { seconds: ", kNow, " }")));
  TokenFacts token = Token();
  EXPECT_EQ(list_->Check(token), RevocationVerdict::kGood);
  token.actor = "svc:front";
  EXPECT_EQ(list_->Check(token), RevocationVerdict::kRevoked);
}

TEST_F(RevocationListTest, LeavesWhatIsOfAnotherIssuer) {
  v1::Revocation other = Entry("token_id: 'jti'");
  other.set_issuer("other");
  list_->Add(other);
  EXPECT_EQ(list_->Check(Token()), RevocationVerdict::kGood);
  EXPECT_EQ(list_->entries(), 0u);
  EXPECT_EQ(list_->ignored(), 1);
}

TEST_F(RevocationListTest, KnowsNothingOfTokensOfAnotherIssuer) {
  TokenFacts token = Token();
  token.issuer = "other";
  EXPECT_EQ(list_->Check(token), RevocationVerdict::kUnknown);
}

TEST_F(RevocationListTest, RevokesWhatWasIssuedUntilNotBefore) {
  list_->Add(Entry(absl::StrCat("subject: 'sub' not_before { seconds: ", kNow, " }")));
  TokenFacts token = Token();
  for (const auto& [issued, revoked] :
       {std::pair(absl::Seconds(-1), true), std::pair(absl::ZeroDuration(), true),
        std::pair(absl::Milliseconds(999), true), std::pair(absl::Seconds(1), false)}) {
    token.issued_at = absl::FromUnixSeconds(kNow) + issued;
    EXPECT_EQ(list_->Check(token) == RevocationVerdict::kRevoked, revoked) << issued;
  }
  token.issued_at.reset();
  EXPECT_EQ(list_->Check(token), RevocationVerdict::kRevoked);
}

TEST_F(RevocationListTest, KeepsTheLatestNotBefore) {
  const auto until = [](int64_t seconds) {
    return Entry(absl::StrCat("subject: 'sub' not_before { seconds: ", seconds, " }"));
  };
  list_->Add(until(kNow));
  const uint64_t before = list_->generation();
  list_->Add(until(kNow - 100));
  EXPECT_EQ(list_->generation(), before);
  EXPECT_EQ(list_->Check(Token()), RevocationVerdict::kRevoked);
  list_->Add(until(kNow + 5));
  EXPECT_NE(list_->generation(), before);
  TokenFacts token = Token();
  token.issued_at = absl::FromUnixSeconds(kNow + 5);
  EXPECT_EQ(list_->Check(token), RevocationVerdict::kRevoked);
  EXPECT_EQ(list_->entries(), 1u);
}

TEST_F(RevocationListTest, ForgetsWhatHasExpiredAndNothingElse) {
  list_->Add(TokenEntry(1, kNow + 10));
  list_->Add(TokenEntry(2, kNow + 11));
  clock_->Advance(absl::Seconds(9));
  list_->DropExpired();
  EXPECT_EQ(list_->entries(), 2u);
  clock_->Advance(absl::Seconds(1));
  list_->DropExpired();
  EXPECT_EQ(list_->entries(), 1u);
  EXPECT_EQ(CheckToken(1), RevocationVerdict::kGood);
  EXPECT_EQ(CheckToken(2), RevocationVerdict::kRevoked);
  clock_->Advance(absl::Seconds(1));
  list_->DropExpired();
  EXPECT_EQ(list_->entries(), 0u);
  EXPECT_EQ(list_->bytes(), 0u);
}

TEST_F(RevocationListTest, TakesNothingThatHasExpired) {
  list_->Add(TokenEntry(1, kNow));
  EXPECT_EQ(list_->entries(), 0u);
}

TEST_F(RevocationListTest, ForgetsNothingWhenTheClockIsSetForwardAndBack) {
  list_->Add(TokenEntry(1));
  clock_->Set(absl::FromUnixSeconds(kNow) + absl::Hours(2));
  list_->DropExpired();
  clock_->Set(absl::FromUnixSeconds(kNow));
  EXPECT_EQ(CheckToken(1), RevocationVerdict::kRevoked);
}

TEST_F(RevocationListTest, CannotSayAnythingWhenItIsFull) {
  SetBounds({2, 1 << 20});
  list_->Add(TokenEntry(1));
  list_->Add(TokenEntry(2));
  EXPECT_EQ(CheckToken(3), RevocationVerdict::kGood);
  EXPECT_THAT(list_->Health(), IsOk());
  const uint64_t before = list_->generation();
  list_->Add(TokenEntry(3, kNow + 20));
  EXPECT_NE(list_->generation(), before);
  EXPECT_EQ(CheckToken(4), RevocationVerdict::kUnknown);
  EXPECT_EQ(CheckToken(1), RevocationVerdict::kRevoked);
  EXPECT_THAT(list_->Health(), IsError(HasSubstr("more revocations than can be remembered")));
  // What is there already needs no room, and what could not be kept is not forgotten before its
  // time, whatever has left in between.
  list_->Add(TokenEntry(1));
  EXPECT_EQ(list_->entries(), 2u);
  clock_->Advance(absl::Seconds(19));
  EXPECT_EQ(CheckToken(4), RevocationVerdict::kUnknown);
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(CheckToken(4), RevocationVerdict::kGood);
  EXPECT_EQ(CheckToken(1), RevocationVerdict::kRevoked);
  EXPECT_THAT(list_->Health(), IsOk());
  const uint64_t open = list_->generation();
  list_->Add(TokenEntry(5));
  EXPECT_NE(list_->generation(), open);
  EXPECT_EQ(CheckToken(4), RevocationVerdict::kUnknown);
}

TEST_F(RevocationListTest, IsBoundedByBytesToo) {
  SetBounds({100, 1000});
  for (int i = 0; i < 10; ++i) list_->Add(TokenEntry(i));
  EXPECT_LE(list_->bytes(), 1000u);
  EXPECT_LT(list_->entries(), 10u);
  EXPECT_EQ(CheckToken(11), RevocationVerdict::kUnknown);
}

TEST_F(RevocationListTest, MakesRoomOfWhatHasExpired) {
  SetBounds({2, 1 << 20});
  list_->Add(TokenEntry(1, kNow + 10));
  list_->Add(TokenEntry(2));
  clock_->Advance(absl::Seconds(10));
  list_->Add(TokenEntry(3));
  EXPECT_EQ(CheckToken(3), RevocationVerdict::kRevoked);
  EXPECT_EQ(CheckToken(4), RevocationVerdict::kGood);
}

TEST_F(RevocationListTest, NamesTheFieldThatIsWrong) {
  const auto validate = [](const std::string& text) {
    return RevocationList::Validate(Parse(text));
  };
  const std::string expires = " expires_at { seconds: 1900003600 }";
  EXPECT_THAT(validate("issuer: 'iss' token_id: 'a'" + expires), IsOk());
  EXPECT_THAT(validate("token_id: 'a'" + expires), IsError(HasSubstr("issuer: required")));
  EXPECT_THAT(validate("issuer: 'iss'" + expires), IsError(HasSubstr("token_id, subject")));
  for (const std::string what : {"token_id", "session_id", "key_id"}) {
    EXPECT_THAT(validate("issuer: 'iss' " + what + ": ''" + expires),
                IsError(HasSubstr("one of them is required")));
  }
  EXPECT_THAT(validate("issuer: 'iss' subject: 'a'" + expires), IsError(HasSubstr("not_before")));
  EXPECT_THAT(validate("issuer: 'iss' subject: '' not_before {}" + expires),
              IsError(HasSubstr("one of them is required")));
  EXPECT_THAT(validate("issuer: 'iss' token_id: 'a'"), IsError(HasSubstr("expires_at: required")));
  EXPECT_THAT(validate("issuer: 'iss' token_id: 'a' expires_at { nanos: -1 }"),
              IsError(HasSubstr("expires_at: not a time")));
  EXPECT_THAT(
      validate("issuer: 'iss' token_id: 'a' not_before { seconds: 253402300800 }" + expires),
      IsError(HasSubstr("not_before: not a time")));
}

TEST_F(RevocationListTest, IsAskedByManyThreadsWhileItGrows) {
  constexpr int kEntries = 20'000;
  std::atomic<int> added{0};
  std::atomic<int> missed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (added.load() < kEntries) {
        const int known = added.load();
        if (known > 0 && CheckToken(known) != RevocationVerdict::kRevoked) ++missed;
        if (CheckToken(kEntries + 1) != RevocationVerdict::kGood) ++missed;
      }
    });
  }
  for (int i = 1; i <= kEntries; ++i) {
    list_->Add(TokenEntry(i));
    added = i;
    if (i % 1000 == 0) list_->DropExpired();
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(list_->entries(), static_cast<size_t>(kEntries));
}

}  // namespace
}  // namespace lanyard::internal
