// SPDX-License-Identifier: Apache-2.0
// A service that calls the next one in its caller's name, or not at all.
#include "lanyard/interceptors/on_behalf_of.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/authenticated_channel.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

static_assert(!std::is_copy_constructible_v<Delegation>);
static_assert(!std::is_copy_assignable_v<Delegation>);
static_assert(std::is_nothrow_move_constructible_v<Delegation>);

template <typename T, typename = void>
struct IsPrintable : std::false_type {};
template <typename T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T&>())>>
    : std::true_type {};
static_assert(IsPrintable<std::string>::value);
static_assert(!IsPrintable<Delegation>::value);

// An issuer that exchanges what it has signed, as RFC 8693 says.
class Exchanger final : public TokenSource {
 public:
  explicit Exchanger(const testing::TestIssuer& issuer) : issuer_(issuer) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    ++fetches;
    if (!failure.ok()) return done(failure);
    const auto caller = internal::UnverifiedClaims(request.subject_token->text());
    testing::TokenBuilder token = issuer_.Token();
    token.Subject(caller->root().Find("sub")->string()).Audience(request.audience);
    token.claims().set_client_id("svc:front");
    if (request.with_actor) {
      token.claims().mutable_actor()->set_subject("svc:front");
      if (const auto act = caller->root().Find("act"); act.has_value()) {
        token.claims().mutable_actor()->mutable_actor()->set_subject(
            std::string(act->Find("sub")->string()));
      }
    }
    done(BearerToken(token.Sign(), absl::Now() + absl::Minutes(5)));
  }

  std::atomic<int> fetches{0};
  absl::Status failure;

 private:
  const testing::TestIssuer& issuer_;
};

class OnBehalfOfTest : public ::testing::Test {
 protected:
  OnBehalfOfTest() {
    const auto config = [this](const char* audience) {
      return absl::StrCat("issuers { name: \"test\" issuer: \"", front_.issuer.issuer(),
                          "\" audiences: \"", audience,
                          "\" algorithms: ES256 may_assert { anything: true } }\n");
    };
    front_.options.config_text = absl::StrCat(
        config("test"), "rules { method: \"/lanyard.test.Echo/*\" replaces_annotation: true",
        "        allow { any_authenticated: true any_actor: true } }\n",
        "rules { method: \"/lanyard.test.Echo/Open\" replaces_annotation: true",
        "        allow { anyone: true } }");
    front_.options.keep_callers_tokens = true;
    back_.options.config_text =
        absl::StrCat(config("back\" audiences: \"test"),
                     "rules { method: \"/lanyard.test.Echo/Unary\" replaces_annotation: true",
                     "        allow { issuers: \"test\" subjects: \"alice\" subjects: \"bob\"",
                     "                actors { issuer: \"test\" subjects: \"svc:front\" } } }\n",
                     "rules { method: \"/lanyard.test.Echo/Unruled\"",
                     "        allow { issuers: \"test\" clients: \"svc:front\" } }\n",
                     "rules { method: \"/lanyard.test.Echo/Scoped\" replaces_annotation: true",
                     "        allow { any_authenticated: true } }");
    back_.options.key_sources["test"] = front_.issuer.Keys();
    back_.options.tls = front_.files.Server();
    front_.echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      if (handle_) handle_(context);
    };
    back_.echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      if (back_handle_) back_handle_(context);
    };
  }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(back_.Start());
    ASSERT_NO_FATAL_FAILURE(front_.Start());
    target_.names = {"*"};
    target_.audience = "back";
    target_.token_source =
        StaticTokenSource(front_.issuer.Token().Subject("svc:front").Audience("back").Sign());
    target_.exchange_source = exchanger_;
    Connect();
  }
  // Makes the channel from front to back anew.
  void Connect() {
    ClientAuthOptions options;
    options.targets = {target_};
    options.tls = front_.files.Client();
    options.clock = clock_;
    auth_ = *ClientAuth::Create(options);
    channel_ = *auth_->CreateChannel(absl::StrCat("localhost:", back_.port));
  }

  enum class Method { kUnary, kUnruled, kScoped };
  // What a handler of the front server gets for its call to the back one.
  grpc::Status CallBack(const std::function<void(grpc::ClientContext*)>& prepare,
                        Method method = Method::kUnary) {
    grpc::ClientContext context;
    Limit(&context);
    prepare(&context);
    const auto stub = Echo::NewStub(channel_);
    Message request, reply;
    switch (method) {
      case Method::kUnary:
        return stub->Unary(&context, request, &reply);
      case Method::kUnruled:
        return stub->Unruled(&context, request, &reply);
      case Method::kScoped:
        return stub->Scoped(&context, request, &reply);
    }
    return grpc::Status::OK;
  }
  // Calls the front server with `token`, whose handler calls the back server on its behalf.
  grpc::Status Hop(const std::string& token, OnBehalf how, Method method = Method::kUnary) {
    std::optional<grpc::Status> inner;
    handle_ = [&](const grpc::ServerContextBase& server) {
      inner =
          CallBack([&](grpc::ClientContext* context) { OnBehalfOf(server, how, context); }, method);
    };
    const std::string path = token.empty() ? "/lanyard.test.Echo/Open" : "/lanyard.test.Echo/Unary";
    const auto headers =
        token.empty() ? std::vector<std::pair<std::string, std::string>>() : Bearer(token);
    const grpc::Status outer = CallPath(front_.Channel(), path, headers);
    EXPECT_TRUE(outer.ok()) << outer.error_message();
    handle_ = nullptr;
    return inner.value_or(grpc::Status(grpc::StatusCode::UNKNOWN, "the handler did not run"));
  }
  // The same, where nothing may reach the back server.
  void ExpectNotSent(const std::string& token, OnBehalf how, const std::string& why,
                     grpc::StatusCode code = grpc::StatusCode::UNAUTHENTICATED,
                     Method method = Method::kUnary) {
    back_.audit->Clear();
    const grpc::Status status = Hop(token, how, method);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(why));
    EXPECT_TRUE(back_.audit->events().empty()) << "it was sent";
    EXPECT_EQ(back_.echo.handled().runs, 0);
  }
  std::string Alice() const { return front_.issuer.Token().Subject("alice").Sign(); }
  // Good at the front (by one audience more) and at the back.
  testing::TokenBuilder ForBoth() const {
    return front_.issuer.Token().Subject("alice").AddAudience("back");
  }

  GatedServer front_{Api::kSync}, back_{Api::kSync};
  const std::shared_ptr<Exchanger> exchanger_ = std::make_shared<Exchanger>(front_.issuer);
  std::shared_ptr<const Clock> clock_ = SystemClock();
  TokenTarget target_;
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::Channel> channel_;
  std::function<void(const grpc::ServerContextBase&)> handle_, back_handle_;
};

TEST_F(OnBehalfOfTest, DelegationShowsTheCallerAndWhoActs) {
  const grpc::Status status = Hop(Alice(), OnBehalf::kDelegation);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const Identity seen = back_.audit->last().caller;
  EXPECT_EQ(seen.subject(), "alice");
  EXPECT_EQ(seen.actor_subject(), "svc:front");
}

TEST_F(OnBehalfOfTest, DelegationAddsToTheChain) {
  testing::TokenBuilder token = front_.issuer.Token().Subject("alice");
  token.claims().mutable_actor()->set_subject("svc:edge");
  const grpc::Status status = Hop(token.Sign(), OnBehalf::kDelegation);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const Identity seen = back_.audit->last().caller;
  EXPECT_EQ(seen.actor_subject(), "svc:front");
  EXPECT_EQ(seen.claims().actor().actor().subject(), "svc:edge");
}

TEST_F(OnBehalfOfTest, AudienceChangeShowsTheCallerAndTheClient) {
  const grpc::Status status = Hop(Alice(), OnBehalf::kAudienceChange, Method::kUnruled);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const Identity seen = back_.audit->last().caller;
  EXPECT_EQ(seen.subject(), "alice");
  EXPECT_EQ(seen.client_id(), "svc:front");
  EXPECT_FALSE(seen.has_actor());
}

TEST_F(OnBehalfOfTest, ExchangesOncePerCallerAndTarget) {
  const std::string alice = Alice(), bob = front_.issuer.Token().Subject("bob").Sign();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Hop(alice, OnBehalf::kDelegation).ok());
    EXPECT_EQ(SubjectOf(back_.audit->last()), "alice");
    EXPECT_TRUE(Hop(bob, OnBehalf::kDelegation).ok());
    EXPECT_EQ(SubjectOf(back_.audit->last()), "bob");
  }
  EXPECT_EQ(exchanger_->fetches, 2);
}

TEST_F(OnBehalfOfTest, TheAnonymousCallerHasNobodySpeakForIt) {
  for (const OnBehalf how :
       {OnBehalf::kDelegation, OnBehalf::kAudienceChange, OnBehalf::kForward}) {
    ExpectNotSent("", how, "the caller is anonymous");
  }
  EXPECT_EQ(exchanger_->fetches, 0);
}

TEST_F(OnBehalfOfTest, ARefusedExchangeSendsNothing) {
  exchanger_->failure = absl::UnauthenticatedError("invalid_grant");
  ExpectNotSent(Alice(), OnBehalf::kDelegation, "invalid_grant");
  exchanger_->failure = absl::UnavailableError("the issuer is down");
  ExpectNotSent(Alice(), OnBehalf::kAudienceChange, "the issuer is down",
                grpc::StatusCode::UNAVAILABLE);
}

TEST_F(OnBehalfOfTest, WithoutAnExchangeSourceNothingIsSent) {
  target_.exchange_source = nullptr;
  Connect();
  ExpectNotSent(Alice(), OnBehalf::kDelegation, "exchange_source");
  ExpectNotSent(Alice(), OnBehalf::kAudienceChange, "exchange_source");
}

// A source that does not know what it is asked for gives the service's own token.
TEST_F(OnBehalfOfTest, TheServicesOwnTokenIsNeverSentInstead) {
  const auto heedless = std::make_shared<HeldSource>();
  heedless->Answer(BearerToken(front_.issuer.Token().Subject("svc:front").Audience("back").Sign(),
                               absl::InfiniteFuture()));
  target_.exchange_source = heedless;
  Connect();
  ExpectNotSent(Alice(), OnBehalf::kDelegation, "another sub");
  ExpectNotSent(Alice(), OnBehalf::kAudienceChange, "another sub");
}

TEST_F(OnBehalfOfTest, ForwardsWhatIsForTheTargetAlone) {
  // Both servers take the same audience here, as of one service behind two names.
  target_.audience = "test";
  target_.forward_callers_token = true;
  Connect();
  const grpc::Status status = Hop(Alice(), OnBehalf::kForward, Method::kScoped);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(SubjectOf(back_.audit->last()), "alice");
  EXPECT_EQ(exchanger_->fetches, 0);
}

TEST_F(OnBehalfOfTest, ForwardsNothingElse) {
  ExpectNotSent(Alice(), OnBehalf::kForward, "forward_callers_token");
  target_.forward_callers_token = true;
  Connect();
  ExpectNotSent(Alice(), OnBehalf::kForward, "not for \"back\"");
  ExpectNotSent(ForBoth().Sign(), OnBehalf::kForward, "for others beside the target");
}

TEST_F(OnBehalfOfTest, ForwardsNoBoundToken) {
  target_.audience = "test";
  target_.forward_callers_token = true;
  Connect();
  front_.files.Issue("caller", {"DNS:caller"});
  std::optional<grpc::Status> inner;
  GatedServer mutual(Api::kSync);
  mutual.options.config_text = front_.options.config_text;
  mutual.options.key_sources["test"] = front_.issuer.Keys();
  mutual.options.keep_callers_tokens = true;
  mutual.options.tls = front_.files.Server(/*mutual=*/true);
  mutual.echo.handled().on_enter = [&](const grpc::ServerContextBase& server) {
    inner = CallBack(
        [&](grpc::ClientContext* context) { OnBehalfOf(server, OnBehalf::kForward, context); });
  };
  ASSERT_NO_FATAL_FAILURE(mutual.Start());
  const std::string bound =
      front_.issuer.Token().Subject("alice").BoundTo(front_.files.Sha256Of("caller")).Sign();
  const grpc::Status outer = CallPath(PlainTls(front_.files, mutual.port, "caller"),
                                      "/lanyard.test.Echo/Unary", Bearer(bound));
  ASSERT_TRUE(outer.ok()) << outer.error_message();
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(inner->error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(inner->error_message(), HasSubstr("bound"));
  EXPECT_TRUE(back_.audit->events().empty());
}

TEST_F(OnBehalfOfTest, AServerThatKeepsNoTokensSpeaksForNobody) {
  GatedServer plain(Api::kSync);
  plain.options.config_text = front_.options.config_text;
  plain.options.key_sources["test"] = front_.issuer.Keys();
  plain.options.tls = front_.files.Server();
  std::optional<grpc::Status> inner;
  plain.echo.handled().on_enter = [&](const grpc::ServerContextBase& server) {
    EXPECT_EQ(Delegation::Of(server).status().code(), absl::StatusCode::kFailedPrecondition);
    inner = CallBack(
        [&](grpc::ClientContext* context) { OnBehalfOf(server, OnBehalf::kDelegation, context); });
  };
  ASSERT_NO_FATAL_FAILURE(plain.Start());
  ASSERT_TRUE(
      CallPath(PlainTls(front_.files, plain.port), "/lanyard.test.Echo/Unary", Bearer(Alice()))
          .ok());
  EXPECT_THAT(inner->error_message(), HasSubstr("keep_callers_tokens"));
  EXPECT_TRUE(back_.audit->events().empty());
}

TEST_F(OnBehalfOfTest, ADelegationOutlivesItsCallButNotItsToken) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  clock_ = clock;
  Connect();
  std::optional<Delegation> kept;
  handle_ = [&](const grpc::ServerContextBase& server) { kept = Delegation::Of(server); };
  ASSERT_TRUE(CallPath(front_.Channel(), "/lanyard.test.Echo/Unary", Bearer(Alice())).ok());
  ASSERT_TRUE(kept.has_value() && kept->status().ok());
  EXPECT_EQ(kept->caller().subject(), "alice");
  const auto on_behalf = [&](grpc::ClientContext* context) {
    OnBehalfOf(*kept, OnBehalf::kDelegation, context);
  };
  // Fan-out: any number of calls, also from another thread.
  std::thread([&] { EXPECT_TRUE(CallBack(on_behalf).ok()); }).join();
  const Delegation moved = *std::move(kept);
  const auto moved_on = [&](grpc::ClientContext* context) {
    OnBehalfOf(moved, OnBehalf::kDelegation, context);
  };
  EXPECT_TRUE(CallBack(moved_on).ok());
  EXPECT_FALSE(CallBack(on_behalf).ok()) << "what was moved from speaks for nobody";
  back_.audit->Clear();
  clock->Set(moved.expires_at());
  const grpc::Status expired = CallBack(moved_on);
  EXPECT_EQ(expired.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(expired.error_message(), HasSubstr("has expired"));
  EXPECT_TRUE(back_.audit->events().empty());
}

TEST_F(OnBehalfOfTest, AChannelWithoutLanyardSendsNothing) {
  std::optional<grpc::Status> inner;
  handle_ = [&](const grpc::ServerContextBase& server) {
    grpc::ClientContext context;
    Limit(&context);
    OnBehalfOf(server, OnBehalf::kDelegation, &context);
    Message request, reply;
    inner = Echo::NewStub(PlainTls(front_.files, back_.port))->Unary(&context, request, &reply);
  };
  ASSERT_TRUE(CallPath(front_.Channel(), "/lanyard.test.Echo/Unary", Bearer(Alice())).ok());
  EXPECT_FALSE(inner->ok());
  EXPECT_THAT(inner->error_message(), HasSubstr("needs a channel of ClientAuth's"));
  EXPECT_TRUE(back_.audit->events().empty());
}

// The wait for an exchange ends with the handler's own deadline, which gRPC does not show to
// interceptors.
TEST_F(OnBehalfOfTest, AWaitForTheTokenEndsWithTheCallersDeadline) {
  const auto source = std::make_shared<HeldSource>();  // Never answers.
  target_.exchange_source = source;
  Connect();
  std::mutex mutex;  // The handlers of two tries may run beside each other.
  std::optional<grpc::Status> inner;
  std::optional<bool> in_time;
  handle_ = [&](const grpc::ServerContextBase& server) {
    const auto context =
        grpc::ClientContext::FromServerContext(static_cast<const grpc::ServerContext&>(server));
    OnBehalfOf(server, OnBehalf::kDelegation, context.get());
    // gRPC computes the latter anew each time, from another clock.
    const bool is_in_time =
        context->deadline() <= server.deadline() + std::chrono::milliseconds(100);
    Message request, reply;
    const grpc::Status status = Echo::NewStub(channel_)->Unary(context.get(), request, &reply);
    std::lock_guard<std::mutex> lock(mutex);
    in_time = is_in_time;
    inner = status;
  };
  const auto stub = Echo::NewStub(front_.Channel());
  // A call may also end before its handler waits: the first has to connect as well.
  EXPECT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    context.AddMetadata("authorization", "Bearer " + Alice());
    Message request, reply;
    // Both calls end at the same moment, so the outer one may just be answered.
    (void)stub->Unary(&context, request, &reply);
    return source->fetches() > 0;
  }));
  front_.echo.Shutdown();  // Waits for the handler.
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(in_time, true);
  EXPECT_FALSE(inner->ok());
  EXPECT_TRUE(back_.audit->events().empty());
}

TEST_F(OnBehalfOfTest, CancellationGoesOnToTheNextService) {
  std::promise<void> at_the_back;
  std::atomic<bool> back_was_cancelled{false};
  back_handle_ = [&](const grpc::ServerContextBase& server) {
    at_the_back.set_value();
    back_was_cancelled = Eventually([&] { return server.IsCancelled(); });
  };
  handle_ = [&](const grpc::ServerContextBase& server) {
    const auto call =
        grpc::ClientContext::FromServerContext(static_cast<const grpc::ServerContext&>(server));
    OnBehalfOf(server, OnBehalf::kDelegation, call.get());
    Message request, reply;
    Echo::NewStub(channel_)->Unary(call.get(), request, &reply);
  };
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Alice());
  std::thread caller([&] {
    Message request, reply;
    EXPECT_EQ(Echo::NewStub(front_.Channel())->Unary(&context, request, &reply).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  at_the_back.get_future().wait();
  context.TryCancel();
  caller.join();
  front_.echo.Shutdown();
  back_.echo.Shutdown();
  EXPECT_TRUE(back_was_cancelled);
}

// Two users through one channel, on many threads, are never taken for each other.
TEST_F(OnBehalfOfTest, ManyCallersNeverSwap) {
  std::mutex mutex;
  int calls = 0;
  handle_ = [&](const grpc::ServerContextBase& server) {
    Delegation caller = Delegation::Of(server);
    grpc::ClientContext context;
    Limit(&context);
    OnBehalfOf(caller, OnBehalf::kDelegation, &context);
    Message request, reply;
    const grpc::Status status = Echo::NewStub(channel_)->Unary(&context, request, &reply);
    std::lock_guard<std::mutex> lock(mutex);
    ++calls;
    EXPECT_TRUE(status.ok()) << status.error_message();
    // The handler at the back answers with the subject that it sees.
    EXPECT_EQ(reply.text(), caller.caller().subject());
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto channel = front_.Channel();
      for (int i = 0; i < 50; ++i) {
        const std::string token =
            front_.issuer.Token().Subject((t + i) % 2 == 0 ? "alice" : "bob").Sign();
        EXPECT_TRUE(CallPath(channel, "/lanyard.test.Echo/Unary", Bearer(token)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, 200);
}

TEST_F(OnBehalfOfTest, ADelegationThatWasMovedFromSendsNothing) {
  std::optional<Delegation> kept;
  handle_ = [&](const grpc::ServerContextBase& server) { kept = Delegation::Of(server); };
  ASSERT_TRUE(CallPath(front_.Channel(), "/lanyard.test.Echo/Unary", Bearer(Alice())).ok());
  handle_ = nullptr;
  const Delegation moved = *std::move(kept);
  back_.audit->Clear();
  const grpc::Status status =
      CallBack([&](grpc::ClientContext* call) { OnBehalfOf(*kept, OnBehalf::kDelegation, call); });
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
  EXPECT_TRUE(back_.audit->events().empty());
  EXPECT_FALSE(kept->caller().authenticated());
}

}  // namespace
}  // namespace lanyard::test
