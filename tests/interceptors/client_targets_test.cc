// SPDX-License-Identifier: Apache-2.0
// One ClientAuth and several servers, methods and calls, each with the token that is its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/authenticated_channel.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Signs for whomever the token is asked for, and remembers.
class SigningSource final : public TokenSource {
 public:
  explicit SigningSource(const testing::TestIssuer& issuer, absl::string_view subject = "svc:test")
      : issuer_(issuer), subject_(subject) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    std::string token = issuer_.Token()
                            .Subject(subject_)
                            .Audience(request.audience)
                            .Scopes(absl::StrJoin(request.scopes, " "))
                            .ExpiresIn(life_)
                            .Sign();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      asked_.push_back(absl::StrCat(request.audience, "|", absl::StrJoin(request.scopes, " ")));
    }
    done(BearerToken(token, absl::Now() + life_));
  }
  std::vector<std::string> asked() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
  }

 private:
  const testing::TestIssuer& issuer_;
  const std::string subject_;
  const absl::Duration life_ = absl::Minutes(5);
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
};

class ClientTargetsTest : public ClientAuthTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ClientAuthTest::SetUp());
    other_.options.config_text =
        absl::StrCat("issuers { name: \"test\" issuer: \"", server_.issuer.issuer(),
                     "\" audiences: \"other\" algorithms: ES256 may_assert { anything: true } }");
    other_.options.key_sources["test"] = server_.issuer.Keys();
    other_.options.tls = server_.files.Server();
    ASSERT_NO_FATAL_FAILURE(other_.Start());
  }
  std::string other() const { return absl::StrCat("localhost:", other_.port); }

  TokenTarget Target(const std::string& name, const std::string& audience) const {
    TokenTarget made;
    made.names = {name};
    made.audience = audience;
    made.token_source = source_;
    return made;
  }
  ClientAuthOptions Targets(std::vector<TokenTarget> targets) const {
    ClientAuthOptions options;
    options.targets = std::move(targets);
    options.tls = server_.files.Client();
    return options;
  }
  static grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                           const std::shared_ptr<grpc::CallCredentials>& credentials = nullptr) {
    grpc::ClientContext context;
    Limit(&context);
    if (credentials != nullptr) context.set_credentials(credentials);
    Message request, reply;
    return Echo::NewStub(channel)->Unary(&context, request, &reply);
  }
  static grpc::Status CallScoped(
      const std::shared_ptr<grpc::Channel>& channel,
      const std::shared_ptr<grpc::CallCredentials>& credentials = nullptr) {
    grpc::ClientContext context;
    Limit(&context);
    if (credentials != nullptr) context.set_credentials(credentials);
    Message request, reply;
    return Echo::NewStub(channel)->Scoped(&context, request, &reply);
  }
  std::shared_ptr<grpc::ChannelCredentials> Tls() const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = server_.files.Read("ca.pem");
    return grpc::SslCredentials(tls);
  }

  GatedServer other_{Api::kSync};
  const std::shared_ptr<SigningSource> source_ = std::make_shared<SigningSource>(server_.issuer);
};

// As docs/guides/tokens.md has it.
absl::StatusOr<std::unique_ptr<ClientAuth>> OfTwoServers(const std::shared_ptr<TokenSource>& source,
                                                         const std::string& etc) {
  TokenTarget orders;
  orders.names = {"orders.prod:8443"};
  orders.audience = "orders";
  orders.token_source = source;
  TokenTarget payments = orders;
  payments.names = {"payments.prod:8443"};
  payments.audience = "payments";
  ClientAuthOptions options;
  options.targets = {orders, payments};
  options.tls.root_certificates = etc + "ca.pem";
  return ClientAuth::Create(options);
}

TEST_F(ClientTargetsTest, TheGuidesTargetsHaveTheirAudiences) {
  const auto auth = OfTwoServers(source_, server_.files.Path(""));
  ASSERT_THAT(auth, IsOk());
  EXPECT_THAT((*auth)->AwaitToken("orders.prod:8443"), IsOk());
  EXPECT_THAT((*auth)->AwaitToken("payments.prod:8443"), IsOk());
  EXPECT_THAT(source_->asked(), ElementsAre("orders|", "payments|"));
}

TEST_F(ClientTargetsTest, EachTargetGetsTokensOfItsOwn) {
  const auto auth =
      *ClientAuth::Create(Targets({Target(target(), "test"), Target(other(), "other")}));
  const auto first = *auth->CreateChannel(target());
  const auto second = *auth->CreateChannel(absl::StrCat("dns:///", other()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Call(first).ok());
    EXPECT_TRUE(Call(second).ok());
  }
  EXPECT_THAT(source_->asked(), ElementsAre("test|", "other|")) << "each is fetched once";
}

TEST_F(ClientTargetsTest, UnknownTargetsGetNoChannelAndNoToken) {
  const auto auth = *ClientAuth::Create(Targets({Target("orders.prod:8443", "test")}));
  EXPECT_THAT(auth->CreateChannel("order.prod:8443"),
              IsError(AllOf(HasSubstr("no target is called \"order.prod:8443\""),
                            HasSubstr("did you mean orders.prod:8443?"))));
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(auth->InterceptorFactory(target()));
  const auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
      target(), Tls(), {}, std::move(factories));
  const grpc::Status status = Call(channel);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("no target is called"));
  EXPECT_TRUE(server_.audit->events().empty());
  EXPECT_THAT(source_->asked(), ElementsAre());
}

TEST_F(ClientTargetsTest, MethodsMayHaveOtherTokens) {
  TokenTarget target_with_methods = Target(target(), "test");
  MethodTokens scoped;
  scoped.method = "/lanyard.test.Echo/Scoped";
  scoped.scopes = {"write"};
  MethodTokens unruled;
  unruled.method = "/lanyard.test.Echo/Unruled";
  unruled.token_source = std::make_shared<SigningSource>(server_.issuer, "svc:another");
  target_with_methods.methods = {scoped, unruled};
  const auto auth = *ClientAuth::Create(Targets({target_with_methods}));
  const auto channel = *auth->CreateChannel(target());
  EXPECT_TRUE(Call(channel).ok());
  EXPECT_TRUE(CallScoped(channel).ok());
  EXPECT_THAT(source_->asked(), ElementsAre("test|", "test|write"));
  grpc::ClientContext context;
  Limit(&context);
  Message request, reply;
  EXPECT_EQ(Echo::NewStub(channel)->Unruled(&context, request, &reply).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(SubjectOf(server_.audit->last()), "svc:another");
}

TEST_F(ClientTargetsTest, ACallMayWantAnotherToken) {
  const auto auth = *ClientAuth::Create(Targets({Target("*", "test")}));
  const auto channel = *auth->CreateChannel(target());
  const auto write = auth->CallCredentials({"", {"write"}});
  EXPECT_EQ(CallScoped(channel).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(CallScoped(channel, write).ok());
  EXPECT_TRUE(CallScoped(channel, write).ok());
  // To a server that the target's own audience is not for.
  const auto elsewhere = *auth->CreateChannel(other());
  EXPECT_EQ(Call(elsewhere).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Call(elsewhere, auth->CallCredentials({"other"})).ok());
  EXPECT_THAT(source_->asked(), ElementsAre("test|", "test|write", "other|"));
}

TEST_F(ClientTargetsTest, CallCredentialsServeChannelsOfOnesOwn) {
  const auto auth =
      *ClientAuth::Create(Targets({Target(target(), "test"), Target(other(), "other")}));
  const auto credentials = auth->CallCredentials();
  const auto channel = grpc::CreateChannel(target(), Tls());
  EXPECT_EQ(Call(channel).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(auth->AwaitToken(target()), IsOk());
  EXPECT_THAT(auth->AwaitToken(other()), IsOk());
  EXPECT_TRUE(Call(channel, credentials).ok());
  const auto write = auth->CallCredentials({"", {"write"}});
  const grpc::Status first = CallScoped(channel, write);
  EXPECT_TRUE(first.ok() || first.error_code() == grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([&] { return CallScoped(channel, write).ok(); }));
  // As part of the channel.
  const auto composed =
      grpc::CreateChannel(other(), grpc::CompositeChannelCredentials(Tls(), credentials));
  EXPECT_TRUE(Call(composed).ok());
  EXPECT_THAT(source_->asked(), ElementsAre("test|", "other|", "test|write"));
}

TEST_F(ClientTargetsTest, ATokenCanBeAwaited) {
  ClientAuthOptions options = Options(source_);
  EXPECT_THAT((*ClientAuth::Create(options))->AwaitToken("whatever"), IsOk());
  options.token_source = std::make_shared<HeldSource>();
  options.max_token_wait = absl::Milliseconds(100);
  EXPECT_THAT((*ClientAuth::Create(options))->AwaitToken(target()), IsError(HasSubstr("in time")));
  options.max_token_wait = absl::Minutes(1);
  options.token_source = StaticTokenSource("opaque");
  EXPECT_THAT((*ClientAuth::Create(options))->AwaitToken(target()), IsError(HasSubstr("no JWT")));
  const auto targets = *ClientAuth::Create(Targets({Target(target(), "test")}));
  EXPECT_THAT(targets->AwaitToken("elsewhere"), IsError(HasSubstr("no target is called")));
  options.token_source = source_;
  options.audience.clear();
  options.audience_from_service_url = true;
  const auto by_url = *ClientAuth::Create(options);
  EXPECT_THAT(by_url->AwaitToken(target()), IsError(HasSubstr("a method is needed")));
  EXPECT_THAT(by_url->AwaitToken(target(), "/a.B/C"), IsOk());
  EXPECT_EQ(source_->asked().back(), absl::StrCat("https://", target(), "/a.B|"));
}

TEST_F(ClientTargetsTest, CallCredentialsOfUnknownTargetsSendNothing) {
  const auto auth = *ClientAuth::Create(Targets({Target("orders.prod:8443", "test")}));
  const grpc::Status status = Call(grpc::CreateChannel(target(), Tls()), auth->CallCredentials());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.error_message(), HasSubstr("no target is called"));
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientTargetsTest, TakesChannelCredentialsOfOnesOwn) {
  const auto auth = *ClientAuth::Create(Options(source_));
  const auto channel = auth->CreateChannel(target(), Tls(), {}, {});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_TRUE(Call(*channel).ok());
  EXPECT_THAT(auth->CreateChannel(target(), nullptr, {}, {}), IsError(HasSubstr("null")));
  const auto plain = *auth->CreateChannel(target(), grpc::InsecureChannelCredentials(), {}, {});
  EXPECT_FALSE(Call(plain).ok());
  EXPECT_EQ(server_.audit->events().size(), 1u);
}

// Channels share what watches the TLS files, but none begins with older ones than there are.
TEST_F(ClientTargetsTest, AChannelBeginsWithTheTlsFilesOfNow) {
  ClientAuthOptions options = Options(source_);
  options.tls.root_certificates = server_.files.Write("roots.pem", server_.files.Read("ca.pem"));
  const auto auth = *ClientAuth::Create(options);
  grpc::ChannelArguments alone;
  alone.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto first = *auth->CreateChannel(target(), alone, {});
  EXPECT_TRUE(Call(first).ok());
  server_.files.Write("roots.pem", testing::TestCertificates().Read("ca.pem"));
  const auto second = *auth->CreateChannel(target(), alone, {});
  EXPECT_EQ(Call(second).error_code(), grpc::StatusCode::UNAVAILABLE);
  server_.files.Write("roots.pem", "nothing of use");
  EXPECT_THAT(auth->CreateChannel(target(), alone, {}), IsError(HasSubstr("roots.pem")));
  server_.files.Write("roots.pem", server_.files.Read("ca.pem"));
  EXPECT_TRUE(Call(*auth->CreateChannel(target(), alone, {})).ok());
}

TEST_F(ClientTargetsTest, AudienceMayBeTheServiceUrl) {
  ClientAuthOptions options = Options(source_);
  options.audience.clear();
  options.audience_from_service_url = true;
  const auto auth = *ClientAuth::Create(options);
  EXPECT_EQ(Call(*auth->CreateChannel(target())).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const auto plain = grpc::CreateChannel(target(), Tls());
  EXPECT_TRUE(Eventually([&] {
    return Call(plain, auth->CallCredentials()).error_code() == grpc::StatusCode::UNAUTHENTICATED;
  }));
  // Both ways come to the same; the server refused the first.
  EXPECT_THAT(source_->asked(), Each(absl::StrCat("https://", target(), "/lanyard.test.Echo|")));
}

TEST_F(ClientTargetsTest, SendsOpaqueTokensOnlyIfToldTo) {
  ClientAuthOptions options = Options(StaticTokenSource("opaque"));
  const grpc::Status refused = Call(Connect(options));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(refused.error_message(), HasSubstr("opaque_tokens_are_trusted"));
  EXPECT_TRUE(server_.audit->events().empty());
  options.opaque_tokens_are_trusted = true;
  EXPECT_EQ(Call(Connect(options)).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_FALSE(server_.audit->events().empty()) << "it was sent";
}

TEST_F(ClientTargetsTest, GenericAndAsyncStubsNeedNothingMore) {
  const auto auth = *ClientAuth::Create(Targets({Target(target(), "test")}));
  const auto channel = *auth->CreateChannel(target());
  EXPECT_TRUE(CallPath(channel, "/lanyard.test.Echo/Unary").ok());
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  Limit(&context);
  context.set_credentials(auth->CallCredentials({"", {"write"}}));
  const auto call = Echo::NewStub(channel)->AsyncScoped(&context, Message(), &queue);
  Message reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag;
  bool ok;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  queue.Shutdown();
}

TEST_F(ClientTargetsTest, ChecksWhatStandsTogether) {
  const auto refused = [](const ClientAuthOptions& options) {
    return ClientAuth::Create(options).status();
  };
  ClientAuthOptions both = Options(source_);
  both.targets = {Target(target(), "test")};
  EXPECT_THAT(refused(both), IsError(HasSubstr("nothing of it beside them")));
  EXPECT_THAT(refused(Targets({Target(target(), "test"), Target(target(), "other")})),
              IsError(HasSubstr("stands twice")));
  EXPECT_THAT(refused(Targets({Target(target(), "")})),
              IsError(HasSubstr("targets[0].audience: required")));
  TokenTarget no_source = Target(target(), "test");
  no_source.token_source = nullptr;
  EXPECT_THAT(refused(Targets({no_source})), IsError(HasSubstr("targets[0].token_source")));
  TokenTarget two_audiences = Target(target(), "test");
  two_audiences.audience_from_service_url = true;
  EXPECT_THAT(refused(Targets({two_audiences})), IsError(HasSubstr("one of the two")));
  TokenTarget twice = Target(target(), "test");
  MethodTokens method;
  method.method = "/a.B/C";
  twice.methods = {method, method};
  EXPECT_THAT(refused(Targets({twice})), IsError(HasSubstr("stands twice")));
  ClientAuthOptions life = Options(source_);
  life.min_stream_token_life = absl::Seconds(-1);
  EXPECT_THAT(refused(life), IsError(HasSubstr("min_stream_token_life")));
}

TEST_F(ClientTargetsTest, ReportsEachSourceAndAudience) {
  TokenTarget second = Target(other(), "other");
  second.token_source = std::make_shared<SigningSource>(server_.issuer, "svc:another");
  const auto auth = *ClientAuth::Create(Targets({Target(target(), "test"), second}));
  EXPECT_TRUE(Call(*auth->CreateChannel(target())).ok());
  const std::string described = auth->Describe().json;
  EXPECT_THAT(described, HasSubstr(R"("audience":"test","source":"1")"));
  EXPECT_THAT(described, HasSubstr(R"("audience":"other","source":"2")"));
}

// gRPC 1.51 would run a plugin that blocks on the few threads of its event engine, which grow by
// one a second and are shared by the whole process.
TEST_F(ClientTargetsTest, CallsThatWaitOnPlainChannelsHoldUpNoOthers) {
  const auto source = std::make_shared<HeldSource>();
  TokenTarget held = Target(other(), "other");
  held.token_source = source;
  ClientAuthOptions options = Targets({held, Target(target(), "test")});
  options.max_token_wait = absl::Minutes(5);  // Far longer than the good calls may take.
  const auto auth = *ClientAuth::Create(options);
  const auto connect = [&](const std::string& name) {
    return grpc::CreateChannel(name,
                               grpc::CompositeChannelCredentials(Tls(), auth->CallCredentials()));
  };
  const auto slow = connect(other()), good = connect(target());
  ASSERT_THAT(auth->AwaitToken(target()), IsOk());
  const auto ours = *auth->CreateChannel(target());
  ASSERT_TRUE(Call(good).ok());  // Its token is there.
  ASSERT_TRUE(Call(ours).ok());
  struct One {
    grpc::ClientContext context;
    Message reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Message>> reader;
  };
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<One>> all;
  const auto stub = Echo::NewStub(slow);
  for (int i = 0; i < 100; ++i) {
    auto one = std::make_unique<One>();
    one->context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(5));
    one->reader = stub->AsyncUnary(&one->context, Message(), &queue);
    one->reader->Finish(&one->reply, &one->status, one.get());
    all.push_back(std::move(one));
  }
  source->AwaitFetch();
  for (int i = 0; i < 5; ++i) {
    grpc::ClientContext context;
    Limit(&context);
    Message request, reply;
    const grpc::Status status = Echo::NewStub(good)->Unary(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << i << ": " << status.error_message();
  }
  const grpc::Status on_ours = Call(ours);
  EXPECT_TRUE(on_ours.ok()) << on_ours.error_message();
  const grpc::Status on_new = Call(*auth->CreateChannel(absl::StrCat("dns:///", target())));
  EXPECT_TRUE(on_new.ok()) << on_new.error_message();
  source->Answer(absl::UnavailableError("late"));
  void* tag;
  bool ok;
  for (size_t i = 0; i < all.size(); ++i) queue.Next(&tag, &ok);
}

// A stream takes a token that will live; a call takes what there is.
class StreamLifeTest : public ClientAuthTest {};

TEST_F(StreamLifeTest, StreamsFetchATokenThatLivesLongerAndCallsDoNot) {
  class Aging final : public TokenSource {
   public:
    explicit Aging(const testing::TestIssuer& issuer) : issuer_(issuer) {}
    void Fetch(const TokenRequest&, TokenCallback done) override {
      ++fetches;
      // A token that was cached by its issuer for long, and then a fresh one.
      const absl::Duration life = fetches == 1 ? absl::Minutes(2) : absl::Minutes(10);
      done(BearerToken(issuer_.Token().ExpiresIn(life).Sign(), absl::Now() + life));
    }
    std::atomic<int> fetches{0};

   private:
    const testing::TestIssuer& issuer_;
  };
  const auto source = std::make_shared<Aging>(server_.issuer);
  ClientAuthOptions options = Options(source);
  options.min_stream_token_life = absl::Minutes(5);
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  options.clock = clock;
  const auto channel = Connect(options);
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  clock->Advance(absl::Seconds(31));
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  EXPECT_EQ(source->fetches, 1);
  for (const CallType type : {CallType::kChat, CallType::kRepeat, CallType::kCollect}) {
    EXPECT_TRUE(MakeCall(channel, type).status.ok());
    EXPECT_TRUE(Eventually([&] { return source->fetches == 2; }));
  }
  EXPECT_EQ(source->fetches, 2);
}

// Another's wish is another's identity.
TEST_F(ClientTargetsTest, CallCredentialsOfAnotherClientAuthAreRefused) {
  const auto mine = *ClientAuth::Create(Targets({Target(target(), "test")}));
  TokenTarget theirs = Target(target(), "test");
  theirs.token_source = std::make_shared<SigningSource>(server_.issuer, "svc:tenant-b");
  const auto another = *ClientAuth::Create(Targets({theirs}));
  const auto channel = *mine->CreateChannel(target());
  server_.audit->Clear();
  const grpc::Status status = Call(channel, another->CallCredentials());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
  EXPECT_TRUE(server_.audit->events().empty())
      << "went out as " << SubjectOf(server_.audit->last());
}

// The other server is where gRPC goes; the name only ends in what the target is called.
TEST_F(ClientTargetsTest, AQueryIsNoPartOfAName) {
  TokenTarget payments = Target("*.payments.prod:8443", "other");
  const auto auth = *ClientAuth::Create(Targets({payments}));
  const auto channel =
      auth->CreateChannel(absl::StrCat("dns:///", other(), "?x=.payments.prod:8443"));
  if (!channel.ok()) return;
  const grpc::Status status = Call(*channel);
  EXPECT_FALSE(status.ok()) << "the token of payments went to " << other();
}

// A stream would like a better token, and can go with the one that there is.
TEST_F(StreamLifeTest, StreamsDoNotFailOverATokenThatTheyOnlyWouldLike) {
  const auto source = std::make_shared<HeldSource>();
  class Once final : public TokenSource {
   public:
    Once(std::string token, std::shared_ptr<TokenSource> later) : token_(token), later_(later) {}
    void Fetch(const TokenRequest& request, TokenCallback done) override {
      if (first_.exchange(false)) return done(BearerToken(token_, absl::Now() + absl::Hours(1)));
      later_->Fetch(request, std::move(done));
    }

   private:
    std::atomic<bool> first_{true};
    const std::string token_;
    const std::shared_ptr<TokenSource> later_;
  };
  ClientAuthOptions options = Options(
      std::make_shared<Once>(server_.issuer.Token().ExpiresIn(absl::Hours(1)).Sign(), source));
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  options.clock = clock;
  const auto channel = Connect(options);
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  clock->Advance(absl::Minutes(35));
  const grpc::Status stream = MakeCall(channel, CallType::kRepeat).status;
  EXPECT_TRUE(stream.ok()) << stream.error_message();
  EXPECT_TRUE(MakeCall(channel, CallType::kUnary).status.ok());
  source->Answer(absl::UnavailableError("late"));
}

}  // namespace
}  // namespace lanyard::test
