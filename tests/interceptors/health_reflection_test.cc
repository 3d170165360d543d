// SPDX-License-Identifier: Apache-2.0
// The shortcuts for health and reflection open exactly their paths, to exactly whom they name.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/watch_limit.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kList[] = "/grpc.health.v1.Health/List";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
constexpr char kReflection[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr char kReflectionAlpha[] =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Beside those: other spellings, and services that have no shortcut.
constexpr const char* kOthers[] = {
    "/grpc.health.v1.Health/check",
    "/grpc.health.v1.Health/Checks",
    "/grpc.health.v1.health/Check",
    "/grpc.health.v1.Health/Check/",
    "//grpc.health.v1.Health/Check",
    "/grpc.health.v2.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflection",
    "/grpc.reflection.v2.ServerReflection/ServerReflectionInfo",
    "/grpc.channelz.v1.Channelz/GetServers",
    "/grpc.channelz.v1.Channelz/GetTopChannels",
    "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
    "/lanyard.test.Echo/Unary",
    "/lanyard.test.Echo/Unruled",
};

class HealthReflectionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { grpc::EnableDefaultHealthCheckService(true); }
  static void TearDownTestSuite() { grpc::EnableDefaultHealthCheckService(false); }

  void Start(const std::string& more_config) {
    server_ = std::make_unique<GatedServer>(Api::kSync, clock_, more_config);
    ASSERT_NO_FATAL_FAILURE(server_->Start());
    channel_ = server_->Channel();
  }
  // Reflection is not registered here, so whoever is let in learns that it is unknown.
  grpc::StatusCode Call(const std::string& path, const std::string& token = "") {
    return CallPath(channel_, path, token.empty() ? decltype(Bearer(""))() : Bearer(token))
        .error_code();
  }
  // That those without a token may call these, and nothing else.
  void ExpectOpen(const std::set<std::string>& open) {
    for (const char* path : {kCheck, kList, kWatch, kReflection, kReflectionAlpha}) {
      if (open.count(path) > 0 && path == std::string(kWatch)) continue;  // A stream.
      EXPECT_EQ(Call(path) == grpc::StatusCode::UNAUTHENTICATED, open.count(path) == 0) << path;
    }
    for (const char* path : kOthers) {
      EXPECT_EQ(Call(path), grpc::StatusCode::UNAUTHENTICATED) << path;
    }
  }
  std::string Token() const { return server_->issuer.Token().Sign(); }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  std::unique_ptr<GatedServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(HealthReflectionTest, WithoutAWordBothNeedARule) {
  ASSERT_NO_FATAL_FAILURE(Start(""));
  ExpectOpen({});
  EXPECT_EQ(Call(kCheck, Token()), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(HealthReflectionTest, HealthForAnyoneIsCheckAndListAndTakesABadTokenForNone) {
  ASSERT_NO_FATAL_FAILURE(Start("health: ANYONE\n"));
  ExpectOpen({kCheck, kList});
  EXPECT_EQ(Call(kCheck), grpc::StatusCode::OK);
  EXPECT_EQ(Call(kCheck, "garbage"), grpc::StatusCode::OK);
  EXPECT_EQ(Call(kCheck, Token()), grpc::StatusCode::OK);
  EXPECT_EQ(Call(kWatch), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(server_->audit->last().detail, HasSubstr("ANYONE_MAY_WATCH"));
  EXPECT_EQ(Call(kWatch, Token()), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(HealthReflectionTest, ReflectionForTheAuthenticatedIsForNobodyElse) {
  ASSERT_NO_FATAL_FAILURE(Start("reflection: ANY_AUTHENTICATED\n"));
  ExpectOpen({});
  for (const char* path : {kReflection, kReflectionAlpha}) {
    EXPECT_EQ(Call(path, "garbage"), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(Call(path, Token()), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_THAT(server_->audit->last().rule, HasSubstr("ANY_AUTHENTICATED"));
  }
}

TEST_F(HealthReflectionTest, ReflectionForAnyoneIsAnotherWord) {
  ASSERT_NO_FATAL_FAILURE(Start("reflection: REFLECTION_FOR_ANYONE\n"));
  ExpectOpen({kReflection, kReflectionAlpha});
  EXPECT_EQ(Call(kReflection, "garbage"), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(HealthReflectionTest, AnOperatorsRuleTakesThePlaceOfTheShortcut) {
  ASSERT_NO_FATAL_FAILURE(
      Start("health: ANYONE_MAY_WATCH\nrules { method: '/grpc.health.v1.Health/*' allow { "
            "any_authenticated: true } }\n"));
  ExpectOpen({});
  EXPECT_EQ(Call(kCheck, Token()), grpc::StatusCode::OK);
}

TEST_F(HealthReflectionTest, WhoeverWatchesWithoutATokenDoesSoForAnHour) {
  ASSERT_NO_FATAL_FAILURE(Start("health: ANYONE_MAY_WATCH\n"));
  ExpectOpen({kCheck, kList, kWatch});
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  Limit(&context);
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return ok;
  };
  auto call = stub.PrepareCall(&context, kWatch, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(next());
  call->WriteLast(EmptyMessage(), {}, nullptr);
  EXPECT_TRUE(next());
  grpc::ByteBuffer health;
  call->Read(&health, nullptr);
  EXPECT_TRUE(next()) << "it is told of the health once";
  clock_->Advance(absl::Minutes(53));
  EXPECT_EQ(Call(kCheck), grpc::StatusCode::OK);
  call->Read(&health, nullptr);
  clock_->Advance(absl::Minutes(8));
  EXPECT_FALSE(next());
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), StartsWith("server is overloaded [lanyard "));
  EXPECT_THAT(server_->audit->last().detail, HasSubstr("hour"));
  queue.Shutdown();
  void* tag;
  bool ok;
  while (queue.Next(&tag, &ok)) {
  }
}

// Streams that watch health without a token, all of one channel.
class Watchers {
 public:
  explicit Watchers(std::shared_ptr<grpc::Channel> channel) : stub_(std::move(channel)) {}
  ~Watchers() {
    End();
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  // Whether one more is told of the health.
  bool Watch() {
    auto watcher = std::make_unique<Watcher>();
    Limit(&watcher->context);
    watcher->call = stub_.PrepareCall(&watcher->context, kWatch, &queue_);
    watcher->call->StartCall(nullptr);
    bool good = Next();
    if (good) {
      watcher->call->WriteLast(EmptyMessage(), {}, nullptr);
      good = Next();
    }
    if (good) {
      watcher->call->Read(&watcher->health, nullptr);
      good = Next();
    }
    watchers_.push_back(std::move(watcher));
    return good;
  }

  void End() {
    grpc::Status status;
    for (const auto& watcher : watchers_) {
      watcher->context.TryCancel();
      watcher->call->Finish(&status, nullptr);
      Next();
    }
    watchers_.clear();
  }

 private:
  struct Watcher {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
    grpc::ByteBuffer health;
  };

  bool Next() {
    void* tag;
    bool ok = false;
    EXPECT_TRUE(queue_.Next(&tag, &ok));
    return ok;
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
};

TEST_F(HealthReflectionTest, AConnectionWatchesSoOftenWithoutAToken) {
  ASSERT_NO_FATAL_FAILURE(Start("health: ANYONE_MAY_WATCH\n"));
  Watchers watchers(channel_);
  for (int i = 0; i < internal::WatchLimit::kMost; ++i) ASSERT_TRUE(watchers.Watch()) << i;
  EXPECT_FALSE(watchers.Watch());
  EXPECT_EQ(server_->audit->last().failure, AuthFailure::kOverloaded);
  EXPECT_THAT(server_->audit->last().detail, HasSubstr("watches health too often"));
  EXPECT_EQ(Call(kCheck), grpc::StatusCode::OK);
  EXPECT_EQ(server_->audit->last().failure, std::nullopt);
  watchers.End();
  EXPECT_TRUE(Eventually([&] { return watchers.Watch(); })) << "there is room again";
}

}  // namespace
}  // namespace lanyard::test
