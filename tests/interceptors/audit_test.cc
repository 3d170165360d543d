// SPDX-License-Identifier: Apache-2.0
// What an audit event tells of a call, and what becomes of calls whose event is lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/policy.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() : server_(Api::kCallback) {}

  grpc::Status Call(Headers headers) {
    headers.emplace_back("authorization",
                         "Bearer " + server_.issuer.Token().Subject("svc:a").Sign());
    return MakeCall(server_.Channel(), CallType::kUnary, headers).status;
  }
  AuditEvent Audited(Headers headers) {
    EXPECT_TRUE(Call(std::move(headers)).ok());
    return server_.audit->last();
  }

  GatedServer server_;
};

TEST_F(AuditTest, TellsThePortThePolicyAndTheTrace) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const AuditEvent event = Audited({{"traceparent", kTraceparent}, {"x-request-id", "b3b0_a.1-2"}});
  EXPECT_EQ(event.port, "127.0.0.1:0");
  EXPECT_EQ(event.policy_hash.size(), 12u);
  EXPECT_EQ(event.traceparent, kTraceparent);
  EXPECT_EQ(event.request_id, "b3b0_a.1-2");
  EXPECT_EQ(event.peer, "") << "no certificate";
  EXPECT_FALSE(event.observed);
}

TEST_F(AuditTest, TellsTheFirstNameOfACheckedCertificate) {
  server_.options.tls = server_.files.Server(/*mutual=*/true);
  server_.files.Issue("client", {"DNS:web.test", "URI:spiffe://test/web"});
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto channel = PlainTls(server_.files, server_.port, "client");
  MakeCall(channel, CallType::kUnary, {});
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kMissingToken);
  EXPECT_EQ(server_.audit->last().peer, "spiffe://test/web");
}

TEST_F(AuditTest, LeavesOutATraceThatIsNotWellFormed) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const std::string good = kTraceparent;
  std::vector<std::string> bad = {"",
                                  "00",
                                  good + "-",
                                  good + " ",
                                  " " + good,
                                  "ff" + good.substr(2),
                                  "01" + good.substr(2),
                                  "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                  "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                  "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                  "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                                  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"};
  for (const std::string& value : bad) {
    EXPECT_EQ(Audited({{"traceparent", value}}).traceparent, "") << value;
  }
  EXPECT_EQ(Audited({{"traceparent", good}, {"traceparent", good}}).traceparent, "");
  for (const std::string& value :
       {std::string(65, 'a'), std::string("a b"), std::string("a\"b"), std::string("a/b"),
        std::string("a,b"), server_.issuer.Token().Sign()}) {
    EXPECT_EQ(Audited({{"x-request-id", value}}).request_id, "") << value;
  }
  EXPECT_EQ(Audited({{"x-request-id", std::string(64, 'a')}}).request_id, std::string(64, 'a'));
}

TEST_F(AuditTest, ThePolicysHashChangesWithWhatRules) {
  server_.options.config_text.clear();
  const auto config = [this](const std::string& more) {
    return server_.files.Write("auth", server_.issuer.ConfigText() + more);
  };
  server_.options.config_files = {config("")};
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const std::string first = Audited({}).policy_hash;
  config("# The same.\n");
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_EQ(Audited({}).policy_hash, first);
  config("deny { subjects: \"svc:b\" }");
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_NE(Audited({}).policy_hash, first);
}

TEST_F(AuditTest, SaysWhatWasSeenAndWhatIsWanted) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  MakeCall(server_.Channel(), CallType::kUnary,
           Bearer(server_.issuer.Token().Audience("account").Sign()));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kWrongAudience);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("aud_seen [\"account\"], want [\"test\"]"));
  MakeCall(server_.Channel(), CallType::kUnary,
           Bearer(server_.issuer.Token().ExpiresIn(absl::Hours(-1)).Sign()));
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("\"exp\" was 1h"));
}

TEST_F(AuditTest, ALostEventRefusesTheCallOnlyWhereTheConfigSaysSo) {
  for (const bool deny : {false, true}) {
    GatedServer server(Api::kCallback, deny ? "on_audit_failure: DENY" : "");
    ASSERT_NO_FATAL_FAILURE(server.Start());
    const auto call = [&] {
      return MakeCall(server.Channel(), CallType::kUnary, Bearer(server.issuer.Token().Sign()))
          .status;
    };
    EXPECT_TRUE(call().ok());
    server.audit->set_losing(true);
    const grpc::Status status = call();
    EXPECT_EQ(status.error_code(), deny ? grpc::UNAVAILABLE : grpc::OK);
    EXPECT_EQ(server.echo.handled().runs, deny ? 1 : 2);
    EXPECT_EQ(server.audit->last().failure == AuthFailure::kAuditFailed, deny);
    if (deny) {
      EXPECT_THAT(status.error_message(), StartsWith("server is overloaded [lanyard "));
    }
    server.audit->set_losing(false);
    EXPECT_TRUE(call().ok());
  }
}

// How often there was such a decision.
double DecisionsOf(const ServerAuth& auth, const std::string& decision) {
  double sum = 0;
  for (const Metric& metric : auth.Metrics()) {
    if (metric.name != "lanyard_decisions_total") continue;
    for (const Metric::Value& value : metric.values) {
      if (value.labels[1].second == decision) sum += value.value;
    }
  }
  return sum;
}

TEST_F(AuditTest, ACallThatIsRefusedForItsLostEventCountsOnceAndLeavesNothing) {
  GatedServer server(Api::kCallback,
                     "on_audit_failure: DENY\n"
                     "rules { method: \"/lanyard.test.Echo/Unary\" replaces_annotation: true "
                     "allow { anyone: true bad_token: TREAT_AS_ANONYMOUS } }\n");
  ASSERT_NO_FATAL_FAILURE(server.Start());
  server.audit->set_losing(true);
  for (const std::string& token : {server.issuer.Token().Sign(), std::string("garbage")}) {
    const Outcome outcome = MakeCall(server.Channel(), CallType::kUnary, Bearer(token));
    EXPECT_EQ(outcome.status.error_code(), grpc::UNAVAILABLE);
  }
  EXPECT_EQ(DecisionsOf(*server.auth, "allowed"), 0);
  EXPECT_EQ(DecisionsOf(*server.auth, "denied"), 2);
  for (const Metric& metric : server.auth->Metrics()) {
    if (metric.name != "lanyard_admission_bytes") continue;
    EXPECT_EQ(metric.values[0].value, 0);
  }
}

TEST_F(AuditTest, DenyNeedsASinkThatCouldFail) {
  server_.options.config_text += "on_audit_failure: DENY";
  server_.options.audit_sink = nullptr;
  EXPECT_THAT(std::string(ServerAuth::Create(server_.options).status().message()),
              HasSubstr("on_audit_failure: DENY needs ServerAuthOptions.audit_sink"));
}

TEST_F(AuditTest, OnAuditFailureIsCheckedLikeTheRest) {
  server_.options.config_text += "on_audit_failure: ON_AUDIT_FAILURE_UNSPECIFIED";
  EXPECT_THAT(std::string(ServerAuth::Create(server_.options).status().message()),
              HasSubstr("on_audit_failure: must be CONTINUE or DENY"));
}

}  // namespace
}  // namespace lanyard::test
