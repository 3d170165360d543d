// SPDX-License-Identifier: Apache-2.0
// Streams whose token is about to expire are told, once and in time, and nobody else is.

#include "lanyard/interceptors/expiry_notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::StartsWith;
using ::testing::Values;
using ::testing::ValuesIn;

// The server's clock stands still: it must not take the token to be of the future.
std::string TokenOf(const testing::TestIssuer& issuer, absl::Duration life = absl::Minutes(5)) {
  return issuer.Token().IssuedIn(-absl::Minutes(1)).ExpiresIn(life).Sign();
}

// Tokens are good for five minutes, and there is no leeway.
std::string WithoutLeeway(const testing::TestIssuer& issuer) {
  std::string text = issuer.ConfigText();
  text.insert(text.rfind('}'), "leeway { seconds: 0 }\n");
  return text;
}

class ExpiryNoticeTest : public ::testing::TestWithParam<Api> {
 protected:
  ExpiryNoticeTest() : server_(GetParam(), clock_) {
    server_.options.config_text =
        WithoutLeeway(server_.issuer) +
        "rules { method: '/lanyard.test.Echo/Chat' replaces_annotation: true "
        "allow { anyone: true } }\n";
    server_.echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      std::lock_guard<std::mutex> lock(mutex_);
      notices_.push_back(ExpiryNotice::Of(context, lead_, [this] { ++told_; }));
    };
  }
  ~ExpiryNoticeTest() override { server_.echo.Shutdown(); }

  std::string Token(absl::Duration life = absl::Minutes(5)) const {
    return TokenOf(server_.issuer, life);
  }

  std::unique_ptr<grpc::ClientReaderWriter<Message, Message>> Open(grpc::ClientContext* context,
                                                                   bool anonymous = false) {
    stub_ = Echo::NewStub(server_.Channel());
    Limit(context);
    if (!anonymous) {
      context->AddMetadata("authorization", "Bearer " + Token());
    }
    auto stream = stub_->Chat(context);
    Message message;
    EXPECT_TRUE(stream->Write(message) && stream->Read(&message));
    return stream;
  }

  // A stream that ends by its token shows that the thread has looked at all of them.
  void LetTheClockBeSeen() {
    grpc::ClientContext context;
    const auto stub = Echo::NewStub(server_.Channel());
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + Token(absl::Seconds(1)));
    auto stream = stub->Chat(&context);
    Message message;
    ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
    clock_->Advance(absl::Seconds(2));
    while (stream->Read(&message)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  absl::Duration lead_ = absl::Minutes(1);
  std::atomic<int> told_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<ExpiryNotice>> notices_;
  GatedServer server_;
  std::unique_ptr<Echo::Stub> stub_;
};

TEST_P(ExpiryNoticeTest, ComesOnceAndThatLongBeforeTheEnd) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  grpc::ClientContext context;
  const auto stream = Open(&context);
  clock_->Advance(absl::Minutes(4) - absl::Seconds(10));
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  EXPECT_EQ(told_, 0);
  clock_->Advance(absl::Seconds(11));
  EXPECT_TRUE(Eventually([this] { return told_ == 1; }));
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message)) << "it has 59 seconds";
  clock_->Advance(absl::Minutes(1));
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_THAT(stream->Finish().error_message(), StartsWith("token expired"));
  EXPECT_EQ(told_, 1);
}

TEST_P(ExpiryNoticeTest, ComesAtOnceIfLessIsLeft) {
  lead_ = absl::Hours(1);
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  grpc::ClientContext context;
  const auto stream = Open(&context);
  EXPECT_TRUE(Eventually([this] { return told_ == 1; }));
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  context.TryCancel();
  while (stream->Read(&message)) {
  }
  (void)stream->Finish();
  EXPECT_EQ(told_, 1);
}

TEST_P(ExpiryNoticeTest, NeverComesForNobody) {
  lead_ = absl::Hours(1);
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  grpc::ClientContext context;
  const auto stream = Open(&context, /*anonymous=*/true);
  lead_ = absl::ZeroDuration();
  ASSERT_NO_FATAL_FAILURE(LetTheClockBeSeen());
  EXPECT_EQ(told_, 0);
  context.TryCancel();
  Message message;
  while (stream->Read(&message)) {
  }
  (void)stream->Finish();
}

// To gRPC every generic call is a stream.
class UnaryExpiryNoticeTest : public ExpiryNoticeTest {};

TEST_P(UnaryExpiryNoticeTest, NeverComesForUnaryCalls) {
  lead_ = absl::Hours(1);
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  EXPECT_TRUE(MakeCall(server_.Channel(), CallType::kUnary, Bearer(Token())).status.ok());
  lead_ = absl::ZeroDuration();
  ASSERT_NO_FATAL_FAILURE(LetTheClockBeSeen());
  EXPECT_EQ(told_, 0);
}

TEST_P(ExpiryNoticeTest, NeverComesAfterTheCall) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  EXPECT_TRUE(MakeCall(server_.Channel(), CallType::kChat, Bearer(Token())).status.ok());
  clock_->Advance(absl::Minutes(4) + absl::Seconds(30));
  lead_ = absl::ZeroDuration();
  ASSERT_NO_FATAL_FAILURE(LetTheClockBeSeen());
  EXPECT_EQ(told_, 0);
}

TEST_P(ExpiryNoticeTest, NeverComesOnceItIsDestroyed) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  grpc::ClientContext context;
  const auto stream = Open(&context);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    notices_.clear();
  }
  clock_->Advance(absl::Minutes(4) + absl::Seconds(30));
  lead_ = absl::ZeroDuration();
  ASSERT_NO_FATAL_FAILURE(LetTheClockBeSeen());
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  clock_->Advance(absl::Minutes(1));
  while (stream->Read(&message)) {
  }
  EXPECT_THAT(stream->Finish().error_message(), StartsWith("token expired"));
  EXPECT_EQ(told_, 0);
}

INSTANTIATE_TEST_SUITE_P(All, ExpiryNoticeTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(NotGeneric, UnaryExpiryNoticeTest,
                         Values(Api::kSync, Api::kCallback, Api::kAsync),
                         [](const auto& info) { return NameOf(info.param); });

// A stream that says goodbye before its token expires, as the header shows it.
class GoodbyeReactor final : public grpc::ServerBidiReactor<Message, Message> {
 public:
  explicit GoodbyeReactor(grpc::CallbackServerContext* context) {
    goodbye_.set_text("goodbye");
    StartRead(&message_);
    notice_ = ExpiryNotice::Of(*context, absl::Minutes(1), [this] {
      if (!finished_.exchange(true)) StartWriteAndFinish(&goodbye_, {}, grpc::Status::OK);
    });
  }
  void OnReadDone(bool ok) override {
    if (!ok && !finished_.exchange(true)) Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  std::atomic<bool> finished_{false};
  Message message_, goodbye_;
  std::unique_ptr<ExpiryNotice> notice_;  // Last: its callback uses the rest.
};

class GoodbyeEcho final : public Echo::CallbackService {
 public:
  grpc::ServerBidiReactor<Message, Message>* Chat(grpc::CallbackServerContext* context) override {
    return new GoodbyeReactor(context);
  }
};

TEST(GoodbyeTest, TheHandlerSaysGoodbyeAndTheCallEndsWell) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock);
  server.options.config_text = WithoutLeeway(server.issuer);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  GoodbyeEcho echo;
  grpc::ServerBuilder builder;
  server.auth->AddListeningPort(builder, "127.0.0.1:0", &server.port);
  builder.RegisterService(&echo);
  const auto running = builder.BuildAndStart();
  ASSERT_NE(running, nullptr);
  constexpr int kStreams = 50;
  const auto channel = server.Channel();
  const auto stub = Echo::NewStub(channel);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<Message, Message>>> streams;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    Limit(contexts.back().get());
    contexts.back()->AddMetadata("authorization", "Bearer " + TokenOf(server.issuer));
    streams.push_back(stub->Chat(contexts.back().get()));
  }
  EXPECT_TRUE(Eventually([&] { return server.audit->events().size() == size_t{kStreams}; }));
  clock->Advance(absl::Minutes(4) + absl::Seconds(1));
  for (auto& stream : streams) {
    Message message;
    EXPECT_TRUE(stream->Read(&message));
    EXPECT_EQ(message.text(), "goodbye");
    EXPECT_FALSE(stream->Read(&message));
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  running->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
}

// One that is destroyed while its callback runs waits, unless the callback does it.
TEST(NoticeLifetimeTest, WaitsWhileTheCallbackRunsAndNotForItself) {
  for (const bool by_itself : {false, true}) {
    GatedServer server(Api::kCallback);
    std::atomic<bool> running{false}, go_on{false}, destroyed{false}, in_place{false}, done{false};
    std::unique_ptr<ExpiryNotice> notice;
    server.echo.handled().on_enter = [&](const grpc::ServerContextBase& context) {
      notice = ExpiryNotice::Of(context, absl::Hours(1), [&] {
        running = true;
        EXPECT_TRUE(Eventually([&] { return in_place.load(); }));
        if (by_itself) {
          notice.reset();
          destroyed = true;
        }
        EXPECT_TRUE(Eventually([&] { return go_on.load(); }));
        EXPECT_EQ(destroyed, by_itself);
        done = true;
      });
      in_place = true;
    };
    ASSERT_NO_FATAL_FAILURE(server.Start());
    const auto stub = Echo::NewStub(server.Channel());
    grpc::ClientContext context;
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + server.issuer.Token().Sign());
    auto stream = stub->Chat(&context);
    EXPECT_TRUE(Eventually([&] { return running && in_place; }));
    std::thread destroyer([&] {
      if (by_itself) return;
      notice.reset();
      EXPECT_TRUE(done);
      destroyed = true;
    });
    go_on = true;
    destroyer.join();
    EXPECT_TRUE(Eventually([&] { return done.load(); }));
    context.TryCancel();
    Message message;
    while (stream->Read(&message)) {
    }
    (void)stream->Finish();
    server.echo.Shutdown();
  }
}

}  // namespace
}  // namespace lanyard::test
