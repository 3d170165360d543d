// SPDX-License-Identifier: Apache-2.0
// An old port without TLS that is kept for a while, beside the new one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ValuesIn;

class LegacyPortTest : public ::testing::TestWithParam<Api> {
 protected:
  void Start(const std::string& config) {
    server_.options.config_text += config;
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    server_.auth->AddUnprotectedLegacyPort(server_.echo.builder(), "127.0.0.1:0",
                                           clock_->Now() + absl::Hours(24), &legacy_port_);
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    ASSERT_NE(legacy_port_, 0);
    ASSERT_NE(legacy_port_, server_.port);
    legacy_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", legacy_port_),
                                  grpc::InsecureChannelCredentials());
  }

  std::string Observe(const std::string& method) const {
    return absl::StrCat(
        "settings { method: \"", method, "\" enforcement: OBSERVE observe_until: \"",
        absl::FormatTime("%Y-%m-%d", clock_->Now() + absl::Hours(24 * 10), absl::UTCTimeZone()),
        "\" }");
  }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_{GetParam(), clock_};
  int legacy_port_ = 0;
  std::shared_ptr<grpc::Channel> legacy_;
};

TEST_P(LegacyPortTest, LetsAnonymousCallersIntoWhatIsObserved) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*")));
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(legacy_, type);
    EXPECT_TRUE(outcome.status.ok()) << NameOf(type) << outcome.status.error_message();
  }
  EXPECT_EQ(server_.echo.handled().runs, 4);
  EXPECT_EQ(server_.echo.handled().anonymous, 4);
  const AuditEvent event = server_.audit->last();
  EXPECT_TRUE(event.allowed);
  EXPECT_EQ(event.would_deny, AuthFailure::kMissingToken);
  EXPECT_THAT(event.detail, HasSubstr("unprotected legacy port"));
  // The new port knows its callers all the same.
  const Outcome known = MakeCall(server_.Channel(), CallType::kUnary,
                                 Bearer(server_.issuer.Token().Subject("svc:a").Sign()));
  EXPECT_EQ(known.text, "svc:a");
}

TEST_P(LegacyPortTest, BelievesNoTokenThatEverybodyCouldRead) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*")));
  const auto token = Bearer(server_.issuer.Token().Subject("svc:a").Sign());
  EXPECT_TRUE(MakeCall(legacy_, CallType::kUnary, token).status.ok());
  EXPECT_EQ(server_.echo.handled().anonymous, 1);
  EXPECT_EQ(server_.echo.handled().saw_bearer, 0);
  EXPECT_FALSE(server_.audit->last().caller.authenticated());
}

TEST_P(LegacyPortTest, EnforcedMethodsAreClosedThereAndNoHandlerRuns) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("/lanyard.test.Echo/Collect")));
  const auto token = Bearer(server_.issuer.Token().Sign());
  for (const CallType type : {CallType::kUnary, CallType::kRepeat, CallType::kChat}) {
    for (const auto& headers : {decltype(token)(), token}) {
      const grpc::Status status = MakeCall(legacy_, type, headers).status;
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
      EXPECT_THAT(status.error_message(), StartsWith("missing token [lanyard "));
    }
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
  EXPECT_TRUE(MakeCall(legacy_, CallType::kCollect).status.ok());
  server_.echo.Shutdown();  // Nothing is left pinned.
}

TEST_P(LegacyPortTest, IsOverWhenItsTimeIs) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*")));
  EXPECT_TRUE(MakeCall(legacy_, CallType::kUnary).status.ok());
  clock_->Advance(absl::Hours(24));
  EXPECT_EQ(MakeCall(legacy_, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("time is over"));
  // What is open to anyone is closed there too, and open elsewhere.
  EXPECT_FALSE(CallPath(legacy_, "/lanyard.test.Echo/Open").ok());
}

INSTANTIATE_TEST_SUITE_P(All, LegacyPortTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

TEST(LegacyPortStartTest, RefusesToStayForLongerThan90Days) {
  GatedServer server(Api::kSync);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  server.auth->AddUnprotectedLegacyPort(server.echo.builder(), "127.0.0.1:0",
                                        absl::Now() + absl::Hours(24 * 91));
  EXPECT_FALSE(server.echo.Start());
  EXPECT_THAT(std::string(server.auth->start_error().message()), HasSubstr("90 days"));
}

}  // namespace
}  // namespace lanyard::test
