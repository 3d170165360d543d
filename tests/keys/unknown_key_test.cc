// SPDX-License-Identifier: Apache-2.0
// Tokens that name a key which is not there yet, or never.
#include <cstdio>

#include "tests/keys/remote_keys.h"

namespace lanyard::test {
namespace {

using testing::FailsWith;
using testing::TestIssuer;

class UnknownKeyTest : public RemoteKeysTest {
 protected:
  void SetUp() override {
    RemoteKeysTest::SetUp();
    if (IsSkipped()) return;
    nginx_.Start();
    RemoteKeySourceOptions options = Options();
    options.refresh = absl::Hours(1);
    options.max_stale = absl::Hours(2);
    MakeWithKeys(options);
    shared_ = std::move(source_);
    verifier_ = VerifierOf(shared_);
  }

  std::optional<AuthFailure> FailureFor(const testing::TokenBuilder& token) const {
    return FailureOf(verifier_->Verify(token.Sign()).status());
  }

  // How many fetches have been answered: on a busy machine one may time out and be repeated.
  int64_t Answers() const { return shared_->Status().successes; }

  std::shared_ptr<RemoteKeySource> shared_;
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(UnknownKeyTest, AKeyActivatedAtOnceIsFetchedAtOnce) {
  nginx_.Serve("jwks", SetOf({&issuer_, &next_}));
  testing::TokenBuilder token = next_.Token();
  token.Issuer(issuer_.issuer());
  EXPECT_EQ(FailureFor(token), AuthFailure::kKeysUnavailable);
  EXPECT_TRUE(Soon([&] { return !FailureFor(token).has_value(); }));
  EXPECT_EQ(Answers(), 2);
}

TEST_F(UnknownKeyTest, AKeyThatIsNowhereIsUnauthenticatedOnceThatIsKnown) {
  testing::TokenBuilder token = issuer_.Token();
  token.KeyId("made up");
  EXPECT_EQ(FailureFor(token), AuthFailure::kKeysUnavailable);
  EXPECT_TRUE(Soon([&] { return FailureFor(token) == AuthFailure::kUnknownKey; }));
  EXPECT_EQ(Answers(), 2);
  // What cannot be a key of this issuer is no reason to ask.
  EXPECT_EQ(FailureFor(issuer_.Token().KeyId("other").Issuer("https://other")),
            AuthFailure::kUnknownIssuer);
  EXPECT_EQ(FailureFor(TestIssuer(Algorithm::kEs384).Token().KeyId("other")),
            AuthFailure::kUnsupportedAlgorithm);
  EXPECT_EQ(Answers(), 2);
}

// A key of that id is there, but for another algorithm: no reason to ask, or anybody could keep the
// issuer busy with it.
TEST_F(UnknownKeyTest, AKnownIdWithAnotherAlgorithmAsksForNothing) {
  v1::Issuer config = issuer_.Config();
  config.add_algorithms(v1::RS256);
  VerifierOptions options;
  options.issuers = {{config, shared_}};
  const auto verifier = *Verifier::Create(std::move(options));
  testing::TokenBuilder token = TestIssuer(Algorithm::kRs256).Token();
  token.KeyId(issuer_.key().id());
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(verifier->Verify(token.Sign()), FailsWith(AuthFailure::kUnknownKey));
  }
  EXPECT_EQ(shared_->fetches(), 1);
}

TEST_F(UnknownKeyTest, TenThousandUnknownKeysAreAFewFetches) {
  testing::TokenBuilder token = issuer_.Token();
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - start; };
  int sent = 0;
  for (; sent < 10'000 || elapsed() < std::chrono::seconds(3); ++sent) {
    const auto failure = FailureFor(token.KeyId(absl::StrCat("made up ", sent)));
    ASSERT_TRUE(failure == AuthFailure::kKeysUnavailable || failure == AuthFailure::kUnknownKey);
  }
  const int64_t answers = Answers();  // Before the time is read, which allows for them.
  // At 0, 1, 3, 8, 23 s and then every 30, less a tenth.
  const double seconds = std::chrono::duration<double>(elapsed()).count();
  int64_t allowed = 2;
  for (const double at : {0.9, 2.7, 7.2, 20.7, 47.7, 74.7, 101.7}) allowed += seconds >= at;
  EXPECT_LE(answers, allowed);
  std::printf("%d unknown key ids in %.1f s, %d fetches\n", sent, seconds,
              static_cast<int>(answers) - 1);
  // The keys that are known were never in doubt.
  EXPECT_EQ(FailureFor(issuer_.Token()), std::nullopt);
}

}  // namespace
}  // namespace lanyard::test
