// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/revocation_follower.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;

class RevocationFollowerTest : public ::testing::Test {
 protected:
  RevocationFollowerTest() { follower_.Begin(clock_->SinceBoot()); }

  absl::Status Take(const std::string& text) {
    v1::RevocationUpdate update;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &update)) << text;
    return follower_.Take(update, clock_->SinceBoot());
  }
  void TakeSnapshot(const std::string& epoch, int sequence, const std::string& revocations = "") {
    EXPECT_THAT(Take(absl::StrCat("kind: SNAPSHOT epoch: '", epoch, "'", revocations)), IsOk());
    EXPECT_THAT(Take(absl::StrCat("kind: SNAPSHOT_END epoch: '", epoch, "' sequence: ", sequence)),
                IsOk());
    EXPECT_TRUE(follower_.is_current());
  }
  static std::string Revocation(const std::string& id) {
    return absl::StrCat(" revocations { issuer: 'iss' token_id: '", id,
                        "' expires_at { seconds: 1900003600 } }");
  }
  RevocationVerdict CheckId(const std::string& id) const {
    TokenFacts token;
    token.issuer = "iss";
    token.token_id = id;
    return heard_.Check(token);
  }
  bool IsRevoked(const std::string& id) const { return CheckId(id) == RevocationVerdict::kRevoked; }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  HeardRevocations heard_{"issuer iss", "iss", absl::Minutes(5), {}, clock_};
  RevocationFollower follower_{&heard_};
};

TEST_F(RevocationFollowerTest, KnowsNothingBeforeTheEndOfTheSnapshot) {
  EXPECT_THAT(Take("kind: SNAPSHOT epoch: 'e'" + Revocation("a")), IsOk());
  EXPECT_THAT(Take("kind: HEARTBEAT epoch: 'e'"), IsOk());
  EXPECT_TRUE(IsRevoked("a"));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kUnknown);
  EXPECT_FALSE(follower_.is_current());
  EXPECT_THAT(Take("kind: SNAPSHOT_END epoch: 'e' sequence: 7" + Revocation("b")), IsOk());
  EXPECT_TRUE(IsRevoked("b"));
  EXPECT_EQ(CheckId("c"), RevocationVerdict::kGood);
}

TEST_F(RevocationFollowerTest, FollowsEachChange) {
  TakeSnapshot("e", 7);
  EXPECT_THAT(Take("kind: CHANGE epoch: 'e' previous_sequence: 7 sequence: 8" + Revocation("a")),
              IsOk());
  EXPECT_THAT(Take("kind: HEARTBEAT epoch: 'e' sequence: 8"), IsOk());
  EXPECT_THAT(Take("kind: CHANGE epoch: 'e' previous_sequence: 8 sequence: 11" + Revocation("b")),
              IsOk());
  EXPECT_TRUE(IsRevoked("a"));
  EXPECT_TRUE(IsRevoked("b"));
}

TEST_F(RevocationFollowerTest, IsAsOldAsWhatItHeardLast) {
  clock_->Advance(absl::Minutes(1));
  TakeSnapshot("e", 1);
  EXPECT_EQ(heard_.Status().age, absl::Minutes(1)) << "what was revoked meanwhile may not be in it";
  EXPECT_THAT(Take("kind: HEARTBEAT epoch: 'e' sequence: 1"), IsOk());
  EXPECT_EQ(heard_.Status().age, absl::ZeroDuration());
  clock_->Advance(absl::Minutes(5));
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kGood);
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kUnknown);
}

TEST_F(RevocationFollowerTest, SeesThatSomethingWasMissed) {
  for (const std::string update :
       {"kind: CHANGE epoch: 'e' previous_sequence: 8 sequence: 9",
        "kind: CHANGE epoch: 'e' previous_sequence: 6 sequence: 9",
        "kind: HEARTBEAT epoch: 'e' sequence: 8", "kind: HEARTBEAT epoch: 'e' sequence: 6"}) {
    follower_.Begin(clock_->SinceBoot());
    TakeSnapshot("e", 7);
    EXPECT_THAT(Take(update + Revocation("a")), IsError(HasSubstr("a gap"))) << update;
    EXPECT_TRUE(IsRevoked("a")) << "what was heard counts";
  }
}

TEST_F(RevocationFollowerTest, NewEpochNeedsASnapshotAndTakesNothingBack) {
  TakeSnapshot("e", 7, Revocation("a"));
  EXPECT_THAT(Take("kind: HEARTBEAT epoch: 'f' sequence: 7"), IsError(HasSubstr("epoch")));
  follower_.Begin(clock_->SinceBoot());
  // Restored from a backup.
  TakeSnapshot("f", 3, Revocation("b"));
  EXPECT_TRUE(IsRevoked("a"));
  EXPECT_TRUE(IsRevoked("b"));
  EXPECT_THAT(Take("kind: CHANGE epoch: 'f' previous_sequence: 3 sequence: 4"), IsOk());
}

TEST_F(RevocationFollowerTest, RefusesWhatIsNoUpdate) {
  const auto refuses = [this](const std::string& update, const std::string& error) {
    follower_.Begin(clock_->SinceBoot());
    TakeSnapshot("e", 7);
    EXPECT_THAT(Take(update), IsError(HasSubstr(error))) << update;
  };
  refuses("kind: HEARTBEAT sequence: 7", "no epoch");
  refuses("epoch: 'e' sequence: 7", "not known");
  refuses("kind: SNAPSHOT epoch: 'e' sequence: 7", "second snapshot");
  refuses("kind: CHANGE epoch: 'e' previous_sequence: 7 sequence: 7", "leads nowhere");
  refuses("kind: CHANGE epoch: 'e' previous_sequence: 7 sequence: 8 revocations {}",
          "not good: issuer: required");
  follower_.Begin(clock_->SinceBoot());
  EXPECT_THAT(Take("kind: CHANGE epoch: 'e' sequence: 1"), IsError(HasSubstr("before the end")));
}

}  // namespace
}  // namespace lanyard::internal
