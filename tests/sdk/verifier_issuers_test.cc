// SPDX-License-Identifier: Apache-2.0
//
// Which issuer a token is of, where several are trusted.
#include "absl/strings/str_replace.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;

// Two issuers A and B, both trusted: B must never speak for A (RFC 8725 section 3.8).
class TwoIssuersTest : public VerifierFixture {
 protected:
  // `claims` with B's key and kid.
  std::string ByB(const std::string& claims) const { return b_.Token().RawClaims(claims).Sign(); }

  TestIssuer b_{Algorithm::kEs256, "b", clock_};
  TestIssuer hmac_{Algorithm::kHs256, "hmac", clock_};
  std::unique_ptr<Verifier> both_ = Make({{issuer_.Config(), issuer_.Keys()},
                                          {b_.Config(), b_.Keys()},
                                          {hmac_.Config(), hmac_.Keys()}});
  const std::string a_iss_ = absl::StrCat("\"", issuer_.issuer(), "\"");
  const std::string b_iss_ = absl::StrCat("\"", b_.issuer(), "\"");
};

TEST_F(TwoIssuersTest, EachSpeaksForItself) {
  EXPECT_TRUE(both_->Verify(issuer_.Token().Sign())->Is("test", "svc:test"));
  const auto by_b = both_->Verify(b_.Token().Sign());
  ASSERT_THAT(by_b, IsOk());
  EXPECT_TRUE(by_b->Is("b", "svc:test"));
  EXPECT_FALSE(by_b->Is("test", "svc:test")) << "the same subject of another issuer";
  EXPECT_TRUE(both_->Verify(hmac_.Token().Sign())->Is("hmac", "svc:test"));
}

TEST_F(TwoIssuersTest, KeyOfOneIsUnknownToTheOther) {
  EXPECT_THAT(both_->Verify(b_.Token().Issuer(issuer_.issuer()).Sign()),
              FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both_->Verify(b_.Token().Issuer(issuer_.issuer()).KeyId(issuer_.key().id()).Sign()),
              FailsWith(AuthFailure::kBadSignature));
  EXPECT_THAT(both_->Verify(b_.Token().Issuer(issuer_.issuer()).KeyId("").Sign()),
              FailsWith(AuthFailure::kBadSignature));
  EXPECT_THAT(both_->Verify(hmac_.Token().Issuer(issuer_.issuer()).Sign()),
              FailsWith(AuthFailure::kUnsupportedAlgorithm));
}

TEST_F(TwoIssuersTest, ASlashTooManyIsNamedAndLetsNobodyIn) {
  const auto with_slash = both_->Verify(issuer_.Token().Issuer(issuer_.issuer() + "/").Sign());
  EXPECT_THAT(with_slash, FailsWith(AuthFailure::kUnknownIssuer));
  EXPECT_EQ(AuthFailureDetail(with_slash.status()),
            "\"iss\" is none of the configured issuers; it is that of test but for a slash at the "
            "end");
  const auto other = both_->Verify(issuer_.Token().Issuer("https://other.test/").Sign());
  EXPECT_EQ(AuthFailureDetail(other.status()), "\"iss\" is none of the configured issuers");
}

TEST_F(TwoIssuersTest, ASlashTooFewIsNamed) {
  v1::Issuer config = issuer_.Config();
  config.set_issuer(issuer_.issuer() + "/");
  const auto verifier = Make({{config, issuer_.Keys()}});
  const auto without = verifier->Verify(issuer_.Token().Sign());
  EXPECT_THAT(without, FailsWith(AuthFailure::kUnknownIssuer));
  EXPECT_THAT(AuthFailureDetail(without.status()),
              ::testing::EndsWith("it is that of test but for a slash at the end"));
}

TEST_F(TwoIssuersTest, NestedIssuerIsNoIssuer) {
  const auto claims = Claims();
  // As A, by B: the nested name must not pick B's keys.
  EXPECT_THAT(both_->Verify(ByB("{\"x\":{\"iss\":" + b_iss_ + "}," + claims.str().substr(1))),
              FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both_->Verify(ByB("{\"x\":[{\"iss\":" + b_iss_ + "}]," + claims.str().substr(1))),
              FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both_->Verify(ByB(
                  ClaimsText(claims).Add("act", "{\"sub\":\"a\",\"iss\":" + b_iss_ + "}").str())),
              FailsWith(AuthFailure::kUnknownKey));
  // As B, with A's name inside: B's caller, and nobody of A's.
  auto as_b = claims;
  as_b.Set("iss", b_iss_);
  const auto caller = both_->Verify(ByB("{\"x\":{\"iss\":" + a_iss_ + "}," + as_b.str().substr(1)));
  ASSERT_THAT(caller, IsOk());
  EXPECT_EQ(caller->issuer_name(), "b");
}

TEST_F(TwoIssuersTest, IssuerInsideAStringIsNoIssuer) {
  const std::string decoy = "\"{\\\"iss\\\":\\\"" + b_.issuer() + "\\\"}\"";
  EXPECT_THAT(both_->Verify(ByB("{\"x\":" + decoy + "," + Claims().str().substr(1))),
              FailsWith(AuthFailure::kUnknownKey));
}

TEST_F(TwoIssuersTest, RefusesTwoIssuersInOneToken) {
  for (const auto& [first, second] :
       {std::pair(a_iss_, b_iss_), std::pair(b_iss_, a_iss_), std::pair(b_iss_, b_iss_)}) {
    EXPECT_THAT(both_->Verify(ByB(Claims().Set("iss", first).Add("iss", second).str())),
                FailsWith(AuthFailure::kMalformedToken));
    EXPECT_THAT(both_->Verify(ByB(Claims().Set("iss", first).Add("\\u0069ss", second).str())),
                FailsWith(AuthFailure::kMalformedToken));
  }
}

TEST_F(TwoIssuersTest, EscapesAreReadBeforeTheIssuerIsCompared) {
  // The same name in another spelling is A's, so B's key is none of its.
  const std::string escaped = absl::StrReplaceAll(a_iss_, {{"/", "\\/"}, {"t", "\\u0074"}});
  EXPECT_THAT(both_->Verify(ByB(Claims().Set("iss", escaped).str())),
              FailsWith(AuthFailure::kUnknownKey));
  const auto by_a = both_->Verify(SignClaims(Claims().Set("iss", escaped).str()));
  ASSERT_THAT(by_a, IsOk());
  EXPECT_EQ(by_a->issuer(), issuer_.issuer());
  // The name of the member, too.
  const std::string by_name = Claims().Remove("iss").Add("\\u0069ss", a_iss_).str();
  EXPECT_THAT(both_->Verify(ByB(by_name)), FailsWith(AuthFailure::kUnknownKey));
  EXPECT_THAT(both_->Verify(SignClaims(by_name)), IsOk());
}

TEST_F(TwoIssuersTest, NulBytesDoNotCutTheIssuer) {
  const std::string cut = a_iss_.substr(0, a_iss_.size() - 1) + "\\u0000\"";
  EXPECT_THAT(both_->Verify(SignClaims(Claims().Set("iss", cut).str())),
              FailsWith(AuthFailure::kUnknownIssuer));
}

TEST_F(TwoIssuersTest, AlgorithmsOfOneAreNotTheOthers) {
  // A lists ES256, "hmac" lists HS256.
  EXPECT_THAT(both_->Verify(hmac_.Token().Issuer(issuer_.issuer()).KeyId("").Sign()),
              FailsWith(AuthFailure::kUnsupportedAlgorithm));
  EXPECT_THAT(both_->Verify(issuer_.Token().Issuer(hmac_.issuer()).KeyId("").Sign()),
              FailsWith(AuthFailure::kUnsupportedAlgorithm));
}

}  // namespace
}  // namespace lanyard
