// SPDX-License-Identifier: Apache-2.0
// The checks of handlers refuse as the policy would, and are told to the same audit sink.

#include "lanyard/interceptors/require.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/testing/fake_caller.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using testing::FakeCaller;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// Does for each call what its text says, in `Open`, which anyone may call, and in `Chat`.
class RequiringEcho final : public Echo::Service {
 public:
  grpc::Status Open(grpc::ServerContext* context, const Message* request, Message*) override {
    return Check(*context, request->text());
  }
  grpc::Status Chat(grpc::ServerContext* context,
                    grpc::ServerReaderWriter<Message, Message>* stream) override {
    Message message;
    stream->Read(&message);
    return Check(*context, message.text());
  }

  static grpc::Status Check(const grpc::ServerContext& context, const std::string& text) {
    if (text == "scope") return RequireScope(context, "orders.refund");
    if (text == "role") return RequireRole(context, "admin");
    if (text == "caller") return RequireCaller(context, "test", "user:ann");
    if (text == "both") {
      if (grpc::Status s = RequireScope(context, "orders.refund"); !s.ok()) return s;
      return RequireRole(context, "admin");
    }
    if (text == "nobody") return RequireCaller(context, "", "");
    if (text == "owner") return RequireCaller(context, "test", "");
    return Require(context, text == "yes", "an order of the caller's own");
  }
};

class RequireTest : public ::testing::Test {
 protected:
  void Start(const std::string& more_config = "") {
    std::string config = server_.issuer.ConfigText();
    config.insert(config.rfind('}'), "roles { path: 'groups' }\n");
    server_.options.config_text = config + more_config;
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    server_.auth->AddListeningPort(builder_, "127.0.0.1:0", &server_.port);
    builder_.RegisterService(&echo_);
    running_ = builder_.BuildAndStart();
    ASSERT_NE(running_, nullptr) << server_.auth->start_error();
    channel_ = server_.Channel();
  }

  grpc::Status Ask(const std::string& text, const std::string& token, bool stream = false) {
    auto stub = Echo::NewStub(channel_);
    grpc::ClientContext context;
    Limit(&context);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Message request, reply;
    request.set_text(text);
    if (!stream) return stub->Open(&context, request, &reply);
    auto chat = stub->Chat(&context);
    chat->Write(request);
    chat->WritesDone();
    while (chat->Read(&reply)) {
    }
    return chat->Finish();
  }

  std::string Ann() const {
    auto token = server_.issuer.Token().Subject("user:ann").Scopes("orders.refund orders.read");
    (*token.claims().mutable_private_claims())["groups"].set_string_value("admin");
    return token.Sign();
  }
  std::string Bob() const { return server_.issuer.Token().Subject("user:bob").Sign(); }

  // The refusal is the newest event, and has the id that the peer was told.
  void ExpectRefused(const grpc::Status& status, AuthFailure failure, const std::string& detail,
                     const std::string& subject, const std::string& method) {
    EXPECT_EQ(status.error_code(), static_cast<int>(AuthFailureCode(failure)));
    const AuditEvent event = server_.audit->last();
    EXPECT_EQ(status.error_message(),
              absl::StrCat(AuthFailureWireText(failure), " [lanyard ", event.decision_id, "]"));
    EXPECT_FALSE(event.allowed);
    EXPECT_EQ(event.failure, failure);
    EXPECT_THAT(event.detail, HasSubstr(detail));
    EXPECT_EQ(SubjectOf(event), subject);
    EXPECT_EQ(event.method, method);
  }

  GatedServer server_{Api::kSync};
  RequiringEcho echo_;
  grpc::ServerBuilder builder_;
  std::unique_ptr<grpc::Server> running_;
  std::shared_ptr<grpc::Channel> channel_;
};

constexpr char kOpen[] = "/lanyard.test.Echo/Open";
constexpr char kChat[] = "/lanyard.test.Echo/Chat";

TEST_F(RequireTest, LetsTheRightCallerGoOnAndSaysNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* text : {"scope", "role", "caller", "yes"}) {
    for (const bool stream : {false, true}) {
      server_.audit->Clear();
      const grpc::Status status = Ask(text, Ann(), stream);
      EXPECT_TRUE(status.ok()) << text << status.error_message();
      EXPECT_EQ(server_.audit->events().size(), 1u) << "the gate's alone";
    }
  }
  EXPECT_TRUE(Ask("yes", "").ok());
}

TEST_F(RequireTest, RefusesAnotherCallerAsThePolicyWould) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::pair<const char*, const char*> wanted[] = {{"scope", "the scope \"orders.refund\""},
                                                        {"role", "the role \"admin\""},
                                                        {"caller", "another caller"},
                                                        {"no", "an order of the caller's own"}};
  for (const auto& [text, detail] : wanted) {
    for (const bool stream : {false, true}) {
      server_.audit->Clear();
      const grpc::Status status = Ask(text, Bob(), stream);
      ExpectRefused(status, AuthFailure::kDeniedByPolicy, detail, "user:bob",
                    stream ? kChat : kOpen);
      EXPECT_EQ(server_.audit->events().size(), 2u);
    }
  }
}

TEST_F(RequireTest, AsksACallerWithoutATokenForOne) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* text : {"scope", "role", "caller", "no"}) {
    ExpectRefused(Ask(text, ""), AuthFailure::kMissingToken, "the handler requires", "", kOpen);
  }
}

TEST_F(RequireTest, AnOrderWithoutAnOwnerIsNobodys) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* text : {"nobody", "owner"}) {
    EXPECT_EQ(Ask(text, "").error_code(), grpc::StatusCode::UNAUTHENTICATED) << text;
    EXPECT_EQ(Ask(text, Ann()).error_code(), grpc::StatusCode::PERMISSION_DENIED) << text;
  }
}

TEST_F(RequireTest, ACallerOfAnotherIssuerIsAnotherCaller) {
  const testing::TestIssuer other(Algorithm::kEs256, "other");
  server_.options.key_sources["other"] = other.Keys();
  ASSERT_NO_FATAL_FAILURE(Start(other.ConfigText() + "annotation_issuers: 'test'\n"));
  EXPECT_EQ(Ask("caller", other.Token().Subject("user:ann").Sign()).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(RequireTest, OnlySaysSoWhereTheMethodIsObserved) {
  const std::string until =
      absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(24), absl::UTCTimeZone());
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(
      "settings { method: '", kOpen, "' enforcement: OBSERVE observe_until: '", until, "' }\n")));
  for (const char* text : {"scope", "role", "caller", "no"}) {
    EXPECT_TRUE(Ask(text, Bob()).ok()) << text;
    EXPECT_TRUE(server_.audit->last().allowed);
    EXPECT_EQ(server_.audit->last().failure, std::nullopt);
    EXPECT_EQ(server_.audit->last().would_deny, AuthFailure::kDeniedByPolicy);
    EXPECT_TRUE(Ask(text, "").ok()) << text;
    EXPECT_EQ(server_.audit->last().would_deny, AuthFailure::kMissingToken);
  }
  EXPECT_THAT(server_.WouldDeny(), UnorderedElementsAre(Pair(kOpen, 8)));
  EXPECT_EQ(Ask("scope", Bob(), /*stream=*/true).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

// ServerAuth::WouldDeny() counts calls, not checks.
TEST_F(RequireTest, CountsACallOnceHoweverManyChecksItFails) {
  const std::string until =
      absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(24), absl::UTCTimeZone());
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(
      "settings { method: '", kOpen, "' enforcement: OBSERVE observe_until: '", until, "' }\n")));
  EXPECT_TRUE(Ask("both", Bob()).ok());
  EXPECT_THAT(server_.WouldDeny(), UnorderedElementsAre(Pair(kOpen, 1)));
}

TEST_F(RequireTest, NeverTellsThePeerWhatWasRequired) {
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(Ask("scope", Bob()).error_message(), StartsWith("permission denied [lanyard "));
  EXPECT_EQ(Ask("scope", Bob()).error_message().find("refund"), std::string::npos);
}

TEST(RequireWithoutServerTest, WorksForACallerThatATestMadeUp) {
  grpc::ServerContext context;
  const FakeCaller caller(&context, "test", "user:ann", {"orders.refund"}, {"admin"});
  EXPECT_TRUE(RequireScope(context, "orders.refund").ok());
  EXPECT_TRUE(RequireRole(context, "admin").ok());
  EXPECT_TRUE(RequireCaller(context, "test", "user:ann").ok());
  for (const grpc::Status& status :
       {RequireScope(context, "orders"), RequireScope(context, ""), RequireRole(context, "adm"),
        RequireRole(context, ""), RequireCaller(context, "other", "user:ann"),
        RequireCaller(context, "", ""), Require(context, false, "more")}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(status.error_message(), StartsWith("permission denied [lanyard "));
  }
}

TEST(RequireWithoutServerTest, TakesAContextOfNoServerForNobody) {
  const grpc::ServerContext context;
  EXPECT_TRUE(Require(context, true, "anything").ok());
  for (const grpc::Status& status :
       {RequireScope(context, ""), RequireRole(context, ""), RequireCaller(context, "", ""),
        RequireCaller(context, std::string(1, '\0'), std::string(1, '\0')),
        Require(context, false, "more")}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
}

}  // namespace
}  // namespace lanyard::test
