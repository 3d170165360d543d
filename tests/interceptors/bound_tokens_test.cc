// SPDX-License-Identifier: Apache-2.0
// Tokens bound to a client certificate (RFC 8705), from minting to the handler, over mTLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

class BoundTokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.options.tls = server_.files.Server(/*mutual=*/true);
    server_.options.config_text =
        absl::StrCat(server_.issuer.ConfigText(),
                     "rules { method: \"/lanyard.test.Echo/Unary\" replaces_annotation: true "
                     "allow { subjects: \"svc:a\" certificate_bound: true } }");
    server_.files.Issue("client", {"URI:spiffe://test/client"});
    server_.files.Issue("thief", {"URI:spiffe://test/thief"});
    ASSERT_NO_FATAL_FAILURE(server_.Start());
  }

  // Signs its own tokens, bound to the certificate of that name, and shows another's.
  std::shared_ptr<grpc::Channel> Channel(const std::string& bound_to, const std::string& shown) {
    SignerOptions signing;
    signing.key = server_.issuer.key();
    auto signer = Signer::Create(signing);
    EXPECT_TRUE(signer.ok()) << signer.status();
    SelfSignedTokenOptions self_signed;
    self_signed.signer = *std::move(signer);
    self_signed.issuer = server_.issuer.issuer();
    self_signed.subject = "svc:a";
    if (!bound_to.empty()) {
      self_signed.bind_to_certificate = server_.files.Path(bound_to + ".crt");
    }
    auto source = SelfSignedTokenSource(self_signed);
    EXPECT_TRUE(source.ok()) << source.status();
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = *std::move(source);
    options.tls = server_.files.Client(shown);
    auto channel = CreateChannel(absl::StrCat("localhost:", server_.port), options);
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }

  grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel) {
    return MakeCall(channel, CallType::kUnary).status;
  }

  GatedServer server_{Api::kCallback};
};

TEST_F(BoundTokensTest, WorksWithItsOwnCertificate) {
  const auto channel = Channel("client", "client");
  for (int i = 0; i < 3; ++i) {
    const grpc::Status status = Call(channel);
    EXPECT_TRUE(status.ok()) << status.error_message() << server_.audit->last().detail;
  }
}

TEST_F(BoundTokensTest, IsOfNoUseWithAnother) {
  const grpc::Status status = Call(Channel("client", "thief"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_F(BoundTokensTest, OnceSeenItIsOfNoUseWithAnotherEither) {
  const std::string token =
      server_.issuer.Token().Subject("svc:a").BoundTo(server_.files.Sha256Of("client")).Sign();
  const auto own = PlainTls(server_.files, server_.port, "client");
  EXPECT_TRUE(MakeCall(own, CallType::kUnary, Bearer(token)).status.ok());
  const auto thief = PlainTls(server_.files, server_.port, "thief");
  EXPECT_EQ(MakeCall(thief, CallType::kUnary, Bearer(token)).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
  EXPECT_TRUE(MakeCall(own, CallType::kUnary, Bearer(token)).status.ok());
}

TEST_F(BoundTokensTest, TheRuleAsksForABinding) {
  const grpc::Status status = Call(Channel("", "client"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("not bound to a client certificate"));
}

// Both sides' certificates are renewed while calls run: connections that are there go on, new ones
// have the new certificate, and tokens are bound to it.
TEST_F(BoundTokensTest, SurvivesRenewalOnBothSides) {
  const auto before = Channel("client", "client");
  ASSERT_TRUE(Call(before).ok());
  const std::string old = server_.files.Sha256Of("client");
  server_.files.Issue("client", {"URI:spiffe://test/client"});
  server_.files.Issue("server", {"DNS:localhost", "IP:127.0.0.1", "IP:::1"});
  ASSERT_NE(server_.files.Sha256Of("client"), old);
  EXPECT_TRUE(Call(before).ok()) << "its token and its connection have the old one";
  EXPECT_TRUE(Call(Channel("client", "client")).ok());
  // The old token over a connection with the new certificate is nobody's.
  const auto renewed = PlainTls(server_.files, server_.port, "client");
  const std::string token = server_.issuer.Token().Subject("svc:a").BoundTo(old).Sign();
  EXPECT_EQ(MakeCall(renewed, CallType::kUnary, Bearer(token)).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
}

TEST(BindToCertificateTest, NeedsACertificate) {
  testing::TestCertificates files;
  const testing::TestIssuer issuer(Algorithm::kEs256);
  SelfSignedTokenOptions options;
  SignerOptions signing;
  signing.key = issuer.key();
  options.signer = *Signer::Create(signing);
  options.issuer = "i";
  options.subject = "s";
  options.bind_to_certificate = files.Path("no-such-file");
  EXPECT_FALSE(SelfSignedTokenSource(options).ok());
  options.bind_to_certificate = files.Write("garbage.crt", "garbage");
  EXPECT_THAT(std::string(SelfSignedTokenSource(options).status().message()),
              HasSubstr("bind_to_certificate"));
}

}  // namespace
}  // namespace lanyard::test
