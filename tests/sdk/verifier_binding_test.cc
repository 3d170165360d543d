// SPDX-License-Identifier: Apache-2.0
//
// Tokens bound to a client certificate (RFC 8705), and to what Lanyard cannot check.
#include "lanyard/sdk/internal/base64url.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::VerifierFixture;

class VerifierBindingTest : public VerifierFixture {
 protected:
  // As on a connection with that certificate; counts how often it is asked for.
  absl::StatusOr<Identity> VerifyOver(const std::string& sha256, const std::string& token) {
    struct Connection final : TokenConnection {
      std::string CertificateSha256() override {
        ++asked;
        return sha256;
      }
      std::string sha256;
      int asked = 0;
    } connection;
    connection.sha256 = sha256;
    auto caller = verifier_->Verify(token, connection);
    asked_ += connection.asked;
    return caller;
  }

  const std::string owner_ = std::string(31, '\x5a') + '\x01';
  const std::string thief_ = std::string(31, '\x5a') + '\x02';
  const std::string token_ = issuer_.Token().BoundTo(owner_).Sign();
  int asked_ = 0;
};

TEST_F(VerifierBindingTest, OwnerMayUseIt) { EXPECT_THAT(VerifyOver(owner_, token_), IsOk()); }

TEST_F(VerifierBindingTest, ThiefMayNotUseIt) {
  for (const std::string& bad :
       {thief_, std::string(), owner_.substr(0, 31), owner_ + owner_.substr(0, 1),
        std::string(32, '\0'), internal::Base64UrlEncode(owner_)}) {
    EXPECT_THAT(VerifyOver(bad, token_), FailsWith(AuthFailure::kNotBound));
  }
  EXPECT_THAT(verifier_->Verify(token_), FailsWith(AuthFailure::kNotBound));
}

TEST_F(VerifierBindingTest, ThiefMayNotUseItAfterTheOwner) {
  // The verdict is cached; what the connection must prove is not.
  ASSERT_THAT(VerifyOver(owner_, token_), IsOk());
  EXPECT_THAT(VerifyOver(thief_, token_), FailsWith(AuthFailure::kNotBound));
  EXPECT_THAT(VerifyOver("", token_), FailsWith(AuthFailure::kNotBound));
  EXPECT_THAT(verifier_->Verify(token_), FailsWith(AuthFailure::kNotBound));
  EXPECT_THAT(VerifyOver(owner_, token_), IsOk());
}

TEST_F(VerifierBindingTest, OwnerMayUseItAfterTheThief) {
  EXPECT_THAT(VerifyOver(thief_, token_), FailsWith(AuthFailure::kNotBound));
  EXPECT_THAT(VerifyOver(owner_, token_), IsOk());
}

TEST_F(VerifierBindingTest, UnboundTokenNeedsNoCertificate) {
  const std::string token = issuer_.Token().Sign();
  EXPECT_THAT(VerifyOver(owner_, token), IsOk());
  EXPECT_THAT(VerifyOver("", token), IsOk());
  EXPECT_THAT(verifier_->Verify(token), IsOk());
  EXPECT_EQ(asked_, 0) << "the certificate is hashed for nothing";
}

TEST_F(VerifierBindingTest, CertificateIsAskedForOnEveryCall) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_THAT(VerifyOver(owner_, token_), IsOk());
    EXPECT_EQ(asked_, i);
  }
}

TEST_F(VerifierBindingTest, BadSignatureIsFoundBeforeTheBinding) {
  std::string token = token_;
  const size_t at = token.rfind('.') + 1;
  token[at] = token[at] == 'A' ? 'B' : 'A';
  EXPECT_THAT(VerifyOver(owner_, token), FailsWith(AuthFailure::kBadSignature));
  EXPECT_EQ(asked_, 0);
}

struct Row {
  const char* name;
  // "@" stands for the owner's thumbprint.
  std::string cnf;
};

class UncheckableConfirmationTest : public VerifierBindingTest,
                                    public ::testing::WithParamInterface<Row> {};

TEST_P(UncheckableConfirmationTest, IsNotBound) {
  std::string cnf = GetParam().cnf;
  if (const size_t at = cnf.find('@'); at != std::string::npos) {
    cnf.replace(at, 1, internal::Base64UrlEncode(owner_));
  }
  const std::string token = SignClaims(Claims().Add("cnf", cnf).str());
  // On the owner's connection, on others, and from the cache.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(VerifyOver(owner_, token), FailsWith(AuthFailure::kNotBound));
    EXPECT_THAT(VerifyOver("", token), FailsWith(AuthFailure::kNotBound));
    EXPECT_THAT(verifier_->Verify(token), FailsWith(AuthFailure::kNotBound));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , UncheckableConfirmationTest,
    ::testing::Values(
        // RFC 9449 section 7.2: a DPoP-bound token is no bearer token.
        Row{"DpopKey", R"({"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})"},
        Row{"DpopKeyBesideOurs", R"({"x5t#S256":"@","jkt":"a"})"},
        Row{"DpopKeyBeforeOurs", R"({"jkt":"a","x5t#S256":"@"})"},
        Row{"UnknownBesideOurs", R"({"x5t#S256":"@","x":1})"},
        Row{"NullBesideOurs", R"({"x5t#S256":"@","jkt":null})"}, Row{"Jwk", R"({"jwk":{}})"},
        Row{"EncryptedJwk", R"({"jwe":"a"})"}, Row{"KeyId", R"({"kid":"a"})"},
        Row{"KeySetUrl", R"({"jku":"https://attacker.example"})"}, Row{"Empty", "{}"},
        Row{"Null", "null"}, Row{"Text", R"("@")"}, Row{"Array", R"([{"x5t#S256":"@"}])"},
        Row{"False", "false"}, Row{"Sha1Thumbprint", R"({"x5t":"@"})"},
        Row{"OtherCase", R"({"X5T#S256":"@"})"}, Row{"ThumbprintNumber", R"({"x5t#S256":1})"},
        Row{"ThumbprintNull", R"({"x5t#S256":null})"},
        Row{"ThumbprintArray", R"({"x5t#S256":["@"]})"},
        Row{"ThumbprintEmpty", R"({"x5t#S256":""})"},
        Row{"ThumbprintPadded", R"({"x5t#S256":"@="})"},
        Row{"ThumbprintShort", R"({"x5t#S256":"WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWg"})"},
        Row{"ThumbprintLong", R"({"x5t#S256":"@AA"})"},
        Row{"ThumbprintHex",
            R"({"x5t#S256":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a01"})"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lanyard
