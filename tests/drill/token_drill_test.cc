// SPDX-License-Identifier: Apache-2.0
// A pair that runs, and then its tokens or its clocks go wrong: whether what there is to see at
// three in the morning names the cause, on the side that can do something about it.
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/drill/drill_pair.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::Duration kHour = absl::Hours(1);
constexpr char kCompareClocks[] = "compare the clocks of issuer and server";

class TokenDrillTest : public DrillTest {
 protected:
  // That the client has no token to send, for the reason `why`, and that its Describe() says so.
  void ExpectNoToken(grpc::StatusCode code, const std::string& why) {
    ExpectNotSent(Call(), code, absl::StrCat("lanyard: no token for \"test\": ", why));
    EXPECT_THAT(client_->Describe().text,
                AllOf(HasSubstr("    last_error: " + why), HasSubstr("  no_token: 1\n")));
    EXPECT_EQ(MetricOf("lanyard_client_calls_failed_total test no_token"), 1);
    EXPECT_EQ(
        MetricOf(absl::StrCat("lanyard_client_token_fetches_total test default ",
                              code == grpc::StatusCode::UNAVAILABLE ? "transient" : "permanent")),
        1);
  }
};

TEST_F(TokenDrillTest, TheProviderWritesAnotherAudience) {
  const std::string token = issuer_.Token().Audience("account").Sign();
  StartClientWith(token);
  ExpectNoToken(grpc::StatusCode::UNAUTHENTICATED,
                "the token is not for \"test\": aud_seen [\"account\"]");
  ExpectRefused(CallWith(token), "wrong audience", AuthFailure::kWrongAudience,
                "\"aud\" names none of our audiences: aud_seen [\"account\"], want [\"test\"]",
                StartsWith("add an audience mapper at the issuer"));
}

TEST_F(TokenDrillTest, TheIssuersUrlHasASlashAtTheEnd) {
  StartClientWith(issuer_.Token().Issuer(issuer_.issuer() + "/").Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kUnknownIssuer,
                "\"iss\" is none of the configured issuers; it is that of test but for a slash at "
                "the end",
                HasSubstr("byte for byte: a slash at the end counts"));
}

TEST_F(TokenDrillTest, TheTokenIsOfAnotherEnvironment) {
  StartClientWith(issuer_.Token().Issuer("https://staging.example.test").Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kUnknownIssuer,
                "\"iss\" is none of the configured issuers",
                StartsWith("compare iss in the token (lanyard token inspect) with issuer"));
}

TEST_F(TokenDrillTest, TheIssuersClockIsAnHourAhead) {
  issuer_time_->Advance(kHour);
  StartClientWith(issuer_.Token().Sign());
  ExpectRefused(Call(), "token not yet valid", AuthFailure::kNotYetValid,
                "\"iat\" is 1h in the future", kCompareClocks);
}

TEST_F(TokenDrillTest, TheIssuersClockIsAnHourBehind) {
  server_time_->Advance(kHour);
  client_time_->Advance(kHour);
  const std::string token = issuer_.Token().Sign();
  StartClientWith(token);
  ExpectNoToken(grpc::StatusCode::UNAVAILABLE,
                "the token source gave a token that expired 55m ago");
  ExpectRefused(CallWith(token), "token expired", AuthFailure::kExpired, "\"exp\" was 55m ago",
                AllOf(StartsWith("the client must get a new token before exp"),
                      HasSubstr("if its token is new, compare the clocks")));
}

TEST_F(TokenDrillTest, TheServersClockIsAnHourAhead) {
  server_time_->Advance(kHour);
  GiveToken(issuer_.Token().Sign());
  ExpectRefused(Call(), "token expired", AuthFailure::kExpired, "\"exp\" was 55m ago",
                HasSubstr("compare the clocks of issuer and server"));
  EXPECT_THAT(client_->Describe().text, HasSubstr("    refused_by_servers: 1\n"));
  EXPECT_THAT(
      Doctor(absl::StrCat("--at ", absl::ToUnixSeconds(absl::Now() + kHour))),
      AllOf(HasSubstr("FAIL clock: this machine's clock is "),
            HasSubstr(" ahead of that of issuer test\n     set this machine's clock (NTP)")));
}

TEST_F(TokenDrillTest, TheServersClockWasNeverSet) {
  server_time_->Set(absl::FromUnixSeconds(0));
  EXPECT_THAT(Ready(), HasSubstr("the wall clock stands before this release of Lanyard: set it"));
  ExpectRefused(Call(), "token not yet valid", AuthFailure::kNotYetValid,
                StartsWith("\"iat\" is 52777"), kCompareClocks);
}

TEST_F(TokenDrillTest, TheTokenLivesForAYear) {
  StartClientWith(issuer_.Token().ExpiresIn(365 * absl::Hours(24)).Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kLifetimeTooLong,
                "the token lives 8760h, longer than max_lifetime, 24h",
                HasSubstr("raise max_lifetime of that issuer"));
}

TEST_F(TokenDrillTest, TheClientSendsItsIdToken) {
  auto token = issuer_.Token().Type("JWT");
  StartClientWith(token.Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kWrongType,
                "typ in the header is not one that this issuer's access tokens have: want "
                "[\"at+jwt\"]",
                HasSubstr("an ID token perhaps"));
}

TEST_F(TokenDrillTest, TheTokenHasNoSub) {
  auto token = issuer_.Token();
  token.claims().clear_subject();
  StartClientWith(token.Sign());
  ExpectRefused(Call(), "invalid token", AuthFailure::kMissingClaim,
                StartsWith("the token has no \"sub\"; let the issuer write it"),
                StartsWith("let the issuer write the claim"));
}

TEST_F(TokenDrillTest, TheClientCertificateIsRenewedAndTheTokenIsNot) {
  files_.Issue("checkout", {"URI:spiffe://example.test/checkout"});
  options_.tls.root_certificates = files_.Path("ca.pem");
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_TRUE(GetsReady()) << auth_->Ready();
  GiveToken(issuer_.Token().BoundTo(files_.Sha256Of("checkout")).Sign());
  const TlsFiles tls = files_.Client("checkout");
  StartClient(&tls);
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  files_.Issue("checkout", {"URI:spiffe://example.test/checkout"});
  StartClient(&tls);
  const auto line =
      ExpectRefused(Call(), "invalid token", AuthFailure::kNotBound,
                    "the token is bound to a client certificate that this connection does not have",
                    HasSubstr("the client's was renewed after the token was made"));
  EXPECT_EQ(line.at("peer"), "spiffe://example.test/checkout");
}

TEST_F(TokenDrillTest, TheTokenFileIsGone) {
  std::filesystem::remove(files_.Path("token"));
  // What is at hand is used as long as it lasts.
  client_time_->Advance(absl::Minutes(4));
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  StartClient();
  ExpectNoToken(grpc::StatusCode::UNAVAILABLE,
                absl::StrCat("the token file cannot be read: ", files_.Path("token"),
                             ": No such file or directory"));
}

TEST_F(TokenDrillTest, TheTokenFileIsEmpty) {
  StartClientWith("");
  ExpectNoToken(grpc::StatusCode::UNAUTHENTICATED,
                absl::StrCat(files_.Path("token"), ": the token file is empty"));
  EXPECT_THAT(Doctor("--token-file " + files_.Path("token")),
              HasSubstr(absl::StrCat("FAIL files: ", files_.Path("token"), " (--token-file): ")));
}

TEST_F(TokenDrillTest, TheTokenFileHoldsAnErrorMessage) {
  StartClientWith("error: login required");
  ExpectNoToken(
      grpc::StatusCode::UNAUTHENTICATED,
      absl::StrCat(files_.Path("token"), ": the token file holds something else than one token"));
}

TEST_F(TokenDrillTest, NobodyRenewsTheTokenFile) {
  PassTime(kHour);
  ExpectNoToken(grpc::StatusCode::UNAVAILABLE,
                "the token source gave a token that expired 55m ago");
  EXPECT_LT(MetricOf("lanyard_client_token_expiry_timestamp_seconds test default"),
            absl::ToDoubleSeconds(client_time_->Now() - absl::UnixEpoch()));
}

}  // namespace
}  // namespace lanyard::test
