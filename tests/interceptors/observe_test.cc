// SPDX-License-Identifier: Apache-2.0
// OBSERVE lets through what the rules would refuse and says so; what stands beside the policy, a
// shadow, an existing processor or an extra check, has exactly the say that it is promised.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using ::testing::ValuesIn;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kUnary[] = "/lanyard.test.Echo/Unary";
constexpr char kScoped[] = "/lanyard.test.Echo/Scoped";
constexpr char kUnruled[] = "/lanyard.test.Echo/Unruled";

std::string Observe(const std::string& method, absl::Time until = absl::Now() + absl::Hours(24)) {
  return absl::StrCat("settings { method: '", method, "' enforcement: OBSERVE observe_until: '",
                      absl::FormatTime(absl::RFC3339_full, until, absl::UTCTimeZone()), "' }\n");
}

class ObserveTest : public ::testing::TestWithParam<Api> {
 protected:
  void Start(const std::string& more_config) {
    server_ = std::make_unique<GatedServer>(GetParam(), clock_, more_config);
    ASSERT_NO_FATAL_FAILURE(server_->Start());
    channel_ = server_->Channel();
  }
  grpc::StatusCode Call(const std::string& path, const Headers& headers = {}) {
    return CallPath(channel_, path, headers).error_code();
  }
  Headers Good() const { return Bearer(server_->issuer.Token().Subject("svc:a").Sign()); }
  AuditEvent Last() const { return server_->audit->last(); }

  void ExpectWouldDeny(const std::string& path, const Headers& headers, AuthFailure reason,
                       const std::string& subject) {
    const int runs = server_->echo.handled().runs, anonymous = server_->echo.handled().anonymous;
    EXPECT_EQ(Call(path, headers), grpc::StatusCode::OK) << path;
    EXPECT_TRUE(Last().allowed);
    EXPECT_EQ(Last().would_deny, reason);
    EXPECT_EQ(Last().failure, std::nullopt);
    EXPECT_NE(Last().detail, "");
    EXPECT_EQ(SubjectOf(Last()), subject);
    EXPECT_EQ(server_->echo.handled().runs, runs + 1);
    EXPECT_EQ(server_->echo.handled().anonymous, anonymous + (subject.empty() ? 1 : 0));
    EXPECT_EQ(server_->echo.handled().saw_bearer, 0);
  }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  std::unique_ptr<GatedServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(ObserveTest, AMethodLetsEveryoneThroughAndNamesTheReason) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe(kScoped)));
  ExpectWouldDeny(kScoped, {}, AuthFailure::kMissingToken, "");
  ExpectWouldDeny(kScoped, Bearer("garbage"), AuthFailure::kMalformedToken, "");
  ExpectWouldDeny(kScoped, Bearer(server_->issuer.Token().Audience("x").Sign()),
                  AuthFailure::kWrongAudience, "");
  ExpectWouldDeny(kScoped, Good(), AuthFailure::kDeniedByPolicy, "svc:a");
  EXPECT_EQ(Call(kScoped, Bearer(server_->issuer.Token().Scopes("write").Sign())),
            grpc::StatusCode::OK);
  EXPECT_EQ(Last().would_deny, std::nullopt);
  EXPECT_EQ(Call(kUnary), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(server_->WouldDeny(), UnorderedElementsAre(Pair(kScoped, 4)));
}

TEST_P(ObserveTest, AServiceIsObservedButForTheMethodThatIsEnforced) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("/lanyard.test.Echo/*") + "settings { method: '" + kScoped +
                                "' enforcement: ENFORCE }\n"));
  ExpectWouldDeny(kUnary, {}, AuthFailure::kMissingToken, "");
  ExpectWouldDeny(kUnruled, Good(), AuthFailure::kDeniedByPolicy, "svc:a");
  EXPECT_EQ(Call(kScoped), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Call(kScoped, Good()), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(server_->WouldDeny(), UnorderedElementsAre(Pair(kUnary, 1), Pair(kUnruled, 1)));
}

TEST_P(ObserveTest, AServerIsObservedButPathsThatNobodyServesStayClosed) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*")));
  ExpectWouldDeny(kUnary, {}, AuthFailure::kMissingToken, "");
  ExpectWouldDeny(kUnruled, {}, AuthFailure::kMissingToken, "");
  const int runs = server_->echo.handled().runs;
  for (const char* path : {"/lanyard.test.Echo/Nothing", "/no.Service/Method", "/", "/x",
                           "//lanyard.test.Echo/Unary", "/lanyard.test.Echo/Unary/"}) {
    EXPECT_EQ(Call(path), grpc::StatusCode::UNAUTHENTICATED) << path;
    EXPECT_EQ(Call(path, Good()), grpc::StatusCode::UNIMPLEMENTED) << path;
    EXPECT_FALSE(Last().allowed) << path;
  }
  EXPECT_EQ(server_->echo.handled().runs, runs);
  EXPECT_EQ(server_->WouldDeny().size(), 2u);
}

TEST_P(ObserveTest, EveryTypeOfCallReachesItsHandler) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*")));
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel_, type, Bearer("garbage"));
    EXPECT_TRUE(outcome.status.ok()) << NameOf(type) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, "(anonymous)");
    EXPECT_EQ(MakeCall(channel_, type, Good()).text, "svc:a");
  }
}

TEST_P(ObserveTest, TheDenyListBindsAllTheSame) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*") + "deny { subjects: 'svc:a' }\n"));
  EXPECT_EQ(Call(kUnary, Good()), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Last().failure, AuthFailure::kDeniedByPolicy);
  EXPECT_EQ(Last().would_deny, std::nullopt);
  EXPECT_EQ(server_->echo.handled().runs, 0);
}

TEST_P(ObserveTest, FromItsEndOnItIsEnforced) {
  ASSERT_NO_FATAL_FAILURE(Start(Observe("*", clock_->Now() + absl::Hours(1))));
  ExpectWouldDeny(kScoped, Good(), AuthFailure::kDeniedByPolicy, "svc:a");
  clock_->Advance(absl::Minutes(61));
  EXPECT_EQ(Call(kUnary), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Last().failure, AuthFailure::kMissingToken);
}

INSTANTIATE_TEST_SUITE_P(All, ObserveTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

// Counts how often somebody looks.
class CountingKeys final : public KeySource {
 public:
  explicit CountingKeys(std::shared_ptr<const KeySet> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const KeySet> Current() const override {
    ++looks_;
    return keys_;
  }
  int looks() const { return looks_; }

 private:
  const std::shared_ptr<const KeySet> keys_;
  mutable std::atomic<int> looks_{0};
};

// Observation ends for streams that run, too.
TEST(ObserveStreamTest, FromItsEndOnNoStreamGoesOnThatIsNotAllowed) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock, Observe("*", clock->Now() + absl::Hours(1)));
  const auto keys = std::make_shared<CountingKeys>(server.issuer.Keys()->Current());
  server.options.key_sources["test"] = keys;
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto stub = Echo::NewStub(server.Channel());
  grpc::ClientContext context;
  Limit(&context);
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  // Who ends streams looks at the keys from time to time: by then it has judged the new stream.
  const int looks = keys->looks();
  ASSERT_TRUE(Eventually([&] { return keys->looks() > looks + 2; }));
  clock->Advance(absl::Hours(2));
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

// A stream's end is observed as well: it is told, and comes when observation ends.
TEST(ObserveStreamTest, AStreamOutlivesItsTokenUntilItIsEnforced) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock, Observe("*", clock->Now() + absl::Hours(3)));
  const auto keys = std::make_shared<CountingKeys>(server.issuer.Keys()->Current());
  server.options.key_sources["test"] = keys;
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto stub = Echo::NewStub(server.Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata(
      "authorization",
      "Bearer " + server.issuer.Token().Subject("svc:a").ExpiresIn(absl::Minutes(5)).Sign());
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  clock->Advance(absl::Hours(1));
  ASSERT_TRUE(Eventually([&] { return server.audit->last().would_deny == AuthFailure::kExpired; }));
  EXPECT_TRUE(server.audit->last().allowed);
  EXPECT_EQ(SubjectOf(server.audit->last()), "svc:a");
  EXPECT_TRUE(stream->Write(message) && stream->Read(&message)) << "it goes on";
  // Told once, however often the config is read.
  const size_t told = server.audit->events().size();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(server.auth->Reload().ok());
    const int looks = keys->looks();
    ASSERT_TRUE(Eventually([&] { return keys->looks() > looks + 2; }));
  }
  EXPECT_EQ(server.audit->events().size(), told);
  clock->Advance(absl::Hours(3));
  EXPECT_FALSE(stream->Read(&message));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("token expired"));
}

// Enforcing earlier than the config had said ends such a stream.
TEST(ObserveStreamTest, AStreamThatOutlivesItsTokenEndsWhenTheConfigEnforces) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock);
  server.options.config_text.clear();
  const auto config = [&](const std::string& settings) {
    return server.files.Write("auth", server.issuer.ConfigText() + settings);
  };
  server.options.config_files = {config(Observe("*", clock->Now() + absl::Hours(3)))};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto stub = Echo::NewStub(server.Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization",
                      "Bearer " + server.issuer.Token().ExpiresIn(absl::Minutes(5)).Sign());
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  clock->Advance(absl::Hours(1));
  ASSERT_TRUE(Eventually([&] { return server.audit->last().would_deny == AuthFailure::kExpired; }));
  config("");
  ASSERT_TRUE(server.auth->Reload().ok());
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(MethodsTest, TellsWhatRulesEachMethod) {
  GatedServer server(Api::kSync, Observe("/lanyard.test.Echo/Open"));
  server.options.services.clear();
  ASSERT_NO_FATAL_FAILURE(server.Start());
  std::map<std::string, MethodStatus> methods;
  for (const MethodStatus& method : server.auth->Methods()) methods[method.method] = method;
  ASSERT_EQ(methods.size(), 7u);
  EXPECT_EQ(methods[kUnruled].rule, "");
  EXPECT_TRUE(methods[kUnruled].callers.empty());
  EXPECT_EQ(methods[kUnary].rule, "annotation of /lanyard.test.Echo/Unary");
  EXPECT_EQ(methods[kUnary].callers, std::vector<std::string>{"any_authenticated: true"});
  EXPECT_EQ(methods[kUnary].observe_until, absl::InfinitePast());
  EXPECT_GT(methods["/lanyard.test.Echo/Open"].observe_until, absl::Now());
}

TEST(ShadowTest, ItsVerdictIsRecordedAndChangesNothing) {
  GatedServer server(Api::kSync);
  server.options.shadow_config_files = {server.files.Write(
      "shadow", server.issuer.ConfigText() +
                    "rules { method: '/lanyard.test.Echo/*' replaces_annotation: true "
                    "allow { all_scopes: 'new' } }\n")};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto channel = server.Channel();
  const auto call = [&](const char* path, const Headers& headers) {
    return CallPath(channel, path, headers).error_code();
  };
  const Headers old_one = Bearer(server.issuer.Token().Sign());
  const Headers new_one = Bearer(server.issuer.Token().Scopes("new").Sign());
  EXPECT_EQ(call(kUnary, old_one), grpc::StatusCode::OK);
  EXPECT_EQ(server.audit->last().shadow_allowed, false);
  EXPECT_THAT(server.audit->last().shadow_rule, HasSubstr("shadow:"));
  EXPECT_EQ(call(kUnary, new_one), grpc::StatusCode::OK);
  EXPECT_EQ(server.audit->last().shadow_allowed, true);
  EXPECT_EQ(call(kUnruled, new_one), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(server.audit->last().shadow_allowed, true);
  EXPECT_EQ(call(kUnary, {}), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server.audit->last().shadow_allowed, false);
  EXPECT_EQ(call(kUnary, Bearer("x")), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server.audit->last().shadow_allowed, false);
  EXPECT_EQ(call("/lanyard.test.Echo/Open", {}), grpc::StatusCode::OK);
  EXPECT_EQ(server.audit->last().shadow_allowed, false);
}

TEST(ShadowTest, ABrokenOneDoesNotKeepTheServerFromStarting) {
  for (const char* text : {"nonsense", "", "rules { method: '/no.Such/Method' nobody: true }"}) {
    GatedServer server(Api::kSync);
    server.options.shadow_config_files = {server.files.Write("shadow", text)};
    ASSERT_NO_FATAL_FAILURE(server.Start());
    EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
                  .status.error_code(),
              grpc::StatusCode::OK);
    EXPECT_EQ(server.audit->last().shadow_allowed, std::nullopt);
    EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary).status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
  GatedServer server(Api::kSync);
  server.options.shadow_config_files = {server.files.Path("missing")};
  ASSERT_NO_FATAL_FAILURE(server.Start());
}

}  // namespace
}  // namespace lanyard::test
