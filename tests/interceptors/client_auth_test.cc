// SPDX-License-Identifier: Apache-2.0
// What a ClientAuth channel sends, what it refuses to send, and how calls end that wait for a
// token.

#include "lanyard/interceptors/client_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using ::testing::ValuesIn;

// A source that answers when the test says so.
class HeldSource final : public TokenSource {
 public:
  void Fetch(const TokenRequest&, TokenCallback done) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++fetches_;
    if (answer_.has_value()) {
      done(*answer_);
    } else {
      waiting_.push_back(std::move(done));
    }
  }
  // Answers everybody who waits, and everybody who comes.
  void Answer(absl::StatusOr<BearerToken> answer) {
    std::vector<TokenCallback> waiting;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      answer_ = answer;
      waiting.swap(waiting_);
    }
    for (TokenCallback& done : waiting) done(answer);
  }
  // Waits until somebody has asked.
  void AwaitFetch() {
    while (fetches() == 0) std::this_thread::yield();
  }
  int fetches() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return fetches_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<absl::StatusOr<BearerToken>> answer_;
  std::vector<TokenCallback> waiting_;
  int fetches_ = 0;
};

class ClientAuthTest : public ::testing::Test {
 protected:
  ClientAuthTest() : server_(Api::kCallback) {}
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }

  ClientAuthOptions Options(std::shared_ptr<TokenSource> source) const {
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = std::move(source);
    options.tls = server_.files.Client();
    return options;
  }
  std::string target() const { return absl::StrCat("localhost:", server_.port); }

  std::shared_ptr<grpc::Channel> Connect(ClientAuthOptions options) const {
    auto channel = CreateChannel(target(), std::move(options));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }
  std::string GoodToken() const { return server_.issuer.Token().Sign(); }

  // What a call with that token ends with, before anything is sent.
  grpc::Status NotSent(absl::string_view token) {
    server_.audit->Clear();
    const Outcome outcome = MakeCall(Connect(Options(StaticTokenSource(token))), CallType::kUnary);
    EXPECT_TRUE(server_.audit->events().empty());
    return outcome.status;
  }

  GatedServer server_;
};

TEST_F(ClientAuthTest, AttachesTheTokenToEveryKindOfCall) {
  const auto channel = Connect(Options(StaticTokenSource(GoodToken())));
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel, type);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, "svc:test");
  }
}

TEST_F(ClientAuthTest, ChecksItsOptions) {
  ClientAuthOptions good = Options(StaticTokenSource("x"));
  ClientAuthOptions bad = good;
  bad.audience.clear();
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("audience")));
  bad = good;
  bad.token_source = nullptr;
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("token_source")));
  bad = good;
  bad.max_token_wait = absl::ZeroDuration();
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("max_token_wait")));
  bad = good;
  bad.max_token_bytes = 100;
  EXPECT_THAT(ClientAuth::Create(bad), IsError(HasSubstr("max_token_bytes")));
  bad = good;
  bad.tls = TlsFiles();
  EXPECT_THAT(CreateChannel(target(), bad), IsError(HasSubstr("root_certificates")));
  bad.tls.root_certificates = "/does/not/exist.pem";
  EXPECT_THAT(CreateChannel(target(), bad), IsError(HasSubstr("/does/not/exist.pem")));
}

TEST_F(ClientAuthTest, RetriesOnlyWhereNobodyElseSaysHow) {
  ClientAuthOptions options = Options(StaticTokenSource("x"));
  options.retry_unavailable = true;
  EXPECT_TRUE(CreateChannel("localhost:1", options).ok());
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON("{}");
  EXPECT_THAT(CreateChannel("localhost:1", options, arguments, {}),
              IsError(HasSubstr("retry_unavailable")));
}

TEST_F(ClientAuthTest, FailsACallThatHasCredentialsOfItsOwn) {
  const auto channel = Connect(Options(StaticTokenSource(GoodToken())));
  grpc::ClientContext context;
  Limit(&context);
  context.set_credentials(grpc::AccessTokenCredentials("theirs"));
  Message request, reply;
  const grpc::Status status = Echo::NewStub(channel)->Unary(&context, request, &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("credentials"));
  EXPECT_EQ(
      MakeCall(channel, CallType::kChat, {{"authorization", "Bearer theirs"}}).status.error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientAuthTest, NeverSendsWhatCannotStandInAHeader) {
  for (const absl::string_view token :
       {absl::string_view("abc\ndef"), absl::string_view("abc\0def", 7),
        absl::string_view("\xc3\xa9"), absl::string_view(""), absl::string_view("a b"),
        absl::string_view("a\tb")}) {
    const grpc::Status status = NotSent(token);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(status.error_message(), HasSubstr("cannot stand in a header"));
  }
}

TEST_F(ClientAuthTest, NeverSendsATokenForSomebodyElse) {
  const grpc::Status status = NotSent(server_.issuer.Token().Audience("other").Sign());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("not for \"test\""));
}

TEST_F(ClientAuthTest, NeverSendsATokenOverItsLimitAndSaysSo) {
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(6000, 'x'));
  const std::string token = big.Sign();
  ASSERT_GT(token.size(), 7u * 1024);
  const grpc::Status status = NotSent(token);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("max_token_bytes"));
}

TEST_F(ClientAuthTest, SendsAsMuchAsTheServersConfigAllowsWhenToldTo) {
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(11500, 'x'));
  ClientAuthOptions options = Options(StaticTokenSource(big.Sign()));
  options.max_token_bytes = 16 * 1024;
  const auto channel = Connect(options);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  }
}

TEST_F(ClientAuthTest, LeavesAStreamAliveBesideThirtyOversizeCalls) {
  const auto channel = server_.Channel();
  auto stub = Echo::NewStub(channel);
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + GoodToken());
  auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  testing::TokenBuilder big = server_.issuer.Token();
  (*big.claims().mutable_private_claims())["pad"].set_string_value(std::string(11500, 'x'));
  const std::string token = big.Sign();  // More than gRPC takes by default.
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(MakeCall(channel, CallType::kUnary, Bearer(token)).status.ok());
    ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ClientAuthTest, EndsCallsWithTheCodeThatTheSourcesErrorStandsFor) {
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
    const auto channel = Connect(Options(source));
    for (const CallType type : kAllCallTypes) {
      const Outcome outcome = MakeCall(channel, type);
      EXPECT_EQ(outcome.status.error_code(), one.code);
      EXPECT_THAT(outcome.status.error_message(), HasSubstr(std::string(one.error.message())));
    }
    EXPECT_EQ(source->fetches(), 1);  // The others met the pause after a failure.
  }
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientAuthTest, SharesOneFetchAmongAHundredCallsThatWait) {
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

TEST_F(ClientAuthTest, EndsAWaitingCallAtItsDeadline) {
  const auto channel = Connect(Options(std::make_shared<HeldSource>()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  Message request, reply;
  EXPECT_EQ(Echo::NewStub(channel)->Unary(&context, request, &reply).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ClientAuthTest, EndsAWaitingCallAtTheLongestWait) {
  ClientAuthOptions options = Options(std::make_shared<HeldSource>());
  options.max_token_wait = absl::Milliseconds(100);
  const auto channel = Connect(options);
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel, type);
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(outcome.status.error_message(), HasSubstr("no token in time"));
  }
}

TEST_F(ClientAuthTest, EndsAWaitingCallThatIsCancelled) {
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

TEST_F(ClientAuthTest, StartsAnEagerCallbackStreamWhenTheTokenComes) {
  auto source = std::make_shared<HeldSource>();
  auto stub = Echo::NewStub(Connect(Options(source)));
  EagerChat chat(stub.get(), kLong);
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  const grpc::Status status = chat.Await();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(chat.reply().text(), "svc:test");
}

TEST_F(ClientAuthTest, EndsAnEagerCallbackStreamOnFailureDeadlineAndCancel) {
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

TEST_F(ClientAuthTest, SurvivesCancelRacingTheTokensArrival) {
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

TEST_F(ClientAuthTest, CallsGoOnWhenTheStubThatStartedThemIsGone) {
  auto source = std::make_shared<HeldSource>();
  auto channel = Connect(Options(source));
  auto stub = Echo::NewStub(channel);
  EagerChat chat(stub.get(), kLong);
  stub.reset();
  source->AwaitFetch();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  EXPECT_TRUE(chat.Await().ok());
}

TEST_F(ClientAuthTest, WorksOnACompletionQueueToo) {
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

TEST_F(ClientAuthTest, DropsATokenThatTheGateHasRefusedAndGetsAnother) {
  auto source = std::make_shared<HeldSource>();
  const testing::TestIssuer stranger(Algorithm::kEs256, "test");
  source->Answer(BearerToken(stranger.Token().Sign(), absl::Now() + absl::Hours(1)));
  const auto channel = Connect(Options(source));
  EXPECT_EQ(MakeCall(channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  EXPECT_EQ(source->fetches(), 2);
}

TEST_F(ClientAuthTest, KeepsATokenThatPolicyDenies) {
  auto source = std::make_shared<HeldSource>();
  source->Answer(BearerToken(GoodToken(), absl::Now() + absl::Hours(1)));
  auto stub = Echo::NewStub(Connect(Options(source)));
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    Limit(&context);
    Message message;
    EXPECT_EQ(stub->Scoped(&context, message, &message).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(source->fetches(), 1);
}

TEST_F(ClientAuthTest, RunsTheUsersInterceptorsBeforeItsOwn) {
  class AddsHeader final : public grpc::experimental::Interceptor {
   public:
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      if (methods->QueryInterceptionHookPoint(
              grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
        methods->GetSendInitialMetadata()->emplace("authorization", "Bearer theirs");
      }
      methods->Proceed();
    }
  };
  class Factory final : public grpc::experimental::ClientInterceptorFactoryInterface {
   public:
    grpc::experimental::Interceptor* CreateClientInterceptor(
        grpc::experimental::ClientRpcInfo*) override {
      return new AddsHeader();
    }
  };
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> theirs;
  theirs.push_back(std::make_unique<Factory>());
  auto channel =
      CreateChannel(target(), Options(StaticTokenSource(GoodToken())), {}, std::move(theirs));
  ASSERT_TRUE(channel.ok());
  // Ours sees what theirs has added, and does not let two opinions out.
  EXPECT_EQ(MakeCall(*channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ClientAuthTest, ChannelGoesOnWhenClientAuthIsDestroyedFirst) {
  auto client = ClientAuth::Create(Options(StaticTokenSource(GoodToken())));
  ASSERT_TRUE(client.ok());
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back((*client)->InterceptorFactory());
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = server_.files.Read("ca.pem");
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      target(), grpc::SslCredentials(tls), {}, std::move(factories));
  client->reset();
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
}

}  // namespace
}  // namespace lanyard::test
