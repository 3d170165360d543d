// SPDX-License-Identifier: Apache-2.0
// The gate decides once. However late the handler's turn comes, and whatever has changed by then,
// an admitted call reaches its handler as the caller that the gate saw.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::test {
namespace {

using ::testing::Values;

class LateBindingTest : public ::testing::TestWithParam<Api> {
 protected:
  LateBindingTest() : server_(GetParam(), clock_) {
    keys_ = std::make_shared<SwitchableKeys>(server_.issuer.Keys()->Current());
    server_.options.key_sources["test"] = keys_;
    server_.options.cache_bytes = 64 * 1024;
    server_.echo.RequestCallsLater();
  }

  // Makes a call, waits until the gate has decided, lets `meanwhile` happen, and only then asks for
  // calls.
  Outcome CallWith(CallType type, const std::string& token,
                   const std::function<void()>& meanwhile) {
    auto outcome = std::async(std::launch::async, [this, type, token] {
      return MakeCall(server_.Channel(), type, Bearer(token));
    });
    while (server_.audit->events().empty()) std::this_thread::yield();
    meanwhile();
    server_.echo.RequestCalls();
    return outcome.get();
  }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_;
  std::shared_ptr<SwitchableKeys> keys_;
};

TEST_P(LateBindingTest, ShowsTheCallerWhoseKeyHasLeft) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const Outcome outcome = CallWith(CallType::kUnary, server_.issuer.Token().Subject("svc:a").Sign(),
                                   [this] { keys_->Set(nullptr); });
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.text, "svc:a");
  // The next call is judged by what is there now.
  EXPECT_EQ(MakeCall(server_.Channel(), CallType::kUnary, Bearer(server_.issuer.Token().Sign()))
                .status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server_.echo.handled().runs, 1);
}

TEST_P(LateBindingTest, ShowsTheCallerWhoseVerdictHasLeftTheCache) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const Outcome outcome =
      CallWith(CallType::kUnary, server_.issuer.Token().Subject("svc:a").Sign(), [this] {
        // More tokens than the cache holds. They are for a method that does not admit them.
        const auto channel = server_.Channel();
        for (int i = 0; i < 200; ++i) {
          EXPECT_FALSE(CallPath(channel, "/lanyard.test.Echo/Unruled",
                                Bearer(server_.issuer.Token().Subject(absl::StrCat("x", i)).Sign()))
                           .ok());
        }
      });
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.text, "svc:a");
}

TEST_P(LateBindingTest, ShowsTheCallerWhoseTokenHasExpired) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const Outcome outcome = CallWith(CallType::kUnary, server_.issuer.Token().Subject("svc:a").Sign(),
                                   [this] { clock_->Advance(absl::Hours(1)); });
  // A generic service is a stream to gRPC, so an expired token ends it at once.
  if (GetParam() == Api::kAsync) {
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, "svc:a");
  }
  EXPECT_EQ(server_.echo.handled().anonymous, 0);
}

TEST_P(LateBindingTest, EndsAStreamWhoseTokenHasExpiredAtOnce) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const Outcome outcome = CallWith(CallType::kChat, server_.issuer.Token().Subject("svc:a").Sign(),
                                   [this] { clock_->Advance(absl::Hours(1)); });
  // It may be over before the expiry gets its turn, but never with another caller.
  if (!outcome.status.ok()) {
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(outcome.status.error_message(), ::testing::StartsWith("token expired"));
  }
  EXPECT_EQ(server_.echo.handled().anonymous, 0);
}

TEST_P(LateBindingTest, RefusesNewCallsRatherThanForgetAdmittedOnes) {
  server_.options.admission_bytes = 64 * 1024;
  constexpr int kCalls = 80;  // Each with a token of its own.
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  std::vector<std::future<Outcome>> calls;
  const auto channel = server_.Channel();
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(std::async(std::launch::async, [&] {
      return MakeCall(channel, CallType::kUnary, Bearer(server_.issuer.Token().Sign()));
    }));
  }
  while (server_.audit->events().size() < kCalls) std::this_thread::yield();
  server_.echo.RequestCalls();
  int ok = 0, refused = 0;
  for (auto& call : calls) {
    const Outcome outcome = call.get();
    if (outcome.status.ok()) {
      ++ok;
      EXPECT_EQ(outcome.text, "svc:test");
    } else {
      ++refused;
      EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    }
  }
  EXPECT_GT(ok, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(server_.echo.handled().runs, ok);
  EXPECT_EQ(server_.echo.handled().anonymous, 0);
}

INSTANTIATE_TEST_SUITE_P(All, LateBindingTest, Values(Api::kAsync, Api::kAsyncGeneric),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
