// SPDX-License-Identifier: Apache-2.0
// Pairs, chains and names that no client would be happy with.
#include "absl/time/clock.h"
#include "tests/tools/lanyard/doctor_fixture.h"

namespace lanyard::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(DoctorTest, AKeyOfAnotherCertificateIsAFailure) {
  files_.Issue("other", {"DNS:other.example.test"}, absl::Hours(24 * 90));
  files_.Write("mixed.crt", files_.Read("orders.crt"));
  files_.Write("mixed.key", files_.Read("other.key"));
  const Outcome outcome = DoctorOfTls("mixed");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome,
              HasFinding(absl::StrCat("FAIL tls: ", files_.Path("mixed.crt"), " and ",
                                      files_.Path("mixed.key"),
                                      ": the private key does not belong to the first certificate "
                                      "of the chain"),
                         "put certificate and key of one issuance there"));
}

TEST_F(DoctorTest, SwappedFilesAreNamed) {
  files_.Write("swapped.crt", files_.Read("orders.key"));
  files_.Write("swapped.key", files_.Read("orders.crt"));
  const Outcome outcome = DoctorOfTls("swapped");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome,
              HasFinding(absl::StrCat(files_.Path("swapped.crt"), " holds no certificate, and ",
                                      files_.Path("swapped.key"), " does"),
                         "swap --tls-certificate and --tls-key"));
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(DoctorTest, AChainGoesFromTheServerUpwards) {
  const std::string chain = files_.Read("orders.crt");
  files_.Write("orders.crt", chain + files_.Read("ca.pem"));
  EXPECT_THAT(DoctorOfTls("orders"), FindsNothing());
  EXPECT_THAT(DoctorOfTls("orders").out, HasSubstr(": 2 certificates for DNS:orders.example.test"));
  const TestCertificates strangers;
  files_.Write("orders.crt", chain + strangers.Read("ca.pem"));
  const Outcome outcome = DoctorOfTls("orders");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding("orders.crt: certificate 1 of the chain is not signed by "
                                  "certificate 2",
                                  "write the server's own certificate first"));
}

TEST_F(DoctorTest, ACertificateThatBeginsLaterIsAFailure) {
  // It began a day before it was made.
  const std::string at = absl::StrCat(absl::ToUnixSeconds(absl::Now() - absl::Hours(48)));
  EXPECT_THAT(DoctorOfTls("orders", {"--at", at}).out,
              ::testing::ContainsRegex("FAIL tls: .*orders.crt: not valid before 20[0-9T:-]*Z\n"
                                       "     wait, or set this machine's clock"));
}

TEST_F(DoctorTest, ACertificateNeedsTheNamesThatClientsCall) {
  files_.Issue("spiffe", {"URI:spiffe://prod/orders"}, absl::Hours(24 * 90));
  EXPECT_THAT(DoctorOfTls("spiffe"),
              HasFinding("the certificate has no DNS name or address, only "
                         "URI:spiffe://prod/orders",
                         "have it issued with the names by which clients call the server"));
  files_.Issue("local", {"DNS:localhost", "IP:127.0.0.1", "IP:::1"}, absl::Hours(24 * 90));
  EXPECT_THAT(DoctorOfTls("local"),
              HasFinding("the certificate is for this machine alone: DNS:localhost, IP:127.0.0.1, "
                         "IP:::1",
                         "have it issued with the names by which clients of other machines"));
}

TEST_F(DoctorTest, ATlsKeyIsNoSigningKeyOfAnIssuer) {
  files_.Write("sso.jwks", files_.Read("orders.crt"));
  const Outcome outcome = DoctorOfTls("orders");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding("orders.key: the server's TLS key is also a signing key of "
                                  "issuer sso, so this server can make tokens",
                                  "give the server a key of its own"));
}

TEST_F(DoctorTest, RootsMustBeCertificates) {
  files_.Write("roots.pem", "nothing");
  EXPECT_THAT(DoctorOfTls("orders", {"--tls-roots", files_.Path("roots.pem")}),
              HasFinding("roots.pem (--tls-roots): there is no certificate "
                         "(\"-----BEGIN CERTIFICATE-----\")",
                         "write the certificates there in PEM"));
}

}  // namespace
}  // namespace lanyard::testing
