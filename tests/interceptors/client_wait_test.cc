// SPDX-License-Identifier: Apache-2.0
// How calls end that wait for a token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/authenticated_channel.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

using ClientWaitTest = ClientAuthTest;

TEST_F(ClientWaitTest, EndsCallsWithTheCodeThatTheSourcesErrorStandsFor) {
  const struct {
    absl::Status error;
    grpc::StatusCode code;
  } cases[] = {{absl::UnavailableError("issuer down"), grpc::StatusCode::UNAVAILABLE},
               {absl::DeadlineExceededError("issuer slow"), grpc::StatusCode::UNAVAILABLE},
               {absl::InternalError("issuer broken"), grpc::StatusCode::UNAVAILABLE},
               {absl::UnauthenticatedError("bad secret"), grpc::StatusCode::UNAUTHENTICATED},
               {absl::PermissionDeniedError("no"), grpc::StatusCode::UNAUTHENTICATED},
               {absl::NotFoundError("no such file"), grpc::StatusCode::UNAUTHENTICATED}};
  for (const auto& one : cases) {
    auto source = std::make_shared<HeldSource>();
    source->Answer(one.error);
    ClientAuthOptions options = Options(source);
    options.clock = std::make_shared<testing::FakeClock>(absl::Now());
    const auto channel = Connect(options);
    for (const CallType type : kAllCallTypes) {
      const Outcome outcome = MakeCall(channel, type);
      EXPECT_EQ(outcome.status.error_code(), one.code);
      EXPECT_THAT(outcome.status.error_message(), HasSubstr(std::string(one.error.message())));
    }
    EXPECT_EQ(source->fetches(), 1);  // The others met the pause after a failure.
  }
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientWaitTest, SharesOneFetchAmongAHundredCallsThatWait) {
  auto source = std::make_shared<HeldSource>();
  const auto channel = Connect(Options(source));
  std::vector<std::thread> threads;
  std::atomic<int> ok{0};
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&, i] {
      if (MakeCall(channel, kAllCallTypes[i % 4]).status.ok()) ++ok;
    });
  }
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ok, 100);
  EXPECT_EQ(source->fetches(), 1);
}

// A clock that stands still until somebody has looked once more.
class JumpingClock final : public Clock {
 public:
  absl::Time Now() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    const absl::Time now = now_;
    now_ += std::exchange(jump_, absl::ZeroDuration());
    return now;
  }
  void SetTo(absl::Time now, absl::Duration jump) {
    std::lock_guard<std::mutex> lock(mutex_);
    now_ = now;
    jump_ = jump;
  }

 private:
  mutable std::mutex mutex_;
  mutable absl::Time now_ = absl::Now();
  mutable absl::Duration jump_;
};

// The token is taken when the call begins, and put into its headers when it goes out.
TEST_F(ClientWaitTest, ATokenThatComesToCountAsExpiredUnderACallIsStillSent) {
  const auto clock = std::make_shared<JumpingClock>();
  const absl::Time expiry = clock->Now() + absl::Minutes(5);
  auto source = std::make_shared<HeldSource>();
  source->Answer(BearerToken(GoodToken(), expiry));
  ClientAuthOptions options = Options(source);
  options.clock = clock;
  const auto channel = Connect(options);
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  source->Answer(absl::UnavailableError("issuer down"));
  clock->SetTo(expiry - absl::Seconds(30) - absl::Nanoseconds(1), absl::Seconds(1));
  const grpc::Status status = MakeCall(channel, CallType::kUnary).status;
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ClientWaitTest, EndsAWaitingCallAtItsDeadline) {
  const auto channel = Connect(Options(std::make_shared<HeldSource>()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  Message request, reply;
  EXPECT_EQ(Echo::NewStub(channel)->Unary(&context, request, &reply).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ClientWaitTest, EndsAWaitingCallAtTheLongestWait) {
  ClientAuthOptions options = Options(std::make_shared<HeldSource>());
  options.max_token_wait = absl::Milliseconds(100);
  const auto channel = Connect(options);
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel, type);
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(outcome.status.error_message(), HasSubstr("no token in time"));
  }
}

TEST_F(ClientWaitTest, EndsAWaitingCallThatIsCancelled) {
  auto source = std::make_shared<HeldSource>();
  const auto channel = Connect(Options(source));
  grpc::ClientContext context;
  Limit(&context);
  std::thread canceller([&] {
    source->AwaitFetch();
    context.TryCancel();
  });
  Message request, reply;
  EXPECT_EQ(Echo::NewStub(channel)->Unary(&context, request, &reply).error_code(),
            grpc::StatusCode::CANCELLED);
  canceller.join();
}

// A callback stream that reads and writes before it is started, as the callback API allows; the one
// kind of call that hangs if a client interceptor hijacks it.
class EagerChat final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  explicit EagerChat(Echo::Stub* stub, std::chrono::milliseconds deadline) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    stub->async()->Chat(&context, this);
    StartWrite(&request_);
    StartRead(&reply_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (ok) StartWritesDone();
  }
  void OnDone(const grpc::Status& status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = status;
    done_ = true;
    wake_.notify_all();
  }
  grpc::Status Await() {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [this] { return done_; });
    return status_;
  }
  grpc::ClientContext context;
  const Message& reply() const { return reply_; }

 private:
  Message request_, reply_;
  std::mutex mutex_;
  std::condition_variable wake_;
  grpc::Status status_;
  bool done_ = false;
};

constexpr std::chrono::milliseconds kLong(30000);

TEST_F(ClientWaitTest, StartsAnEagerCallbackStreamWhenTheTokenComes) {
  auto source = std::make_shared<HeldSource>();
  auto stub = Echo::NewStub(Connect(Options(source)));
  EagerChat chat(stub.get(), kLong);
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  const grpc::Status status = chat.Await();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(chat.reply().text(), "svc:test");
}

TEST_F(ClientWaitTest, EndsAnEagerCallbackStreamOnFailureDeadlineAndCancel) {
  {
    auto source = std::make_shared<HeldSource>();
    auto stub = Echo::NewStub(Connect(Options(source)));
    EagerChat chat(stub.get(), kLong);
    source->AwaitFetch();
    source->Answer(absl::UnavailableError("down"));
    EXPECT_EQ(chat.Await().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  {
    auto source = std::make_shared<HeldSource>();
    auto stub = Echo::NewStub(Connect(Options(source)));
    EagerChat chat(stub.get(), std::chrono::milliseconds(100));
    EXPECT_EQ(chat.Await().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  {
    auto source = std::make_shared<HeldSource>();
    auto stub = Echo::NewStub(Connect(Options(source)));
    EagerChat chat(stub.get(), kLong);
    source->AwaitFetch();
    chat.context.TryCancel();
    EXPECT_EQ(chat.Await().error_code(), grpc::StatusCode::CANCELLED);
  }
}

TEST_F(ClientWaitTest, SurvivesCancelRacingTheTokensArrival) {
  for (int i = 0; i < 300; ++i) {
    auto source = std::make_shared<HeldSource>();
    auto stub = Echo::NewStub(Connect(Options(source)));
    EagerChat chat(stub.get(), kLong);
    source->AwaitFetch();
    std::thread canceller([&] { chat.context.TryCancel(); });
    source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
    canceller.join();
    const grpc::Status status = chat.Await();
    EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::CANCELLED)
        << status.error_message();
  }
  for (const AuditEvent& event : server_.audit->events()) {
    EXPECT_NE(event.failure, AuthFailure::kMissingToken);
  }
}

TEST_F(ClientWaitTest, CallsGoOnWhenTheStubThatStartedThemIsGone) {
  auto source = std::make_shared<HeldSource>();
  auto channel = Connect(Options(source));
  auto stub = Echo::NewStub(channel);
  EagerChat chat(stub.get(), kLong);
  stub.reset();
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  EXPECT_TRUE(chat.Await().ok());
}

TEST_F(ClientWaitTest, WorksOnACompletionQueueToo) {
  auto source = std::make_shared<HeldSource>();
  auto stub = Echo::NewStub(Connect(Options(source)));
  grpc::ClientContext context;
  Limit(&context);
  grpc::CompletionQueue queue;
  auto stream = stub->AsyncChat(&context, &queue, reinterpret_cast<void*>(1));
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  void* tag;
  bool ok = false;
  auto next = [&] {
    queue.Next(&tag, &ok);
    return ok;
  };
  ASSERT_TRUE(next());
  Message message;
  stream->Write(message, nullptr);
  ASSERT_TRUE(next());
  stream->Read(&message, nullptr);
  ASSERT_TRUE(next());
  EXPECT_EQ(message.text(), "svc:test");
  stream->WritesDone(nullptr);
  next();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(next());
  EXPECT_TRUE(status.ok()) << status.error_message();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

}  // namespace
}  // namespace lanyard::test
