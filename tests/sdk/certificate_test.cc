// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestCertificates;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CertificatesInTest, TellsNamesDatesAndSigners) {
  TestCertificates files;
  files.Issue("web", {"DNS:web.example.test", "IP:127.0.0.1", "IP:::1", "URI:spiffe://prod/web"});
  const auto chain = CertificatesIn(files.Read("web.crt") + files.Read("ca.pem"));
  ASSERT_THAT(chain, IsOk());
  ASSERT_EQ(chain->size(), 2u);
  const CertificateFacts& web = (*chain)[0];
  EXPECT_THAT(web.names, ElementsAre("DNS:web.example.test", "IP:127.0.0.1", "IP:::1",
                                     "URI:spiffe://prod/web"));
  EXPECT_TRUE(web.signed_by_next);
  EXPECT_FALSE(web.signed_by_itself);
  EXPECT_FALSE(web.is_ca);
  EXPECT_LT(web.not_before, absl::Now());
  EXPECT_GT(web.not_after, absl::Now() + absl::Hours(23));
  const auto not_after = CertificateNotAfter(files.Read("web.crt"));
  ASSERT_THAT(not_after, IsOk());
  EXPECT_EQ(web.not_after, *not_after);
  const CertificateFacts& ca = (*chain)[1];
  EXPECT_THAT(ca.names, IsEmpty());
  EXPECT_TRUE(ca.is_ca);
  EXPECT_TRUE(ca.signed_by_itself);
  EXPECT_FALSE(ca.signed_by_next);
}

TEST(CertificatesInTest, AStrangersCertificateHasSignedNothing) {
  const TestCertificates files, others;
  const auto chain = CertificatesIn(files.Read("server.crt") + others.Read("ca.pem"));
  ASSERT_THAT(chain, IsOk());
  EXPECT_FALSE(chain->front().signed_by_next);
}

TEST(CertificatesInTest, WhatIsNoCertificateIsAnError) {
  const TestCertificates files;
  EXPECT_THAT(CertificatesIn("").status(), IsError(HasSubstr("there is no certificate")));
  EXPECT_THAT(CertificatesIn(files.Read("server.key")).status(),
              IsError(HasSubstr("there is no certificate")));
  EXPECT_THAT(CertificatesIn(files.Read("ca.pem") +
                             "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                  .status(),
              IsError(HasSubstr("certificate 2")));
}

}  // namespace
}  // namespace lanyard::internal
