// SPDX-License-Identifier: Apache-2.0
// What ServerAuth::Metrics() counts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/metric_values.h"
#include "tests/sdk/documented_metrics.h"

namespace lanyard::test {
namespace {

TEST(MetricsTest, CountsDecisionsByMethodAndReason) {
  GatedServer server(Api::kCallback);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const std::string unary = "/lanyard.test.Echo/Unary";
  const std::string good = server.issuer.Token().Sign();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(good)).status.ok());
  }
  MakeCall(server.Channel(), CallType::kUnary, {});
  MakeCall(server.Channel(), CallType::kUnary, Bearer(good + "A"));
  for (int i = 0; i < 50; ++i) {
    CallPath(server.Channel(), absl::StrCat("/no.Service/Method", i), Bearer(good));
  }
  const auto values = ValuesOf(server.auth->Metrics());
  EXPECT_EQ(values.at(Decision(unary, "allowed", "")), 3);
  EXPECT_EQ(values.at(Decision(unary, "denied", "MISSING_TOKEN")), 1);
  EXPECT_EQ(values.at(Decision("other", "denied", "DENIED_BY_POLICY")), 50);
  EXPECT_GE(values.at("lanyard_token_cache_hits_total{}"), 50);
  EXPECT_GE(values.at("lanyard_token_cache_misses_total{}"), 1);
  EXPECT_GT(values.at("lanyard_token_cache_bytes{}"), 0);
  EXPECT_EQ(values.at("lanyard_keys{issuer=test}"), 1);
  EXPECT_EQ(values.at("lanyard_issuer_ready{issuer=test}"), 1);
  EXPECT_EQ(values.at("lanyard_config_loads_total{outcome=ok}"), 1);
  EXPECT_EQ(values.at("lanyard_config_failing{}"), 0);
  EXPECT_EQ(values.at("lanyard_ungated_calls_total{}"), 0);
  EXPECT_EQ(values.at("lanyard_admission_bytes{}"), 0);
  EXPECT_GT(values.at("lanyard_tls_certificate_expiry_timestamp_seconds{}"), 1.7e9);
  EXPECT_EQ(values.at(absl::StrCat(
                "lanyard_info{version=0.1.0,policy=", server.audit->last().policy_hash, "}")),
            1);
  for (const Metric& metric : server.auth->Metrics()) {
    if (metric.name != "lanyard_gate_duration_seconds") continue;
    uint64_t count = 0;
    for (const uint64_t each : metric.values[0].counts) count += each;
    EXPECT_EQ(count, 55u);
    EXPECT_GT(metric.values[0].value, 0);
  }
}

TEST(MetricsTest, AreThoseOfTheReference) {
  GatedServer server(Api::kCallback);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  MakeCall(server.Channel(), CallType::kUnary, {});
  const auto documented = testing::DocumentedMetrics();
  std::set<std::string> there;
  for (const Metric& metric : server.auth->Metrics()) {
    there.insert(metric.name);
    ASSERT_EQ(documented.count(metric.name), 1u) << metric.name;
    EXPECT_EQ(metric.kind, documented.at(metric.name).kind) << metric.name;
    EXPECT_NE(metric.help, "") << metric.name;
    for (const Metric::Value& value : metric.values) {
      std::vector<std::string> labels;
      for (const auto& label : value.labels) labels.push_back(label.first);
      EXPECT_EQ(labels, documented.at(metric.name).labels) << metric.name;
    }
  }
  for (const auto& [name, metric] : documented) {
    EXPECT_EQ(there.count(name), absl::StartsWith(name, "lanyard_client_") ? 0u : 1u) << name;
  }
}

TEST(MetricsTest, CountsStreamsAndWhyTheyEnd) {
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto stub = Echo::NewStub(server.Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + server.issuer.Token().Sign());
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  EXPECT_EQ(ValuesOf(server.auth->Metrics()).at("lanyard_streams_open{}"), 1);
  clock->Advance(absl::Hours(2));
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const auto values = ValuesOf(server.auth->Metrics());
  EXPECT_EQ(values.at("lanyard_streams_ended_total{reason=EXPIRED}"), 1);
  EXPECT_EQ(values.count(Decision("/lanyard.test.Echo/Chat", "denied", "EXPIRED")), 0u)
      << "its call was allowed, once";
}

TEST(MetricsTest, TellsWhenObservationEndsAndWhatWouldBeDenied) {
  const absl::Time until = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) + 86400);
  GatedServer server(
      Api::kCallback,
      absl::StrCat("settings { method: \"/lanyard.test.Echo/Unary\" enforcement: OBSERVE "
                   "observe_until: \"",
                   absl::FormatTime(absl::RFC3339_sec, until, absl::UTCTimeZone()), "\" }"));
  ASSERT_NO_FATAL_FAILURE(server.Start());
  EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, {}).status.ok());
  const auto values = ValuesOf(server.auth->Metrics());
  EXPECT_EQ(values.at("lanyard_observe_until_timestamp_seconds{method=/lanyard.test.Echo/Unary}"),
            static_cast<double>(absl::ToUnixSeconds(until)));
  EXPECT_EQ(values.at(Decision("/lanyard.test.Echo/Unary", "would_deny", "MISSING_TOKEN")), 1);
}

TEST(MetricsTest, TellsThatTheConfigIsNotGood) {
  GatedServer server(Api::kCallback);
  server.options.config_text.clear();
  server.options.config_files = {server.files.Write("auth", server.issuer.ConfigText())};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  server.files.Write("auth", "rules {");
  EXPECT_FALSE(server.auth->Reload().ok());
  const auto values = ValuesOf(server.auth->Metrics());
  EXPECT_EQ(values.at("lanyard_config_failing{}"), 1);
  EXPECT_GE(values.at("lanyard_config_loads_total{outcome=failed}"), 1);
}

}  // namespace
}  // namespace lanyard::test
