// SPDX-License-Identifier: Apache-2.0
// Methods that take each token once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/metric_values.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::StartsWith;

constexpr char kUnary[] = "/lanyard.test.Echo/Unary";

std::string RuleFor(const std::string& method, const std::string& allow) {
  return absl::StrCat("rules { method: '/lanyard.test.Echo/", method,
                      "' replaces_annotation: true ", allow, " }\n");
}
std::string OneTime(const std::string& method) {
  return RuleFor(method, "allow { any_authenticated: true one_time: true }");
}

class OneTimeTest : public ::testing::Test {
 protected:
  void Start(const std::string& rules) {
    server_.options.config_text = server_.issuer.ConfigText() + "single_replica: true\n" + rules;
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    channel_ = server_.Channel();
  }
  grpc::Status Call(const std::string& token, CallType type = CallType::kUnary) const {
    return MakeCall(channel_, type, Bearer(token)).status;
  }
  std::string Token() const { return server_.issuer.Token().Sign(); }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_{Api::kCallback, clock_};
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(OneTimeTest, SecondUseIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary") + OneTime("Chat") +
                                RuleFor("Collect", "allow { any_authenticated: true }")));
  const std::string token = Token();
  EXPECT_TRUE(Call(token, CallType::kCollect).ok());
  EXPECT_TRUE(Call(token).ok());
  const grpc::Status status = Call(token);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), StartsWith("invalid token [lanyard "));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kReplayed);
  EXPECT_FALSE(Call(token, CallType::kChat).ok()) << "for all methods together";
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kReplayed);
  EXPECT_TRUE(Call(token, CallType::kCollect).ok()) << "where nobody asks, it is a token as any";
  EXPECT_TRUE(Call(Token()).ok());
  const auto values = ValuesOf(server_.auth->Metrics());
  EXPECT_EQ(values.at(Decision(kUnary, "denied", "REPLAYED")), 1);
  EXPECT_EQ(values.at("lanyard_one_time_token_bytes{}"), 256);
}

TEST_F(OneTimeTest, OfAHundredRacersOneGetsIn) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  const std::string token = Token();
  std::atomic<int> good{0}, replayed{0};
  std::vector<std::thread> racers;
  for (int i = 0; i < 100; ++i) {
    racers.emplace_back([&] {
      const grpc::Status status = Call(token);
      good += status.ok() ? 1 : 0;
      replayed += status.error_code() == grpc::StatusCode::UNAUTHENTICATED ? 1 : 0;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(replayed, 99);
}

TEST_F(OneTimeTest, RefusalForSomethingElseSpendsNoToken) {
  std::atomic<bool> refuses{true};
  server_.options.extra_check = [&refuses](const AllowedCall&) {
    return refuses ? absl::PermissionDeniedError("not now") : absl::OkStatus();
  };
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  const std::string token = Token();
  EXPECT_EQ(Call(token).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  refuses = false;
  EXPECT_TRUE(Call(token).ok());
  EXPECT_FALSE(Call(token).ok());
}

TEST_F(OneTimeTest, AnAllowThatDoesNotAskSpendsNoToken) {
  ASSERT_NO_FATAL_FAILURE(Start(
      RuleFor("Unary",
              "allow { any_authenticated: true one_time: true } allow { subjects: 'svc:often' }")));
  const std::string often = server_.issuer.Token().Subject("svc:often").Sign(), once = Token();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Call(often).ok());
  EXPECT_TRUE(Call(once).ok());
  EXPECT_FALSE(Call(once).ok());
}

TEST_F(OneTimeTest, TokenThatLivesTooLongOpensNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  EXPECT_EQ(Call(server_.issuer.Token().ExpiresIn(absl::Seconds(301)).Sign()).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kDeniedByPolicy);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("lives longer than 5 min"));
  EXPECT_TRUE(Call(server_.issuer.Token().ExpiresIn(absl::Seconds(300)).Sign()).ok());
}

TEST_F(OneTimeTest, UsedTokenStaysUsedToItsLastSecond) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  const std::string token = Token();
  EXPECT_TRUE(Call(token).ok());
  // The leeway is half a minute.
  for (const auto& [after, failure] : {std::pair(absl::Seconds(328), AuthFailure::kReplayed),
                                       std::pair(absl::Seconds(3), AuthFailure::kExpired)}) {
    clock_->Advance(after);
    EXPECT_FALSE(Call(token).ok());
    EXPECT_EQ(server_.audit->last().failure, failure);
  }
}

TEST_F(OneTimeTest, TokenFromBeforeTheServerStartedIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  EXPECT_FALSE(
      Call(server_.issuer.Token().IssuedIn(absl::Seconds(-20)).ExpiresIn(absl::Seconds(200)).Sign())
          .ok());
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kReplayed);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("from before this server started"));
}

TEST_F(OneTimeTest, StreamIsOneUseHoweverLongItRuns) {
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Chat")));
  const std::string token = Token();
  const auto stub = Echo::NewStub(channel_);
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + token);
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  EXPECT_FALSE(Call(token, CallType::kChat).ok());
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(OneTimeTest, SecondUseIsToldWhereItIsOnlyObserved) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(
      OneTime("Unary"), "settings { method: '*' enforcement: OBSERVE observe_until: '",
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(72), absl::UTCTimeZone()), "' }\n")));
  const std::string token = Token();
  EXPECT_TRUE(Call(token).ok());
  EXPECT_EQ(server_.audit->last().would_deny, std::nullopt);
  EXPECT_TRUE(Call(token).ok());
  EXPECT_EQ(server_.audit->last().would_deny, AuthFailure::kReplayed);
}

TEST_F(OneTimeTest, RefusesWhatItCouldNotRemember) {
  server_.options.one_time_token_bytes = 64 * 1024;
  ASSERT_NO_FATAL_FAILURE(Start(OneTime("Unary")));
  for (int i = 0; i < 512; ++i) ASSERT_TRUE(Call(Token()).ok());
  const grpc::Status status = Call(Token());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kOverloaded);
}

TEST_F(OneTimeTest, NeedsTheWordThatThereIsOneServer) {
  server_.options.config_text = server_.issuer.ConfigText() + OneTime("Unary");
  EXPECT_THAT(ServerAuth::Create(server_.options),
              IsError(AllOf(HasSubstr("config_text:"), HasSubstr(kUnary),
                            HasSubstr("one_time needs single_replica: true"))));
  server_.options.config_text += "single_replica: true";
  EXPECT_THAT(ServerAuth::Create(server_.options), IsOk());
}

}  // namespace
}  // namespace lanyard::test
