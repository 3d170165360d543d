// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/testing/test_issuer.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrintablePathTest, ShowsPaths) {
  for (const char* path :
       {"", "a", "/etc/orders/tls.key", "../keys/sso.jwks", "/var/run/secrets/tokens/orders",
        "C:\\keys\\a.pem", "/srv/übersicht/schlüssel.pem",
        "/root/.cache/835165e65df656dc9abbd58e53cf243e/bin/x.runfiles/LogSearchTest.Files/keys",
        "/var/lib/kubelet/pods/0f2c61d4-77aa-4c0e-8d6e-0000000000ab/..2026_11_25_08_00_00.1/token",
        "/etc/lanyard-orders-service-account-signing-key.2026.pem"}) {
    EXPECT_EQ(PrintablePath(path), path);
  }
}

TEST(PrintablePathTest, DoesNotShowWhatIsNone) {
  const testing::TestIssuer issuer, hmac(Algorithm::kHs256);
  for (const std::string& content :
       {issuer.Token().Sign(), "/etc/orders/" + issuer.Token().Sign(),
        issuer.key().ExportPrivatePem().value(), issuer.key().ExportPrivateJwk().value(),
        hmac.key().ExportPrivateJwk().value(), std::string("kV7hQ0xX3m8Zr1Tt9Lw2Yc4Ub6Na5Pe0"),
        std::string(2000, 'a')}) {
    EXPECT_THAT(PrintablePath(content), HasSubstr("a key or token itself"));
    EXPECT_THAT(PrintablePath(content), Not(HasSubstr(content.substr(content.size() - 12))));
  }
}

TEST(PrintablePathTest, DoesNotLetAPathActOnATerminal) {
  EXPECT_EQ(PrintablePath("/etc/\x1b[31m"), "/etc/?[31m");
}

TEST(WithoutSecretsTest, LeavesNames) {
  for (const char* message : {"Expected \":\", found \"}\".", "Expected integer, got: many",
                              "\"issuer_signs_access_tokens_only\" is no boolean",
                              "Unknown enumeration value of \"ES257\" for field \"algorithms\"."}) {
    EXPECT_EQ(WithoutSecrets(message), message);
  }
}

TEST(WithoutSecretsTest, TakesOutWhatMayBeOne) {
  EXPECT_EQ(WithoutSecrets("Expected string, got: kV7hQ0xX3m8Zr1Tt"), "Expected string, got: …");
  EXPECT_EQ(WithoutSecrets("no field named \"b3c1f0d29a7e4f58\"."), "no field named \"…\".");
  EXPECT_EQ(WithoutSecrets("got: kV7h/Q0xX+3m8Zr1Tt=, x"), "got: …, x");
  EXPECT_EQ(WithoutSecrets("got: " + std::string(65, 'a')), "got: …");
}

}  // namespace
}  // namespace lanyard::internal
