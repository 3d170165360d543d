// SPDX-License-Identifier: Apache-2.0
// What ServerAuth and ClientAuth say of themselves, and count of a client's calls.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "tests/interceptors/gated_server.h"
#include "tests/sdk/documented_metrics.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DescribeTest, TellsAllOfAServer) {
  GatedServer server(Api::kCallback);
  server.options.config_text.clear();
  server.options.config_files = {server.files.Write(
      "auth.textproto", absl::StrCat(server.issuer.ConfigText(),
                                     "rules { method: \"/lanyard.test.Echo/Unruled\" "
                                     "allow { anyone: true } }\nhealth: ANYONE\n"))};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const std::string token = server.issuer.Token().Sign();
  ASSERT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(token)).status.ok());
  const Description described = server.auth->Describe();
  EXPECT_TRUE(internal::JsonDocument::ParseObject(described.json).ok()) << described.json;
  EXPECT_THAT(described.text,
              AllOf(HasSubstr("\nready: yes\n"),
                    HasSubstr(absl::StrCat("\npolicy: ", server.audit->last().policy_hash, "\n")),
                    HasSubstr(absl::StrCat("config:\n  files: ", server.options.config_files[0])),
                    HasSubstr("  loads: 1\n"), HasSubstr("issuers:\n  - name: test\n"),
                    HasSubstr(absl::StrCat("    keys: ", server.issuer.key().id(), "\n")),
                    HasSubstr("  - method: /lanyard.test.Echo/Unary\n    callers: "),
                    HasSubstr("ports:\n  - address: 127.0.0.1:0\n"), HasSubstr("\ntls:\n"),
                    HasSubstr("\nweakenings:\n"), HasSubstr("  - word: anyone\n    where: "),
                    HasSubstr("  - word: health: ANYONE\n")));
  EXPECT_THAT(described.text, Not(HasSubstr(token.substr(token.rfind('.')))));
  EXPECT_THAT(described.text, Not(HasSubstr("last_error")));
  SCOPED_TRACE(described.text);
  // What goes wrong is told.
  server.files.Write("auth.textproto", "rules {");
  EXPECT_FALSE(server.auth->Reload().ok());
  EXPECT_THAT(server.auth->Describe().text,
              AllOf(ContainsRegex("  failures: [1-9]"), HasSubstr("  last_error: "),
                    HasSubstr("auth.textproto:1")));
}

class ClientDescribeTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }
  void Make(std::shared_ptr<TokenSource> source) {
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = std::move(source);
    options.tls = server_.files.Client();
    auto auth = ClientAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    auto channel = auth_->CreateChannel(absl::StrCat("localhost:", server_.port));
    ASSERT_TRUE(channel.ok()) << channel.status();
    channel_ = *std::move(channel);
  }
  std::map<std::string, double> Values() const {
    std::map<std::string, double> values;
    for (const Metric& metric : auth_->Metrics()) {
      for (const Metric::Value& value : metric.values) {
        std::string name = metric.name;
        for (const auto& label : value.labels) {
          if (label.first == "audience" || label.first == "source") continue;
          absl::StrAppend(&name, " ", label.second);
        }
        values[name] = value.value;
      }
    }
    return values;
  }

  GatedServer server_{Api::kCallback};
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::Channel> channel_;
};

class FailingSource final : public TokenSource {
 public:
  explicit FailingSource(absl::Status status) : status_(std::move(status)) {}
  void Fetch(const TokenRequest&, TokenCallback done) override { done(status_); }

 private:
  const absl::Status status_;
};

TEST_F(ClientDescribeTest, ATokenThatIsGood) {
  const std::string token = server_.issuer.Token().Sign();
  ASSERT_NO_FATAL_FAILURE(Make(StaticTokenSource(token)));
  EXPECT_EQ(Values().at("lanyard_client_token_fetches_total permanent"), 0);
  EXPECT_THAT(auth_->Describe().text, HasSubstr("expires: no token"));
  EXPECT_TRUE(MakeCall(channel_, CallType::kUnary).status.ok());
  EXPECT_EQ(Values().at("lanyard_client_token_fetches_total ok"), 1);
  EXPECT_THAT(auth_->Describe().text,
              AllOf(HasSubstr("  - audience: test\n    source: default\n"),
                    HasSubstr("    fetches: 1\n"), Not(HasSubstr("last_error"))));
  EXPECT_TRUE(internal::JsonDocument::ParseObject(auth_->Describe().json).ok());
  EXPECT_THAT(auth_->Describe().json, Not(HasSubstr(token.substr(token.rfind('.')))));
}

TEST_F(ClientDescribeTest, ATokenThatTheServerRefuses) {
  ASSERT_NO_FATAL_FAILURE(
      Make(StaticTokenSource(server_.issuer.Token().Issuer("https://other.test").Sign())));
  EXPECT_FALSE(MakeCall(channel_, CallType::kUnary).status.ok());
  EXPECT_EQ(Values().at("lanyard_client_forced_refreshes_total"), 1);
  EXPECT_THAT(auth_->Describe().text, HasSubstr("refused_by_servers: 1"));
}

TEST_F(ClientDescribeTest, ASourceThatFails) {
  ASSERT_NO_FATAL_FAILURE(
      Make(std::make_shared<FailingSource>(absl::PermissionDeniedError("invalid_grant"))));
  EXPECT_FALSE(MakeCall(channel_, CallType::kUnary).status.ok());
  EXPECT_EQ(Values().at("lanyard_client_token_fetches_total permanent"), 1);
  EXPECT_EQ(Values().at("lanyard_client_calls_failed_total no_token"), 1);
  EXPECT_THAT(auth_->Describe().text,
              AllOf(HasSubstr("last_error: invalid_grant"), HasSubstr("  no_token: 1\n")));
  ASSERT_NO_FATAL_FAILURE(
      Make(std::make_shared<FailingSource>(absl::UnavailableError("no connection"))));
  EXPECT_FALSE(MakeCall(channel_, CallType::kUnary).status.ok());
  EXPECT_EQ(Values().at("lanyard_client_token_fetches_total transient"), 1);
}

TEST_F(ClientDescribeTest, ACallWithCredentialsOfItsOwn) {
  ASSERT_NO_FATAL_FAILURE(Make(StaticTokenSource(server_.issuer.Token().Sign())));
  EXPECT_FALSE(MakeCall(channel_, CallType::kUnary, Bearer("x")).status.ok());
  EXPECT_EQ(Values().at("lanyard_client_calls_failed_total conflict"), 1);
}

TEST_F(ClientDescribeTest, TheMetricsAreThoseOfTheReference) {
  ASSERT_NO_FATAL_FAILURE(Make(StaticTokenSource(server_.issuer.Token().Sign())));
  const auto documented = testing::DocumentedMetrics();
  size_t count = 0;
  for (const Metric& metric : auth_->Metrics()) {
    ASSERT_EQ(documented.count(metric.name), 1u) << metric.name;
    EXPECT_EQ(metric.kind, documented.at(metric.name).kind) << metric.name;
    ++count;
    for (const Metric::Value& value : metric.values) {
      std::vector<std::string> labels;
      for (const auto& label : value.labels) labels.push_back(label.first);
      EXPECT_EQ(labels, documented.at(metric.name).labels) << metric.name;
    }
  }
  size_t of_clients = 0;
  for (const auto& each : documented) of_clients += absl::StartsWith(each.first, "lanyard_client_");
  EXPECT_EQ(count, of_clients);
}

}  // namespace
}  // namespace lanyard::test
