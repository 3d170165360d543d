// SPDX-License-Identifier: Apache-2.0
//
// Revoked tokens are good no more, whatever is remembered of them.
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "lanyard/sdk/internal/revocation_list.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/v1/revocation.pb.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::VerifierFixture;
using ::testing::HasSubstr;

// A list, and a switch by which it knows nothing.
class SwitchableRevocations final : public RevocationSource {
 public:
  SwitchableRevocations(const std::string& issuer, const std::shared_ptr<const Clock>& clock)
      : list_(issuer, {}, clock) {}

  RevocationVerdict Check(const TokenFacts& token) const override {
    return known_ ? list_.Check(token) : RevocationVerdict::kUnknown;
  }
  uint64_t generation() const override { return list_.generation(); }
  absl::Status Health() const override {
    return known_ ? absl::OkStatus() : absl::UnavailableError("nothing has been heard yet");
  }
  RevocationSourceStatus Status() const override { return {}; }

  void SetKnown(bool known) { known_ = known; }
  void Revoke(const v1::Revocation& revocation) { list_.Add(revocation); }

 private:
  internal::RevocationList list_;
  std::atomic<bool> known_{true};
};

class VerifierRevocationTest : public VerifierFixture {
 protected:
  v1::Revocation Revocation() const {
    v1::Revocation revocation;
    revocation.set_issuer(issuer_.issuer());
    revocation.mutable_expires_at()->set_seconds(kNow + 3600);
    return revocation;
  }
  void RevokeToken(const std::string& id) {
    v1::Revocation revocation = Revocation();
    revocation.set_token_id(id);
    source_->Revoke(revocation);
  }
  std::string TokenWith(const std::string& claim, const std::string& json) const {
    return SignClaims(Claims().Set(claim, json).str());
  }

  const std::shared_ptr<SwitchableRevocations> source_ =
      std::make_shared<SwitchableRevocations>(issuer_.issuer(), clock_);
  const std::unique_ptr<Verifier> revoking_ = Make({{issuer_.Config(), issuer_.Keys(), source_}});
};

TEST_F(VerifierRevocationTest, RefusesARevokedTokenFreshOrRemembered) {
  const std::string seen = TokenWith("jti", "\"a\""), unseen = TokenWith("jti", "\"b\"");
  const std::string other = TokenWith("jti", "\"c\"");
  ASSERT_THAT(revoking_->Verify(seen), IsOk());
  RevokeToken("a");
  RevokeToken("b");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(revoking_->Verify(seen), FailsWith(AuthFailure::kRevoked));
    EXPECT_THAT(revoking_->Verify(unseen), FailsWith(AuthFailure::kRevoked));
    EXPECT_THAT(revoking_->Verify(other), IsOk());
  }
}

TEST_F(VerifierRevocationTest, RefusesWhatASessionASubjectAnActorOrAKeyHas) {
  const auto refuses = [this](const std::string& token, const v1::Revocation& revocation) {
    const auto source = std::make_shared<SwitchableRevocations>(issuer_.issuer(), clock_);
    const auto verifier = Make({{issuer_.Config(), issuer_.Keys(), source}});
    EXPECT_THAT(verifier->Verify(token), IsOk());
    source->Revoke(revocation);
    EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kRevoked));
  };
  v1::Revocation session = Revocation(), subject = Revocation(), actor = Revocation(),
                 key = Revocation();
  session.set_session_id("s-1");
  refuses(TokenWith("sid", "\"s-1\""), session);
  subject.set_subject("svc:test");
  subject.mutable_not_before()->set_seconds(kNow);
  refuses(SignClaims(Claims().str()), subject);
  actor.set_subject("svc:front");
  actor.mutable_not_before()->set_seconds(kNow);
  refuses(TokenWith("act", "{\"sub\":\"svc:front\"}"), actor);
  key.set_key_id(issuer_.key().id());
  refuses(issuer_.Token().Sign(), key);
  // Also where the header does not name the key.
  refuses(issuer_.Token().KeyId("").Sign(), key);
}

TEST_F(VerifierRevocationTest, TokenOfTheSameSecondIsRevokedAndOfTheNextIsNot) {
  v1::Revocation revocation = Revocation();
  revocation.set_subject("svc:test");
  revocation.mutable_not_before()->set_seconds(kNow);
  source_->Revoke(revocation);
  EXPECT_THAT(revoking_->Verify(TokenWith("iat", absl::StrCat(kNow, ".75"))),
              FailsWith(AuthFailure::kRevoked));
  EXPECT_THAT(revoking_->Verify(TokenWith("iat", absl::StrCat(kNow + 1))), IsOk());
}

TEST_F(VerifierRevocationTest, RefusesEverythingWhileNobodyKnows) {
  const std::string token = issuer_.Token().Sign();
  ASSERT_THAT(revoking_->Verify(token), IsOk());
  source_->SetKnown(false);
  const auto caller = revoking_->Verify(token);
  EXPECT_THAT(caller, FailsWith(AuthFailure::kRevocationUnknown));
  EXPECT_EQ(AuthFailureDetail(caller.status()), "issuer test: nothing has been heard yet");
  EXPECT_THAT(revoking_->Verify(issuer_.Token().Sign()),
              FailsWith(AuthFailure::kRevocationUnknown));
  source_->SetKnown(true);
  EXPECT_THAT(revoking_->Verify(token), IsOk());
}

// The reason of a token that is bad anyhow says no more than it would without revocations.
TEST_F(VerifierRevocationTest, IsAskedAfterAllElse) {
  source_->SetKnown(false);
  const std::string expired = issuer_.Token().ExpiresIn(absl::Seconds(30)).Sign();
  const std::string bound = issuer_.Token().BoundTo(std::string(32, 'x')).Sign();
  EXPECT_THAT(revoking_->Verify(bound), FailsWith(AuthFailure::kNotBound));
  EXPECT_THAT(revoking_->Verify(expired), FailsWith(AuthFailure::kRevocationUnknown));
  clock_->Advance(absl::Minutes(2));
  EXPECT_THAT(revoking_->Verify(expired), FailsWith(AuthFailure::kExpired));
}

TEST_F(VerifierRevocationTest, RevocationDuringVerificationLetsNothingIn) {
  const std::string token = TokenWith("jti", "\"a\"");
  revoking_->set_before_insert_for_test([this] { RevokeToken("a"); });
  EXPECT_THAT(revoking_->Verify(token), FailsWith(AuthFailure::kRevoked));
  revoking_->set_before_insert_for_test(nullptr);
  EXPECT_THAT(revoking_->Verify(token), FailsWith(AuthFailure::kRevoked));
}

TEST_F(VerifierRevocationTest, RevocationBesideManyVerificationsHoldsFromThenOn) {
  const std::string token = TokenWith("jti", "\"a\"");
  std::atomic<bool> revoked{false}, done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        const bool was_revoked = revoked;
        if (revoking_->Verify(token).ok() && was_revoked) ++wrong;
      }
    });
  }
  for (int i = 0; i < 1000; ++i) RevokeToken(absl::StrCat("other-", i));
  RevokeToken("a");
  revoked = true;
  EXPECT_THAT(revoking_->Verify(token), FailsWith(AuthFailure::kRevoked));
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(VerifierRevocationTest, CallerIsTrustedUntilItsTokenIsRevoked) {
  const auto caller = revoking_->Verify(TokenWith("jti", "\"a\""));
  ASSERT_THAT(caller, IsOk());
  EXPECT_THAT(revoking_->StillTrusts(*caller), IsOk());
  RevokeToken("a");
  EXPECT_THAT(revoking_->StillTrusts(*caller), FailsWith(AuthFailure::kRevoked));
  source_->SetKnown(false);
  EXPECT_THAT(revoking_->StillTrusts(*caller), FailsWith(AuthFailure::kRevocationUnknown));
}

TEST_F(VerifierRevocationTest, SessionIsAString) {
  EXPECT_THAT(verifier_->Verify(TokenWith("sid", "7")), FailsWith(AuthFailure::kMalformedToken));
}

}  // namespace
}  // namespace lanyard
