// SPDX-License-Identifier: Apache-2.0
// Clients that do what no good client does, and servers beside whose gate others are at work.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

constexpr char kOpen[] = "/lanyard.test.Echo/Open";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";

// ---- Admissions -------------------------------------------------------------------------------

constexpr char kTolerant[] =
    "rules { method: '/lanyard.test.Echo/Open' replaces_annotation: true allow { anyone: true "
    "bad_token: TREAT_AS_ANONYMOUS } }\n";

// A call whose headers are sent, and whose message is not: it is past the gate, and the binding of
// a method with one request waits for the message. How long is up to the client.
class HeldCall {
 public:
  HeldCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
           const std::string& token)
      : stub_(channel) {
    Limit(&context_);
    context_.AddMetadata("authorization", "Bearer " + token);
    stream_ = stub_.PrepareCall(&context_, path, &queue_);
    stream_->StartCall(nullptr);
    Next();
  }
  ~HeldCall() {
    context_.TryCancel();
    if (!finished_) Finish();
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  grpc::Status Finish(bool send = false) {
    finished_ = true;
    if (send) {
      stream_->WriteLast(EmptyMessage(), {}, nullptr);
      Next();
      grpc::ByteBuffer reply;
      stream_->Read(&reply, nullptr);
      Next();
    }
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Next();
    return status;
  }

 private:
  void Next() {
    void* tag;
    bool ok;
    queue_.Next(&tag, &ok);
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

// An admission that waits, filed while the token was good, must not make a later call with that
// token, which the gate judged anonymous, an authenticated one.
class LeftOverAdmissionTest : public ::testing::TestWithParam<Api> {};

TEST_P(LeftOverAdmissionTest, DoesNotReviveATokenWhoseKeyIsWithdrawn) {
  GatedServer server(GetParam(), kTolerant);
  const testing::TestIssuer other;
  const auto keys = std::make_shared<SwitchableKeys>(server.issuer.Keys()->Current());
  server.options.key_sources["test"] = keys;
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const std::string token = server.issuer.Token().Subject("svc:thief").Sign();
  const auto channel = server.Channel();
  HeldCall held(channel, kOpen, token);
  ASSERT_TRUE(Eventually([&] { return !server.audit->events().empty(); }));
  ASSERT_EQ(server.audit->last().caller.subject(), "svc:thief");

  keys->Set(other.Keys()->Current());  // The key is withdrawn: the token verifies no more.
  EXPECT_TRUE(CallPath(channel, kOpen, Bearer(token)).ok());
  EXPECT_FALSE(server.audit->last().caller.authenticated()) << "the gate says: anonymous";
  ASSERT_EQ(server.echo.handled().runs, 1);
  EXPECT_EQ(server.echo.handled().anonymous, 1)
      << "the handler saw svc:thief, whose token does not verify";
}

INSTANTIATE_TEST_SUITE_P(All, LeftOverAdmissionTest,
                         ::testing::Values(Api::kSync, Api::kCallback, Api::kAsync),
                         [](const auto& info) { return NameOf(info.param); });

// Way 2: the gate does not know which methods there are, so a rule for a service lets a verified
// caller in by any name; the sync server's binding sees "unknown" and takes no admission.
TEST(AdmissionsTest, UnknownMethodsDoNotFillTheTableInWay2) {
  GatedServer server(Api::kSync,
                     "rules { method: '/lanyard.test.Echo/*' replaces_annotation: true allow { "
                     "any_authenticated: true } }\n");
  server.options.admission_bytes = 64 * 1024;
  ASSERT_NO_FATAL_FAILURE(server.Create());
  auto credentials = server.auth->Credentials();
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  server.echo.builder().AddListeningPort("127.0.0.1:0", *credentials, &server.port);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(server.auth->InterceptorFactory());
  server.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(server.echo.Start());
  const auto channel = server.Channel();
  const auto nobody = Bearer(server.issuer.Token().Subject("svc:low").Sign());
  for (int i = 0; i < 200; ++i) {
    CallPath(channel, absl::StrCat("/lanyard.test.Echo/No", i), nobody);
  }
  const Outcome good =
      MakeCall(channel, CallType::kUnary, Bearer(server.issuer.Token().Subject("svc:a").Sign()));
  EXPECT_TRUE(good.status.ok()) << good.status.error_message();
}

// ---- Calls past the gate ----------------------------------------------------------------------

// A method that is open to anyone, but not without the extra check's consent.
TEST(PastTheGateTest, ExtraCheckIsNotPassedByComingPastTheGate) {
  auto* const server = new GatedServer(Api::kSync);  // A withheld call would stop Shutdown().
  server->options.extra_check = [](const AllowedCall&) {
    return absl::PermissionDeniedError("not from there");
  };
  ASSERT_NO_FATAL_FAILURE(server->Start());
  EXPECT_FALSE(CallPath(server->Channel(), kOpen).ok());
  ASSERT_EQ(server->echo.handled().runs, 0);
  CallPath(server->echo.server().InProcessChannel(grpc::ChannelArguments()), kOpen);
  EXPECT_EQ(server->echo.handled().runs, 0) << "the handler ran, and nobody asked the extra check";
}

// ---- Watching health --------------------------------------------------------------------------

// Opens that many watches on a channel, one after the other or all at once; gives how many run.
class Watches {
 public:
  Watches(const std::shared_ptr<grpc::Channel>& channel, int count, bool at_once) : stub_(channel) {
    for (int i = 0; i < count; ++i) {
      calls_.push_back(std::make_unique<Call>());
      Call& call = *calls_.back();
      Limit(&call.context);
      call.stream = stub_.PrepareCall(&call.context, kWatch, &queue_);
      call.stream->StartCall(&call);
      if (!at_once) Wait(&call);
    }
    if (at_once) {
      for (const auto& call : calls_) Wait(call.get());
    }
  }
  ~Watches() {
    for (const auto& call : calls_) call->context.TryCancel();
    for (const auto& call : calls_) {
      call->step = 10;
      call->stream->Finish(&call->status, call.get());
    }
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  int running() const {
    int running = 0;
    for (const auto& call : calls_) running += call->told;
    return running;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
    grpc::ByteBuffer health;
    grpc::Status status;
    int step = 0;
    bool told = false, over = false;
  };
  void Wait(Call* wanted) {
    while (!wanted->over) {
      void* tag;
      bool ok = false;
      ASSERT_TRUE(queue_.Next(&tag, &ok));
      auto* call = static_cast<Call*>(tag);
      if (call->step == 0) {
        call->step = 1;
        call->stream->WriteLast(EmptyMessage(), {}, call);
      } else if (call->step == 1) {
        call->step = 2;
        call->stream->Read(&call->health, call);
      } else {
        call->told = ok;
        call->over = true;
      }
    }
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
};

class WatchLimitTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { grpc::EnableDefaultHealthCheckService(true); }
  static void TearDownTestSuite() { grpc::EnableDefaultHealthCheckService(false); }
  static constexpr int kMost = 32;
};

TEST_F(WatchLimitTest, HoldsOnTls) {
  GatedServer server(Api::kSync, "health: ANYONE_MAY_WATCH\n");
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const Watches watches(server.Channel(), 40, false);
  EXPECT_EQ(watches.running(), kMost);
}

TEST_F(WatchLimitTest, HoldsWhenAllComeAtOnce) {
  GatedServer server(Api::kSync, "health: ANYONE_MAY_WATCH\n");
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const Watches watches(server.Channel(), 400, true);
  EXPECT_LE(watches.running(), kMost);
}

TEST_F(WatchLimitTest, HoldsOnALegacyPort) {
  GatedServer server(Api::kSync, "health: ANYONE_MAY_WATCH\n");
  ASSERT_NO_FATAL_FAILURE(server.Create());
  int port = 0;
  server.auth->AddUnprotectedLegacyPort(server.echo.builder(), "127.0.0.1:0",
                                        absl::Now() + absl::Hours(24), &port);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const Watches watches(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()), 40,
      false);
  EXPECT_EQ(watches.running(), kMost);
}

// As the gRPC manual shows it: the processor says who calls in the AuthContext.
class NamingProcessor final : public grpc::AuthMetadataProcessor {
 public:
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata&, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    context->AddProperty("user", "somebody");
    return grpc::Status::OK;
  }
};

TEST_F(WatchLimitTest, HoldsBesideAnExistingProcessorThatNamesItsCallers) {
  GatedServer server(Api::kSync, "health: ANYONE_MAY_WATCH\n");
  server.options.existing_processor = std::make_shared<NamingProcessor>();
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const Watches watches(server.Channel(), 40, false);
  EXPECT_EQ(watches.running(), kMost);
}

// The same for the budget of bad signatures: one good call must not buy a new one.
TEST(BudgetTest, HoldsBesideAnExistingProcessorThatNamesItsCallers) {
  GatedServer server(Api::kSync);
  server.options.existing_processor = std::make_shared<NamingProcessor>();
  server.options.bad_signatures_per_second = 5;
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto channel = server.Channel();
  const testing::TestIssuer forger;
  int checked = 0;
  const absl::Time begin = absl::Now();
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::string forged = forger.Token()
                                     .Issuer(server.issuer.issuer())
                                     .KeyId(server.issuer.key().id())
                                     .Subject(absl::StrCat("x", round, "-", i))
                                     .Sign();
      MakeCall(channel, CallType::kUnary, Bearer(forged));
      checked += server.audit->last().failure == AuthFailure::kBadSignature;
    }
    ASSERT_TRUE(CallPath(channel, kOpen).ok());
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  EXPECT_LE(checked, 5 * (1 + seconds) + 5);
}

// ---- Reload -----------------------------------------------------------------------------------

// A change of two files, as Kubernetes brings a ConfigMap and a Secret: the config is there first,
// the keys that it names a few seconds later. Nothing is wrong any more, and the deny that came
// along does not rule until somebody touches the config again.
TEST(ReloadTest, IsTriedAgainWhenWhatItLackedHasCome) {
  GatedServer server(Api::kCallback);
  server.options.key_sources.clear();
  server.options.config_text.clear();
  server.files.Write("old.jwks", server.issuer.PublicJwks());
  server.options.config_files = {
      server.files.Write("config", server.issuer.ConfigText(server.files.Path("old.jwks")))};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto allows = [&] {
    return MakeCall(server.Channel(), CallType::kUnary,
                    Bearer(server.issuer.Token().Subject("svc:a").Sign()))
        .status.ok();
  };
  ASSERT_TRUE(allows());
  server.files.Write("config", server.issuer.ConfigText(server.files.Path("new.jwks")) +
                                   "deny { subjects: 'svc:a' }\n");
  ASSERT_TRUE(Eventually([&] { return server.auth->Config().failures >= 1; }));
  server.files.Write("new.jwks", server.issuer.PublicJwks());
  EXPECT_TRUE(Eventually([&] { return !allows(); })) << server.auth->Config().last_error;
}

}  // namespace
}  // namespace lanyard::test
