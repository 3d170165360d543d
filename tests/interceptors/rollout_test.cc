// SPDX-License-Identifier: Apache-2.0
// A service goes from no authentication at all to enforcement, method by method, under load, and no
// call of a client that has moved fails: the steps of docs/guides/rollout.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

// Step 1: everything is observed.
constexpr char kObserve[] = R"(
settings { method: "*"  enforcement: OBSERVE  observe_until: "2027-01-31" }
)";

// Step 3: one method after the other is enforced.
constexpr char kEnforceOne[] = R"(
settings { method: "*"  enforcement: OBSERVE  observe_until: "2027-01-31" }
settings { method: "/shop.Orders/GetOrder"  enforcement: ENFORCE }
)";

constexpr CallType kMethods[] = {CallType::kUnary, CallType::kCollect, CallType::kRepeat,
                                 CallType::kChat};
constexpr int kClients = 6;

class RolloutTest : public ::testing::TestWithParam<Api> {
 protected:
  void SetUp() override {
    WriteConfig(kObserve);
    server_.options.config_text.clear();
    server_.options.config_files = {server_.files.Path("auth.textproto")};
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    // Step 1, in code: the old port stays for a while.
    server_.auth->AddUnprotectedLegacyPort(server_.echo.builder(), "127.0.0.1:0",
                                           absl::Now() + absl::Hours(24 * 30), &legacy_port_);
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    token_ = server_.issuer.Token().Subject("svc:a").Sign();
  }

  void TearDown() override { StopClients(); }

  void WriteConfig(const std::string& settings) {
    // In place of the guide's method and its day, at most 90 days ahead of whenever this runs.
    const std::string until =
        absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(24 * 30), absl::UTCTimeZone());
    server_.files.Write(
        "auth.textproto",
        absl::StrCat(server_.issuer.ConfigText(),
                     absl::StrReplaceAll(settings,
                                         {{"2027-01-31", until},
                                          {"/shop.Orders/GetOrder", "/lanyard.test.Echo/Unary"}})));
  }

  void Reload(const std::string& settings) {
    WriteConfig(settings);
    const absl::Status status = server_.auth->Reload();
    ASSERT_TRUE(status.ok()) << status;
  }

  void StartClients() {
    for (int i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { Client(i); });
  }

  void StopClients() {
    stop_ = true;
    for (std::thread& client : clients_) client.join();
    clients_.clear();
  }

  // Calls all methods, by the old port until it has moved.
  void Client(int number) {
    const auto old_channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", legacy_port_),
                                                 grpc::InsecureChannelCredentials());
    const auto new_channel = server_.Channel();
    bool has_moved = false;
    while (!stop_) {
      const bool moved = number < moved_;
      if (moved && !has_moved) ++arrived_;
      has_moved = moved;
      for (const CallType type : kMethods) {
        const Outcome outcome =
            moved ? MakeCall(new_channel, type, Bearer(token_)) : MakeCall(old_channel, type);
        ++calls_;
        if (!outcome.status.ok()) {
          ++failed_;
          ADD_FAILURE() << NameOf(type) << (moved ? " moved: " : " not moved: ")
                        << outcome.status.error_message();
        }
      }
    }
  }

  void RunFor(int calls) {
    const int until = calls_ + calls;
    while (calls_ < until) std::this_thread::yield();
  }

  GatedServer server_{GetParam()};
  int legacy_port_ = 0;
  std::string token_;
  std::vector<std::thread> clients_;
  std::atomic<int> moved_{0};    // How many clients may use the new port.
  std::atomic<int> arrived_{0};  // How many make no more calls on the old one.
  std::atomic<bool> stop_{false};
  std::atomic<int> calls_{0}, failed_{0};
};

TEST_P(RolloutTest, NoCallFailsOnTheWayToEnforcement) {
  StartClients();
  RunFor(100);
  EXPECT_GT(server_.WouldDeny()["/lanyard.test.Echo/Unary"], 0);

  // Step 2: clients move, one by one, until nothing would be denied any more.
  for (int i = 1; i <= kClients; ++i) {
    moved_ = i;
    RunFor(40);
  }
  while (arrived_ < kClients) std::this_thread::yield();
  const auto before = server_.WouldDeny();
  RunFor(200);
  EXPECT_EQ(server_.WouldDeny(), before) << "nobody is left";

  // Step 3: method by method.
  ASSERT_NO_FATAL_FAILURE(Reload(kEnforceOne));
  RunFor(100);
  EXPECT_EQ(MakeCall(server_.Channel(), CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(MakeCall(server_.Channel(), CallType::kChat).status.ok()) << "still observed";

  // Step 4: all of it.
  ASSERT_NO_FATAL_FAILURE(Reload(""));
  RunFor(100);
  StopClients();
  EXPECT_EQ(failed_, 0) << "of " << calls_;
  for (const CallType type : kMethods) {
    EXPECT_EQ(MakeCall(server_.Channel(), type).status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
    const auto old_channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", legacy_port_),
                                                 grpc::InsecureChannelCredentials());
    EXPECT_EQ(MakeCall(old_channel, type).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  RecordProperty("calls", calls_);
}

INSTANTIATE_TEST_SUITE_P(All, RolloutTest, ::testing::ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
