// SPDX-License-Identifier: Apache-2.0
// A stream ends when its token does, whatever its handler is doing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::StartsWith;
using ::testing::Values;
using ::testing::ValuesIn;

class StreamExpiryTest : public ::testing::TestWithParam<Api> {
 protected:
  void SetUp() override {
    server_ = std::make_unique<GatedServer>(GetParam(), clock_);
    // No leeway, so that the token's last second is the stream's.
    v1::Issuer issuer = server_->issuer.Config();
    server_->options.config_text = "issuers { name: \"test\" issuer: \"" +
                                   server_->issuer.issuer() +
                                   "\" audiences: \"test\" algorithms: ES256 "
                                   "leeway { seconds: 0 } }";
    server_->echo.set_notify_when_done(true);
    ASSERT_NO_FATAL_FAILURE(server_->Start());
  }

  // Good for five minutes.
  std::string Token() const { return server_->issuer.Token().Sign(); }
  void LetTheTokenExpire() { clock_->Advance(absl::Minutes(6)); }

  void ExpectExpired(const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
    EXPECT_THAT(status.error_message(), StartsWith("token expired [lanyard "));
    server_->echo.Shutdown();
    EXPECT_EQ(server_->echo.handled().runs, 1);
  }

  // Stands at a whole second, so that the token is not of the future by a rounding.
  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  std::unique_ptr<GatedServer> server_;
};

TEST_P(StreamExpiryTest, EndsABusyStream) {
  auto stub = Echo::NewStub(server_->Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Token());
  auto stream = stub->Chat(&context);
  Message message;
  int replies = 0;
  while (stream->Write(message) && stream->Read(&message)) {
    if (++replies == 1) LetTheTokenExpire();
  }
  ExpectExpired(stream->Finish());
  EXPECT_GT(replies, 0);
}

TEST_P(StreamExpiryTest, EndsAnIdleStreamThatNobodyWritesTo) {
  auto stub = Echo::NewStub(server_->Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Token());
  auto stream = stub->Chat(&context);
  EXPECT_TRUE(Eventually([this] { return server_->echo.handled().runs == 1; }));
  LetTheTokenExpire();
  Message message;
  EXPECT_FALSE(stream->Read(&message));
  ExpectExpired(stream->Finish());
}

// A clock that is set back lengthens no stream of a token that was seen before.
TEST_P(StreamExpiryTest, EndsByTheClockThatNobodySetsBack) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(GetParam(), clock);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const std::string token =
      server.issuer.Token().IssuedIn(-absl::Minutes(10)).ExpiresIn(absl::Minutes(5)).Sign();
  ASSERT_TRUE(MakeCall(server.Channel(), CallType::kChat, Bearer(token)).status.ok());
  clock->Advance(absl::Minutes(4));
  clock->Set(clock->Now() - absl::Minutes(2));
  auto stub = Echo::NewStub(server.Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + token);
  auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message)) << "it has a minute and a half";
  // By the wall clock it has two more minutes than it really has.
  clock->Advance(absl::Seconds(91));
  while (stream->Read(&message)) {
  }
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
  EXPECT_THAT(status.error_message(), StartsWith("token expired [lanyard "));
}

TEST_P(StreamExpiryTest, DoesNotTouchAStreamThatEndsBefore) {
  const Outcome outcome = MakeCall(server_->Channel(), CallType::kChat, Bearer(Token()));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
}

INSTANTIATE_TEST_SUITE_P(All, StreamExpiryTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

class ServerStreamExpiryTest : public StreamExpiryTest {};

TEST_P(ServerStreamExpiryTest, TellsTheHandlerThatWaits) {
  auto stub = Echo::NewStub(server_->Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Token());
  Message request, reply;
  request.set_until_cancelled(true);
  auto reader = stub->Repeat(&context, request);
  EXPECT_TRUE(reader->Read(&reply));
  LetTheTokenExpire();
  EXPECT_FALSE(reader->Read(&reply));
  ExpectExpired(reader->Finish());
  EXPECT_GE(server_->echo.handled().cancelled, 1);
}

INSTANTIATE_TEST_SUITE_P(All, ServerStreamExpiryTest,
                         Values(Api::kSync, Api::kCallback, Api::kAsync),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
