// SPDX-License-Identifier: Apache-2.0
// Which identity a handler sees: its own call's, always.

#include "lanyard/interceptors/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_caller.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::ValuesIn;

class CallerTest : public ::testing::TestWithParam<Api> {};

TEST_P(CallerTest, NeverMixesAHundredCallersOnOneConnection) {
  for (const bool notify : {false, true}) {
    GatedServer server(GetParam());
    server.echo.set_notify_when_done(notify);
    ASSERT_NO_FATAL_FAILURE(server.Start());
    const auto channel = server.Channel();
    std::vector<std::string> tokens;
    for (int i = 0; i < 100; ++i) {
      tokens.push_back(server.issuer.Token().Subject(absl::StrCat("svc:", i)).Sign());
    }
    std::atomic<int> wrong{0}, right{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 300; ++i) {
          const int who = (i * 8 + thread) % 100;
          const CallType type = i % 3 == 0 ? CallType::kChat : CallType::kUnary;
          const Outcome outcome = MakeCall(channel, type, Bearer(tokens[who]));
          if (outcome.status.ok() && outcome.text == absl::StrCat("svc:", who)) {
            ++right;
          } else {
            ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(right, 8 * 300);
    EXPECT_EQ(server.echo.handled().anonymous, 0);
    EXPECT_EQ(server.echo.handled().saw_bearer, 0);
  }
}

TEST_P(CallerTest, IgnoresHeadersThatImitateItsOwn) {
  GatedServer server(GetParam());
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const std::string token = server.issuer.Token().Subject("svc:true").Sign();
  const Outcome outcome = MakeCall(server.Channel(), CallType::kUnary,
                                   {{"authorization", "Bearer " + token},
                                    {"lanyard-identity", "svc:forged"},
                                    {"lanyard-identity", std::string(64, 'x')}});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.text, "svc:true");
}

INSTANTIATE_TEST_SUITE_P(All, CallerTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

TEST(CallerOfTest, IsStillTheCallerInOnDoneOfTheCallbackApi) {
  GatedServer server(Api::kCallback);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto headers = Bearer(server.issuer.Token().Sign());
  for (const CallType type : kAllCallTypes) {
    EXPECT_TRUE(MakeCall(server.Channel(), type, headers).status.ok());
  }
  server.echo.Shutdown();  // All OnDone calls have been made.
  EXPECT_EQ(server.echo.handled().right_on_done, 4);
}

// Cancels its own calls from the handler: interceptors then run on two threads at once.
class CancellingEcho final : public Echo::CallbackService {
 public:
  grpc::ServerBidiReactor<Message, Message>* Chat(grpc::CallbackServerContext* context) override {
    class Reactor final : public grpc::ServerBidiReactor<Message, Message> {
     public:
      explicit Reactor(grpc::CallbackServerContext* context) {
        StartRead(&message_);
        StartSendInitialMetadata();
        context->TryCancel();
        Finish(grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      Message message_;
    };
    return new Reactor(context);
  }
};

TEST(CallerOfTest, SurvivesHandlersThatCancelTheirOwnCalls) {
  GatedServer server(Api::kCallback);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  CancellingEcho echo;
  grpc::ServerBuilder builder;
  server.auth->AddListeningPort(builder, "127.0.0.1:0", &server.port);
  builder.RegisterService(&echo);
  const auto running = builder.BuildAndStart();
  ASSERT_NE(running, nullptr);
  const auto channel = server.Channel();
  const auto headers = Bearer(server.issuer.Token().Sign());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const grpc::Status status = MakeCall(channel, CallType::kChat, headers).status;
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CallerOfTest, IsAnonymousInAServerWithoutLanyard) {
  EchoServer echo(Api::kSync);
  int port = 0;
  echo.builder().AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  ASSERT_TRUE(echo.Start());
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  const Outcome outcome = MakeCall(channel, CallType::kUnary, {{"lanyard-identity", "svc:forged"}});
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.text, "(anonymous)");
  EXPECT_EQ(echo.handled().anonymous, 1);
}

TEST(CallerOfTest, GivesTheIdentityOfAFakeCallerToAHandlerCalledDirectly) {
  grpc::ServerContext context;
  testing::FakeCaller caller(&context, "sso", "svc:checkout", {"orders.read", "orders.write"});
  const Identity& seen = CallerOf(context);
  EXPECT_TRUE(seen.authenticated());
  EXPECT_TRUE(seen.Is("sso", "svc:checkout"));
  EXPECT_TRUE(seen.HasScope("orders.write"));
  EXPECT_FALSE(seen.HasScope("orders"));
}

TEST(CallerOfTest, IsAnonymousOnAFreshContext) {
  grpc::ServerContext context;
  EXPECT_FALSE(CallerOf(context).authenticated());
}

TEST(CallerOfTest, DoesNotHandACallerOnToAContextAtTheSameAddress) {
  alignas(grpc::ServerContext) unsigned char memory[sizeof(grpc::ServerContext)];
  for (int i = 0; i < 100; ++i) {
    auto* context = new (memory) grpc::ServerContext();
    EXPECT_FALSE(CallerOf(*context).authenticated());
    const std::string subject = absl::StrCat("svc:", i);
    testing::FakeCaller caller(context, "sso", subject);
    EXPECT_TRUE(CallerOf(*context).Is("sso", subject));
    context->~ServerContext();
  }
}

}  // namespace
}  // namespace lanyard::test
