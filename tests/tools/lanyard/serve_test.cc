// SPDX-License-Identifier: Apache-2.0

// The life of a token service from the command line, by the program itself over TLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/interceptors/output_search.h"
#include "tests/tools/lanyard/served_issuer.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::RunBinary;
using ::lanyard::testing::ServedIssuer;
using ::lanyard::testing::TempPath;
using ::testing::HasSubstr;

// Whoever follows the revocations.
class Watch {
 public:
  explicit Watch(const ServedIssuer& issuer) {
    ServedIssuer::Limit(&context_);
    context_.AddMetadata("authorization", "Bearer " + issuer.TokenOfOrders());
    stream_ = issuer.stub->WatchRevocations(&context_, v1::WatchRevocationsRequest());
  }
  ~Watch() {
    context_.TryCancel();
    v1::RevocationUpdate update;
    while (stream_->Read(&update)) {
    }
  }

  // Reads up to the end of the snapshot.
  void AwaitSnapshot() {
    v1::RevocationUpdate update;
    while (update.kind() != v1::RevocationUpdate::SNAPSHOT_END) {
      ASSERT_TRUE(stream_->Read(&update)) << "the stream ended";
    }
  }

  // What the stream ends with, whatever comes before.
  grpc::Status AwaitEnd() {
    v1::RevocationUpdate update;
    while (stream_->Read(&update)) {
    }
    return stream_->Finish();
  }

  // The first revocation that comes from now on.
  v1::Revocation AwaitChange() {
    v1::RevocationUpdate update;
    while (stream_->Read(&update)) {
      if (update.kind() == v1::RevocationUpdate::CHANGE) return update.revocations(0);
    }
    ADD_FAILURE() << "the stream ended";
    return v1::Revocation();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::RevocationUpdate>> stream_;
};

// In the second in which all that a user had is withdrawn, the user is told to come again.
grpc::Status SignInOnceItIsLater(const ServedIssuer& issuer, v1::TokenResponse* tokens) {
  for (;;) {
    const grpc::Status status = issuer.SignIn(tokens);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return status;
  }
}

TEST(ServeTest, WhatIsChangedByCommandCountsWhileItRuns) {
  ServedIssuer issuer;
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  v1::TokenResponse tokens;
  grpc::Status status = issuer.SignIn(&tokens);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(tokens.scopes(), ::testing::ElementsAre("orders.read"));
  status = issuer.Refresh(tokens.refresh_token(), &tokens);
  ASSERT_TRUE(status.ok()) << status.error_message();
  {
    Watch watch(issuer);
    watch.AwaitSnapshot();

    ASSERT_EQ(RunBinary({"user", "disable", "ada", "--config", issuer.config}).code, 0);
    EXPECT_EQ(watch.AwaitChange().subject(), "user:ada");
    status = issuer.Refresh(tokens.refresh_token(), &tokens);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(status.error_message(), HasSubstr("invalid_grant"));
    EXPECT_EQ(issuer.SignIn(&tokens).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  ASSERT_EQ(RunBinary({"user", "enable", "ada", "--config", issuer.config}).code, 0);
  status = SignInOnceItIsLater(issuer, &tokens);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const std::string asker = issuer.TokenOfOrders();
  EXPECT_TRUE(issuer.IsActive(tokens.access_token(), asker));
  {
    Watch watch(issuer);
    watch.AwaitSnapshot();
    const auto revoked =
        RunBinary({"revoke", "--config", issuer.config, "--token", "-"}, tokens.access_token());
    EXPECT_EQ(revoked.code, 0);
    const std::string sid = watch.AwaitChange().session_id();
    EXPECT_THAT(revoked.out, HasSubstr(absl::StrCat("revoked: session ", sid, " (of user:ada")));
    EXPECT_EQ(issuer.Refresh(tokens.refresh_token(), &tokens).error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
  EXPECT_FALSE(issuer.IsActive(tokens.access_token(), asker));
  issuer.server->Signal(SIGTERM);
  EXPECT_EQ(issuer.server->Wait(), 0);
}

TEST(ServeTest, SessionsOutlastTheServerAndSigintEndsItWell) {
  ServedIssuer issuer;
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  v1::TokenResponse tokens;
  ASSERT_TRUE(issuer.SignIn(&tokens).ok());
  issuer.server->Signal(SIGINT);
  EXPECT_EQ(issuer.server->Wait(), 0);
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  const grpc::Status status = issuer.Refresh(tokens.refresh_token(), &tokens);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ServeTest, WhoeverFollowsTheRevocationsIsToldToComeAgainWhenItEnds) {
  ServedIssuer issuer;
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  Watch watch(issuer);
  watch.AwaitSnapshot();
  issuer.server->Signal(SIGTERM);
  const grpc::Status end = watch.AwaitEnd();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(end.error_message(), HasSubstr("the token service ends"));
  EXPECT_EQ(issuer.server->Wait(), 0);
}

// A refresh token begins with 20 bytes that say of which session it is, the how manieth.
std::string SecretPartOf(const std::string& refresh_token) { return refresh_token.substr(27); }

TEST(ServeTest, NothingThatItWritesHoldsASecret) {
  ServedIssuer issuer;
  const std::string audit = TempPath("audit"), errors = TempPath("errors");
  issuer.Serve({"--audit", audit}, errors);
  ASSERT_NE(issuer.stub, nullptr);
  test::Secrets secrets;
  secrets.AddText("the password", ServedIssuer::kPassword);
  v1::TokenResponse tokens;
  ASSERT_TRUE(issuer.SignIn(&tokens).ok());
  secrets.AddToken(tokens.access_token());
  secrets.AddText("a refresh token", SecretPartOf(tokens.refresh_token()));
  ASSERT_TRUE(issuer.Refresh(tokens.refresh_token(), &tokens).ok());
  secrets.AddToken(tokens.access_token());
  secrets.AddText("a refresh token", SecretPartOf(tokens.refresh_token()));
  const std::string asker = issuer.TokenOfOrders();
  secrets.AddToken(asker);
  EXPECT_TRUE(issuer.IsActive(tokens.access_token(), asker));
  EXPECT_EQ(issuer.Refresh("no token at all", &tokens).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(issuer.Revoke(tokens.refresh_token()).ok());
  issuer.server->Signal(SIGTERM);
  EXPECT_EQ(issuer.server->Wait(), 0);

  const std::string decisions = ReadTextFile(audit);
  for (const char* method : {"SignIn", "Refresh", "Introspect", "Revoke", "IssueForService"}) {
    EXPECT_THAT(decisions, HasSubstr(absl::StrCat("/lanyard.v1.TokenService/", method)));
  }
  EXPECT_THAT(decisions, HasSubstr("\"subject\":\"svc:orders\""));
  const std::string said = ReadTextFile(errors);
  EXPECT_THAT(said, HasSubstr("the token service ends"));
  EXPECT_EQ(secrets.FoundIn(decisions), "");
  EXPECT_EQ(secrets.FoundIn(said), "");
  EXPECT_EQ(secrets.FoundIn(ReadTextFile(TempPath("issuer.db"))), "");
  EXPECT_EQ(test::UnsafeIn(decisions, /*lines=*/true), "");
}

TEST(ServeTest, TwoOnOnePortAreRefused) {
  ServedIssuer issuer;
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  std::string config = testing::ReadTextFile(issuer.config);
  config.replace(config.find("127.0.0.1:0"), 11, absl::StrCat("127.0.0.1:", issuer.port));
  const auto second = RunBinary({"serve", testing::TempFile("second.textproto", config), "--json"});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.out, HasSubstr(absl::StrCat("second.textproto:5: serve.listen: cannot listen "
                                                 "on 127.0.0.1:",
                                                 issuer.port)));
}

}  // namespace
}  // namespace lanyard::tools
