// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/test_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/call_matchers.h"
#include "lanyard/testing/fake_clock.h"

namespace lanyard::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    ++runs;
    order->set_asked_by(CallerOf(*context).subject());
    return grpc::Status::OK;
  }
  grpc::Status Cancel(grpc::ServerContext*, const shop::CancelRequest*, shop::Order*) override {
    ++runs;
    return {grpc::StatusCode::PERMISSION_DENIED, "it has been sent"};
  }
  grpc::Status Watch(grpc::ServerContext* context, const shop::WatchRequest*,
                     grpc::ServerWriter<shop::Order>* writer) override {
    writer->Write(shop::Order());
    while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
    ended = true;
    return grpc::Status::OK;
  }
  std::atomic<int> runs{0};
  std::atomic<bool> ended{false};
};

void Limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

grpc::Status GetOrder(const std::shared_ptr<grpc::Channel>& channel, shop::Order* order = nullptr) {
  grpc::ClientContext context;
  Limit(context);
  shop::Order ignored;
  return shop::Orders::NewStub(channel)->GetOrder(&context, {},
                                                  order == nullptr ? &ignored : order);
}

grpc::Status Cancel(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  Limit(context);
  shop::Order order;
  return shop::Orders::NewStub(channel)->Cancel(&context, {}, &order);
}

class TestServerTest : public ::testing::TestWithParam<bool> {
 protected:
  static TestServerOptions Options() {
    TestServerOptions options;
    options.on_unix_socket = GetParam();
    return options;
  }
  Orders orders_;
};

TEST_P(TestServerTest, LetsInWhomTheAnnotationAllowsAndShowsTheHandlerWhoItIs) {
  TestServer server({&orders_}, Options());
  shop::Order order;
  const grpc::Status status = GetOrder(server.ChannelAs("alice", {"orders.read"}), &order);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(order.asked_by(), "alice");
  EXPECT_THAT(server.audit().last(), AllOf(AllowedCall(), CallOf("test", "alice")));
}

TEST_P(TestServerTest, RefusesEverybodyElseBeforeTheHandler) {
  TestServer server({&orders_}, Options());
  EXPECT_THAT(GetOrder(server.ChannelAs("alice", {"orders.write"})),
              RefusedAs(RefusalReason::kPermissionDenied));
  EXPECT_THAT(server.audit().last(), RefusedCall(AuthFailure::kDeniedByPolicy));
  EXPECT_THAT(GetOrder(server.AnonymousChannel()), RefusedAs(RefusalReason::kMissingToken));
  EXPECT_THAT(server.audit().last(), RefusedCall(AuthFailure::kMissingToken));
  EXPECT_THAT(GetOrder(server.Channel("garbage")), RefusedAs(RefusalReason::kInvalidToken));
  EXPECT_THAT(GetOrder(server.Channel(
                  server.Token().Scopes("orders.read").ExpiresIn(-absl::Hours(1)).Sign())),
              RefusedAs(RefusalReason::kTokenExpired));
  // A method without a rule.
  EXPECT_THAT(Cancel(server.ChannelAs("alice", {"orders.read"})),
              RefusedAs(RefusalReason::kPermissionDenied));
  EXPECT_EQ(orders_.runs, 0);
  EXPECT_THAT(server.audit().events(), SizeIs(5));
}

TEST_P(TestServerTest, AddsTheRulesOfATextAndNamesTheIssuerAsTheyDo) {
  TestServerOptions options = Options();
  options.issuer = "sso";
  options.config_text = R"(
      rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } })";
  TestServer server({&orders_}, options);
  EXPECT_THAT(Cancel(server.ChannelAs("svc:orders")), RefusedAs(RefusalReason::kPermissionDenied));
  const grpc::Status answer = Cancel(server.ChannelAs("svc:refunds"));
  // The handler's own answer is no refusal by the gate.
  EXPECT_EQ(answer.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(answer, Not(RefusedAs(RefusalReason::kPermissionDenied)));
  EXPECT_THAT(server.audit().last(), AllOf(AllowedCall(), CallOf("sso", "svc:refunds")));
}

TEST_P(TestServerTest, ServesClientsThatAuthenticateByThemselves) {
  TestServer server({&orders_}, Options());
  ClientAuthOptions options;
  options.audience = "test";
  options.token_source = StaticTokenSource(server.Token().Scopes("orders.read").Sign());
  options.tls = server.certificates().Client();
  const auto channel = CreateChannel(server.target(), options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  const grpc::Status status = GetOrder(*channel);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_P(TestServerTest, SeveralServeInOneProcessAndTakeOnlyTheirOwnTokens) {
  Orders others;
  TestServer first({&orders_}, Options());
  TestServer second({&others}, Options());
  EXPECT_TRUE(GetOrder(first.ChannelAs("alice", {"orders.read"})).ok());
  EXPECT_TRUE(GetOrder(second.ChannelAs("bob", {"orders.read"})).ok());
  EXPECT_THAT(GetOrder(first.Channel(second.Token().Scopes("orders.read").Sign())),
              RefusedAs(RefusalReason::kInvalidToken));
  EXPECT_THAT(first.audit().events(), SizeIs(2));
  EXPECT_THAT(second.audit().events(), SizeIs(1));
}

TEST_P(TestServerTest, CancelsWhatRunsWhenItGoes) {
  grpc::ClientContext context;
  Limit(context);
  shop::Order order;
  auto server = std::make_unique<TestServer>(std::vector<grpc::Service*>{&orders_}, Options());
  auto stub = shop::Orders::NewStub(server->ChannelAs("alice", {"orders.read"}));
  auto reader = stub->Watch(&context, {});
  ASSERT_TRUE(reader->Read(&order));
  server.reset();
  EXPECT_TRUE(orders_.ended);
  EXPECT_FALSE(reader->Read(&order));
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_P(TestServerTest, GoesByTheClockOfItsOptions) {
  const auto clock = std::make_shared<FakeClock>();
  TestServerOptions options = Options();
  options.clock = clock;
  TestServer server({&orders_}, options);
  const auto alice = server.ChannelAs("alice", {"orders.read"});
  EXPECT_TRUE(GetOrder(alice).ok());
  clock->Advance(absl::Hours(1));
  EXPECT_THAT(GetOrder(alice), RefusedAs(RefusalReason::kTokenExpired));
}

TEST_P(TestServerTest, StartsAgainAndAgain) {
  for (int i = 0; i < 10; ++i) {
    TestServer server({&orders_}, Options());
    EXPECT_TRUE(GetOrder(server.ChannelAs("alice", {"orders.read"})).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(All, TestServerTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "UnixSocket" : "Tls"; });

constexpr char kDeployed[] = R"(
    issuers {
      name: "sso"  issuer: "https://sso.example.com"  audiences: "orders"
      algorithms: EdDSA  jwks_url: "https://sso.example.com/keys"
      may_assert { subjects: "alice"  scopes: "orders.*" }
    }
    issuers {
      name: "cluster"  issuer: "https://cluster.example.com"  audiences: "orders"
      algorithms: ES256  jwks_file: "/nowhere/cluster.jwks"
      may_assert { subjects: "svc:*" }
    }
    rules {
      method: "/shop.Orders/GetOrder"
      allow { issuers: "sso" all_scopes: "orders.read" }
      allow { issuers: "cluster" subjects: "svc:audit" }
      replaces_annotation: true
    }
    rules {
      method: "/shop.Orders/Watch"
      allow { issuers: "sso" all_scopes: "orders.read" }
      replaces_annotation: true
    })";

TEST(DeployedConfigTest, IsTestedAsItIsWithTokensOfEachOfItsIssuers) {
  Orders orders;
  const TestCertificates folder;
  TestServerOptions options;
  options.config_files = {folder.Write("auth.textproto", kDeployed)};
  TestServer server({&orders}, options);
  EXPECT_TRUE(GetOrder(server.ChannelAs("alice", {"orders.read"})).ok());
  EXPECT_THAT(server.audit().last(), CallOf("sso", "alice"));
  EXPECT_TRUE(GetOrder(server.Channel(server.Token("cluster").Subject("svc:audit").Sign())).ok());
  EXPECT_THAT(server.audit().last(), CallOf("cluster", "svc:audit"));
  EXPECT_THAT(GetOrder(server.Channel(server.Token("cluster").Subject("svc:other").Sign())),
              RefusedAs(RefusalReason::kPermissionDenied));
  EXPECT_THAT(GetOrder(server.Channel(server.Token("sso").Subject("svc:audit").Sign())),
              RefusedAs(RefusalReason::kPermissionDenied));
}

TEST(TestServerCertificateTest, ClientsMayPresentOneAndNeedNot) {
  Orders orders;
  TestServer server({&orders});
  server.certificates().Issue("checkout", {"URI:spiffe://prod.example/checkout"});
  server.certificates().Issue("thief", {"URI:spiffe://prod.example/thief"});
  const std::string bound = server.Token()
                                .Scopes("orders.read")
                                .BoundTo(server.certificates().Sha256Of("checkout"))
                                .Sign();
  EXPECT_TRUE(GetOrder(server.Channel(bound, "checkout")).ok());
  for (const char* other : {"thief", ""}) {
    EXPECT_THAT(GetOrder(server.Channel(bound, other)), RefusedAs(RefusalReason::kInvalidToken));
    EXPECT_THAT(server.audit().last(), RefusedCall(AuthFailure::kNotBound));
  }
  EXPECT_THAT(GetOrder(server.AnonymousChannel("thief")), RefusedAs(RefusalReason::kMissingToken));
}

TEST(TestServerBuilderTest, TakesServicesThatAreRegisteredInOtherWays) {
  shop::Orders::AsyncService orders;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  TestServer server([&](grpc::ServerBuilder& builder) {
    builder.RegisterService(&orders);
    queue = builder.AddCompletionQueue();
  });
  grpc::ServerContext context;
  shop::GetOrderRequest request;
  grpc::ServerAsyncResponseWriter<shop::Order> writer(&context);
  orders.RequestGetOrder(&context, &request, &writer, queue.get(), queue.get(), nullptr);
  // Nobody looks at the queue yet: the gate alone answers.
  EXPECT_THAT(GetOrder(server.ChannelAs("alice")), RefusedAs(RefusalReason::kPermissionDenied));
  std::thread handler([&] {
    void* tag;
    bool ok = false;
    ASSERT_TRUE(queue->Next(&tag, &ok) && ok);
    shop::Order order;
    order.set_asked_by(CallerOf(context).subject());
    writer.Finish(order, grpc::Status::OK, nullptr);
    ASSERT_TRUE(queue->Next(&tag, &ok));
  });
  shop::Order order;
  EXPECT_TRUE(GetOrder(server.ChannelAs("alice", {"orders.read"}), &order).ok());
  EXPECT_EQ(order.asked_by(), "alice");
  handler.join();
  server.Shutdown();
  queue->Shutdown();
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) {
  }
}

// A process of their own each, since threads run.
class TestServerDeathTest : public ::testing::Test {
 protected:
  TestServerDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  Orders orders_;
};

TEST_F(TestServerDeathTest, NamesARuleThatCannotStand) {
  TestServerOptions options;
  options.config_text = "rules { method: \"/shop.Orders/Cansel\"  allow { subjects: \"a\" } }";
  EXPECT_DEATH(TestServer({&orders_}, options), "Cansel.*Cancel");
}

TEST_F(TestServerDeathTest, NamesAMisspeltField) {
  TestServerOptions options;
  options.config_text = "rules { methud: \"/shop.Orders/Cancel\" }";
  EXPECT_DEATH(TestServer({&orders_}, options), "config_text:[0-9]+.*methud");
}

TEST_F(TestServerDeathTest, NamesAFileThatIsMissing) {
  TestServerOptions options;
  options.config_files = {"nowhere/auth.textproto"};
  EXPECT_DEATH(TestServer({&orders_}, options), "nowhere/auth.textproto");
}

TEST_F(TestServerDeathTest, TakesNoOptionThatIsItsOwn) {
  TestServerOptions options;
  options.audit_sink = std::make_shared<RecordingAuditSink>();
  EXPECT_DEATH(TestServer({&orders_}, options), "audit_sink");
}

TEST_F(TestServerDeathTest, KnowsNoIssuerThatTheConfigLacksAndNoCertificateThatNobodyIssued) {
  EXPECT_DEATH(TestServer({&orders_}).Token("nobody"), "no issuer named \"nobody\"");
  EXPECT_DEATH(TestServer({&orders_}).AnonymousChannel("nobody"), "\"nobody\"");
}

TEST(CallMatchersTest, SayWhatWasThereInstead) {
  Orders orders;
  TestServer server({&orders});
  const grpc::Status status = GetOrder(server.ChannelAs("alice"));
  ::testing::StringMatchResultListener said;
  EXPECT_FALSE(
      ::testing::ExplainMatchResult(RefusedAs(RefusalReason::kMissingToken), status, &said));
  EXPECT_THAT(said.str(), HasSubstr("permission denied [lanyard "));
  ::testing::StringMatchResultListener audited;
  EXPECT_FALSE(::testing::ExplainMatchResult(AllowedCall(), server.audit().last(), &audited));
  EXPECT_THAT(audited.str(),
              AllOf(HasSubstr("/shop.Orders/GetOrder was not allowed: DENIED_BY_POLICY"),
                    HasSubstr("of \"alice\" by test"), HasSubstr("annotation of")));
  EXPECT_THAT(server.audit().last(), Not(CallOf("other", "alice")));
  EXPECT_THAT(server.audit().last(), Not(RefusedCall(AuthFailure::kExpired)));
  EXPECT_THAT(AuditEvent(), Not(CallOf("test", "")));
}

}  // namespace
}  // namespace lanyard::testing
