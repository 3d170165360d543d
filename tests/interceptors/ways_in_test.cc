// SPDX-License-Identifier: Apache-2.0
// The three ways in, and what keeps a server from starting without a gate on every port.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::ValuesIn;
using Factories =
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>;

class WaysInTest : public ::testing::TestWithParam<Api> {
 protected:
  WaysInTest() : server_(GetParam()) {}

  void ExpectChecked(int port) {
    const auto channel = PlainTls(server_.files, port);
    EXPECT_EQ(MakeCall(channel, CallType::kUnary).status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(server_.echo.handled().runs, 0);
    const Outcome good =
        MakeCall(channel, CallType::kUnary, Bearer(server_.issuer.Token().Subject("svc:a").Sign()));
    EXPECT_TRUE(good.status.ok()) << good.status.error_message();
    EXPECT_EQ(server_.echo.handled().runs, 1);
    server_.echo.handled().runs = 0;
  }

  GatedServer server_;
};

TEST_P(WaysInTest, SeveralListeningPortsAreAllChecked) {
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  int first = 0, second = 0;
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0", &first);
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0", &second);
  ASSERT_TRUE(server_.echo.Start()) << server_.auth->start_error();
  ExpectChecked(first);
  ExpectChecked(second);
}

TEST_P(WaysInTest, CredentialsAndInterceptorFactoryDoTheSame) {
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  auto credentials = server_.auth->Credentials();
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  server_.echo.builder().AddListeningPort("127.0.0.1:0", *credentials, &server_.port);
  Factories factories;
  factories.push_back(server_.auth->InterceptorFactory());
  server_.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(server_.echo.Start());
  ExpectChecked(server_.port);
  EXPECT_EQ(server_.echo.handled().saw_bearer, 0);
  EXPECT_EQ(server_.echo.handled().anonymous, 0);
}

TEST_P(WaysInTest, GateAloneEnforcesAndHandlersIdentify) {
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  auto credentials = server_.auth->GateOnlyCredentials();
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  server_.echo.builder().AddListeningPort("127.0.0.1:0", *credentials, &server_.port);
  ASSERT_TRUE(server_.echo.Start());
  ExpectChecked(server_.port);
  // No binding: the handler sees no caller in its context, and the token is still there.
  EXPECT_EQ(server_.echo.handled().anonymous, 1);
  EXPECT_EQ(server_.echo.handled().saw_bearer, 1);
}

TEST_P(WaysInTest, UnixSocketsNeedNoTls) {
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  const std::string address = "unix:" + server_.files.Path("socket");
  server_.auth->AddListeningPort(server_.echo.builder(), address);
  ASSERT_TRUE(server_.echo.Start()) << server_.auth->start_error();
  const auto channel = grpc::CreateChannel(address, grpc::experimental::LocalCredentials(UDS));
  EXPECT_EQ(MakeCall(channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(
      MakeCall(channel, CallType::kUnary, Bearer(server_.issuer.Token().Sign())).status.ok());
  EXPECT_EQ(server_.echo.handled().runs, 1);
}

// Calls that came past the gate: each is refused at once and its handler never runs. A call that is
// so withheld keeps Shutdown() from returning, so the servers here are left to the process. On a
// completion queue it also takes the request that waited for it, so there the second call of a
// method finds no taker; such a server is misbuilt, and closed is what it should be.
class PastTheGateTest : public ::testing::TestWithParam<Api> {
 protected:
  static GatedServer* NewServer() {
    static auto* const kept = new std::vector<GatedServer*>();
    kept->push_back(new GatedServer(GetParam()));
    return kept->back();
  }

  void ExpectRefused(const std::shared_ptr<grpc::Channel>& channel, GatedServer& server) {
    const std::string token = server.issuer.Token().Sign();
    for (const CallType type : kAllCallTypes) {
      const Outcome outcome = MakeCall(channel, type, Bearer(token));
      EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
      if (GetParam() == Api::kAsyncGeneric) break;
      if (GetParam() == Api::kAsync) continue;
      EXPECT_EQ(MakeCall(channel, type).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    }
    EXPECT_EQ(server.echo.handled().runs, 0);
  }
};

TEST_P(PastTheGateTest, RunsNoHandlerOnAPortWithoutTheGate) {
  GatedServer* const server = NewServer();
  ASSERT_NO_FATAL_FAILURE(server->Create());
  server->echo.builder().AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                                          &server->port);
  Factories factories;
  factories.push_back(server->auth->InterceptorFactory());
  server->echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(server->echo.Start());
  ExpectRefused(grpc::CreateChannel(absl::StrCat("127.0.0.1:", server->port),
                                    grpc::InsecureChannelCredentials()),
                *server);
}

TEST_P(PastTheGateTest, RunsNoHandlerForAnInProcessCall) {
  GatedServer* const server = NewServer();
  ASSERT_NO_FATAL_FAILURE(server->Start());
  ExpectRefused(server->echo.server().InProcessChannel(grpc::ChannelArguments()), *server);
}

INSTANTIATE_TEST_SUITE_P(All, PastTheGateTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

INSTANTIATE_TEST_SUITE_P(All, WaysInTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

// A handler of the third way: it asks ServerAuth who calls.
class IdentifyingEcho final : public Echo::Service {
 public:
  explicit IdentifyingEcho(const std::unique_ptr<ServerAuth>* auth) : auth_(auth) {}
  grpc::Status Unary(grpc::ServerContext* context, const Message*, Message* reply) override {
    return Answer(*context, reply);
  }
  grpc::Status Open(grpc::ServerContext* context, const Message*, Message* reply) override {
    return Answer(*context, reply);
  }

 private:
  grpc::Status Answer(const grpc::ServerContext& context, Message* reply) const {
    const auto caller = (*auth_)->Identify(context);
    if (!caller.ok()) return grpc::Status(grpc::StatusCode::INTERNAL, caller.status().ToString());
    reply->set_text(caller->authenticated() ? caller->subject() : "(anonymous)");
    return grpc::Status::OK;
  }
  const std::unique_ptr<ServerAuth>* const auth_;
};

TEST(IdentifyTest, GivesTheCallerWithAndWithoutABinding) {
  for (const bool binding : {false, true}) {
    GatedServer server(Api::kSync);
    ASSERT_NO_FATAL_FAILURE(server.Create());
    IdentifyingEcho echo(&server.auth);
    grpc::ServerBuilder builder;
    if (binding) {
      server.auth->AddListeningPort(builder, "127.0.0.1:0", &server.port);
    } else {
      const auto credentials = server.auth->GateOnlyCredentials();
      ASSERT_TRUE(credentials.ok());
      builder.AddListeningPort("127.0.0.1:0", *credentials, &server.port);
    }
    builder.RegisterService(&echo);
    const auto running = builder.BuildAndStart();
    ASSERT_NE(running, nullptr);
    const Outcome outcome = MakeCall(server.Channel(), CallType::kUnary,
                                     Bearer(server.issuer.Token().Subject("svc:a").Sign()));
    EXPECT_EQ(outcome.text, "svc:a") << outcome.status.error_message();
    auto stub = Echo::NewStub(server.Channel());
    grpc::ClientContext context;
    Limit(&context);
    Message reply;
    EXPECT_TRUE(stub->Open(&context, Message(), &reply).ok());
    EXPECT_EQ(reply.text(), "(anonymous)");
  }
}

class StartTest : public ::testing::Test {
 protected:
  StartTest() : server_(Api::kSync) {}
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Create()); }

  void ExpectNoStart(const std::string& reason) {
    EXPECT_FALSE(server_.echo.Start());
    EXPECT_THAT(std::string(server_.auth->start_error().message()), HasSubstr(reason));
  }

  GatedServer server_;
};

// An interceptor that does nothing.
class NoInterceptor final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo*) override {
    return nullptr;
  }
};

TEST_F(StartTest, FailsWithAPortBesideOursAndNamesIt) {
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  server_.echo.builder().AddListeningPort("127.0.0.2:0", grpc::InsecureServerCredentials());
  ExpectNoStart("port 127.0.0.2:0 does not have Lanyard's gate");
}

TEST_F(StartTest, FailsWithAPortBesideOursAddedBefore) {
  server_.echo.builder().AddListeningPort("127.0.0.2:0", grpc::InsecureServerCredentials());
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  ExpectNoStart("127.0.0.2:0");
}

TEST_F(StartTest, FailsWhenSomebodyReplacesTheInterceptors) {
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  Factories theirs;
  theirs.push_back(std::make_unique<NoInterceptor>());
  server_.echo.builder().experimental().SetInterceptorCreators(std::move(theirs));
  ExpectNoStart("SetInterceptorCreators");
}

TEST_F(StartTest, FailsWithTwoServerAuthsOnOneBuilder) {
  auto other = ServerAuth::Create(server_.options);
  ASSERT_TRUE(other.ok());
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  (*other)->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  EXPECT_FALSE(server_.echo.Start());
  EXPECT_FALSE(server_.auth->start_error().ok());
}

TEST_F(StartTest, AnotherBuilderStartsAfterOneThatFailed) {
  server_.auth->AddListeningPort(server_.echo.builder(), "127.0.0.1:0");
  server_.echo.builder().AddListeningPort("127.0.0.2:0", grpc::InsecureServerCredentials());
  ExpectNoStart("127.0.0.2:0");
  EchoServer corrected(Api::kSync);
  server_.auth->AddListeningPort(corrected.builder(), "127.0.0.1:0");
  EXPECT_TRUE(corrected.Start());
  EXPECT_TRUE(server_.auth->start_error().ok());
}

TEST(StartErrorTest, FailsForAnAnnotationThatCannotStand) {
  GatedServer server(Api::kSync);
  const testing::TestIssuer other(Algorithm::kEs256, "other");
  // With two issuers, Scoped's annotation does not say whose scope it means.
  server.options.config_text += other.ConfigText();
  server.options.key_sources["other"] = other.Keys();
  server.options.services.clear();
  ASSERT_NO_FATAL_FAILURE(server.Create());
  server.auth->AddListeningPort(server.echo.builder(), "127.0.0.1:0");
  EXPECT_FALSE(server.echo.Start());
  EXPECT_THAT(std::string(server.auth->start_error().message()),
              HasSubstr("annotation of /lanyard.test.Echo/Scoped"));
}

TEST(StartErrorTest, CreateNamesAServiceThatDoesNotExist) {
  GatedServer server(Api::kSync);
  server.options.services = {"lanyard.test.Ehco"};
  EXPECT_THAT(std::string(ServerAuth::Create(server.options).status().message()),
              HasSubstr("lanyard.test.Ehco"));
}

TEST_F(StartTest, FailsForALoopbackPortThatTheConfigDoesNotTrust) {
  server_.auth->AddTrustedLoopbackPort(server_.echo.builder(), "127.0.0.1:0");
  ExpectNoStart("loopback_is_trusted");
}

TEST(TrustedLoopbackTest, ServesOnAPortWithoutTlsWhereTheConfigSaysSo) {
  GatedServer server(Api::kSync, "loopback_is_trusted: true\n");
  ASSERT_NO_FATAL_FAILURE(server.Create());
  server.auth->AddTrustedLoopbackPort(server.echo.builder(), "127.0.0.1:0", &server.port);
  ASSERT_TRUE(server.echo.Start()) << server.auth->start_error();
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server.port),
                                           grpc::experimental::LocalCredentials(LOCAL_TCP));
  EXPECT_EQ(MakeCall(channel, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(
      MakeCall(channel, CallType::kUnary, Bearer(server.issuer.Token().Sign())).status.ok());
}

TEST(InstallOnTest, RefusesInsecureCredentialsInsteadOfAborting) {
  GatedServer server(Api::kSync);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  const auto insecure = grpc::InsecureServerCredentials();
  EXPECT_THAT(std::string(server.auth->InstallOn(*insecure).message()), HasSubstr("insecure"));
}

TEST(InstallOnTest, RefusesCallsOverLocalCredentialsUnlessTheConfigTrustsThem) {
  for (const bool trusted : {false, true}) {
    GatedServer server(Api::kSync, trusted ? "loopback_is_trusted: true\n" : "");
    ASSERT_NO_FATAL_FAILURE(server.Create());
    const auto credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
    ASSERT_TRUE(server.auth->InstallOn(*credentials).ok());
    server.echo.builder().AddListeningPort("127.0.0.1:0", credentials, &server.port);
    Factories factories;
    factories.push_back(server.auth->InterceptorFactory());
    server.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
    ASSERT_TRUE(server.echo.Start());
    const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server.port),
                                             grpc::experimental::LocalCredentials(LOCAL_TCP));
    EXPECT_EQ(MakeCall(channel, CallType::kUnary, Bearer(server.issuer.Token().Sign())).status.ok(),
              trusted);
    EXPECT_EQ(server.echo.handled().runs, trusted ? 1 : 0);
  }
}

TEST(InstallOnTest, GatesCredentialsThatTheUserMade) {
  GatedServer server(Api::kSync);
  ASSERT_NO_FATAL_FAILURE(server.Create());
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back(
      {server.files.Read("server.key"), server.files.Read("server.crt")});
  const auto credentials = grpc::SslServerCredentials(tls);
  ASSERT_TRUE(server.auth->InstallOn(*credentials).ok());
  server.echo.builder().AddListeningPort("127.0.0.1:0", credentials, &server.port);
  Factories factories;
  factories.push_back(server.auth->InterceptorFactory());
  server.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(server.echo.Start());
  EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
                  .status.ok());
}

TEST(LifetimeTest, ServerGoesOnWhenServerAuthIsDestroyedFirst) {
  GatedServer server(Api::kCallback);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  server.auth.reset();
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
                  .status.ok());
  EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST(LifetimeTest, ServerMayGoWithRequestsOutstandingAndStreamsOpen) {
  for (const Api api : kAllApis) {
    GatedServer server(api);
    ASSERT_NO_FATAL_FAILURE(server.Start());
    auto stub = Echo::NewStub(server.Channel());
    grpc::ClientContext context;
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + server.issuer.Token().Sign());
    auto stream = stub->Chat(&context);
    Message message;
    ASSERT_TRUE(stream->Write(message));
    ASSERT_TRUE(stream->Read(&message));
    std::thread canceller([&] { context.TryCancel(); });
    server.echo.Shutdown();
    canceller.join();
    while (stream->Read(&message)) {
    }
    (void)stream->Finish();
  }
}

}  // namespace
}  // namespace lanyard::test
