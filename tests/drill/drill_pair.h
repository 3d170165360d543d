// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_DRILL_DRILL_PAIR_H_
#define LANYARD_TESTS_DRILL_DRILL_PAIR_H_

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/json_lines_audit_sink.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/sdk/log_sink.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"
#include "tests/interceptors/eventually.h"
#include "tests/interop/program.h"
#include "tests/keys/nginx_server.h"

namespace lanyard::test {

inline constexpr char kUnary[] = "/lanyard.test.Echo/Unary";
inline constexpr char kScoped[] = "/lanyard.test.Echo/Scoped";
inline constexpr char kUnruled[] = "/lanyard.test.Echo/Unruled";

// Asks again where an answer took too long on a busy machine: the sources do not, because their
// clock stands still.
class PatientFetcher final : public internal::HttpFetcher {
 public:
  absl::StatusOr<internal::HttpResponse> Get(const internal::HttpRequest& request,
                                             const std::atomic<bool>& stop) const override {
    auto response = https_->Get(request, stop);
    for (int i = 0; i < 10 && IsLate(response.status()); ++i) response = https_->Get(request, stop);
    return response;
  }
  absl::StatusOr<internal::HttpResponse> Post(const internal::HttpRequest& request,
                                              const std::atomic<bool>& stop) const override {
    return https_->Post(request, stop);
  }

 private:
  static bool IsLate(const absl::Status& status) {
    return !status.ok() && internal::HttpFailureOf(status) == internal::HttpFailure::kTimeout;
  }

  const std::shared_ptr<const internal::HttpFetcher> https_ = Https();
};

// A client and a server as they run in the field: keys from a real nginx, TLS and config from
// files, the token from a file, the audit trail in a file. Time passes only when the test says so.
class DrillTest : public ::testing::Test {
 protected:
  using Text = ::testing::Matcher<const std::string&>;

  void SetUp() override {
    if (!NginxServer::IsInstalled()) {
      GTEST_SKIP() << "SKIPPED: there is no nginx; tests/interop/install installs it";
    }
    SetLogSink([this](absl::string_view line) {
      std::lock_guard<std::mutex> lock(mutex_);
      log_.emplace_back(line);
    });
    files_.Issue("orders", kServerNames);
    nginx_.Serve("jwks", issuer_.PublicJwks());
    nginx_.Start();
    WriteIssuers({Trusted()});
    WriteRules("");
    options_.config_files = {files_.Path("issuers.textproto"), files_.Path("rules.textproto")};
    options_.tls = ServerTls();
    options_.https = https_;
    options_.clock = server_time_;
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_TRUE(GetsReady()) << auth_->Ready();
    GiveToken(issuer_.Token().Sign());
    StartClient();
    ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  }
  void TearDown() override { SetLogSink(nullptr); }

  // --- The server.

  TlsFiles ServerTls() const {
    TlsFiles tls;
    tls.certificate_chain = files_.Path("orders.crt");
    tls.private_key = files_.Path("orders.key");
    return tls;
  }

  // The issuer as the config trusts it.
  v1::Issuer Trusted() const {
    v1::Issuer issuer = issuer_.Config();
    issuer.set_jwks_url(nginx_.Url("jwks"));
    issuer.mutable_fetch()->set_ca_file(files_.Path("ca.pem"));
    return issuer;
  }
  void WriteIssuers(const std::vector<v1::Issuer>& issuers) const {
    v1::ServerConfig config;
    for (const v1::Issuer& issuer : issuers) *config.add_issuers() = issuer;
    std::string text;
    google::protobuf::TextFormat::PrintToString(config, &text);
    files_.Write("issuers.textproto", text);
  }
  void WriteRules(const std::string& text) const { files_.Write("rules.textproto", text); }

  // Starts a server; one that runs is stopped first. The pair's first one has its keys, a later one
  // may find that it cannot get them.
  void StartServer() {
    StopServer();
    // The config's own would be fetched every minute at the most.
    RemoteKeySourceOptions keys;
    keys.name = "test";
    keys.algorithms = {Algorithm::kEs256};
    keys.jwks_url = nginx_.Url("jwks");
    keys.ca_file = files_.Path("ca.pem");
    keys.refresh = absl::Seconds(1);
    keys.https = https_;
    keys.clock = server_time_;
    auto source = RemoteKeySource::Create(std::move(keys));
    ASSERT_TRUE(source.ok()) << source.status();
    keys_ = *std::move(source);
    options_.key_sources["test"] = keys_;
    Serve();
  }
  // The same with keys as the config says, which are fetched once.
  void StartServerWithItsOwnKeys() {
    StopServer();
    options_.key_sources.clear();
    Serve();
  }
  void Serve() {
    JsonLinesAuditOptions audit;
    audit.file = files_.Path("audit.jsonl");
    auto sink = JsonLinesAuditSink(audit);
    ASSERT_TRUE(sink.ok()) << sink.status();
    options_.audit_sink = *std::move(sink);
    auto auth = ServerAuth::Create(options_);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    echo_ = std::make_unique<EchoServer>(Api::kCallback);
    auth_->AddListeningPort(echo_->builder(), "127.0.0.1:0", &port_);
    ASSERT_TRUE(echo_->Start()) << auth_->start_error();
  }
  void StopServer() {
    channel_.reset();
    echo_.reset();
    auth_.reset();
  }

  // Waits until the server has its keys. After a fetch that came to nothing it lets a second pass,
  // so that there is another.
  bool GetsReady() const {
    int64_t failed = 0;
    return Eventually([&] {
      const int64_t ended = keys_->fetches();
      if (auth_->Ready().ok()) return true;
      if (ended > failed) PassTime(absl::Seconds(1));
      failed = ended;
      return false;
    });
  }

  // Lets a second pass, and waits until the issuer's keys have been asked for again.
  void FetchKeys() {
    const int64_t before = keys_->fetches();
    server_time_->Advance(absl::Seconds(1));
    ASSERT_TRUE(Eventually([&] { return keys_->fetches() > before; }));
  }
  std::string Ready() const { return std::string(auth_->Ready().message()); }

  // --- The client.

  // What the client's token file holds from now on.
  void GiveToken(const std::string& token) const { files_.Write("token", token + "\n"); }

  // Starts a client, as a deployment would: it has no token yet.
  void StartClient(const TlsFiles* tls = nullptr) {
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = FileTokenSource(files_.Path("token"), client_time_);
    options.tls = tls == nullptr ? files_.Client() : *tls;
    options.clock = client_time_;
    auto client = ClientAuth::Create(options);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    ConnectTo(port_);
  }
  void StartClientWith(const std::string& token) {
    GiveToken(token);
    StartClient();
  }
  void ConnectTo(int port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel = client_->CreateChannel(absl::StrCat("localhost:", port), arguments, {});
    ASSERT_TRUE(channel.ok()) << channel.status();
    channel_ = *std::move(channel);
  }
  grpc::Status Call(const std::string& method = kUnary) const { return CallPath(channel_, method); }

  // A client of another make, which sends what it is given.
  grpc::Status CallWith(const std::string& token) const {
    return CallPath(PlainTls(files_, port_), kUnary, Bearer(token));
  }

  void PassTime(absl::Duration by) const {
    for (const auto& clock : {issuer_time_, server_time_, client_time_}) clock->Advance(by);
  }

  // --- What there is to see.

  void ExpectHealthy() const {
    const grpc::Status status = Call();
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(auth_->Ready().ok()) << auth_->Ready();
  }

  // That the client is told `says`, and that the audit line of the id that it was given has the
  // reason and says why, and the metric counts it.
  std::map<std::string, std::string> ExpectRefused(const grpc::Status& status,
                                                   const std::string& says, AuthFailure reason,
                                                   const Text& detail, const Text& hint,
                                                   const std::string& method = kUnary) const {
    const std::string name(AuthFailureName(reason));
    EXPECT_EQ(status.error_code(), static_cast<grpc::StatusCode>(AuthFailureCode(reason)));
    const auto refusal = FailureOf(status);
    if (!refusal.has_value()) {
      ADD_FAILURE() << "no refusal of a server: " << status.error_message();
      return {};
    }
    EXPECT_EQ(status.error_message(), absl::StrCat(says, " [lanyard ", refusal->decision_id, "]"));
    auto line = AuditLine(refusal->decision_id);
    EXPECT_EQ(line["decision"], "denied");
    EXPECT_EQ(line["reason"], name);
    EXPECT_THAT(line["detail"], detail);
    EXPECT_THAT(line["hint"], hint);
    EXPECT_EQ(line["method"], method);
    EXPECT_GE(MetricOf(absl::StrCat("lanyard_decisions_total ", method, " denied ", name)), 1);
    return line;
  }

  // That the call ended in the client, with these words.
  static void ExpectNotSent(const grpc::Status& status, grpc::StatusCode code, const Text& says) {
    EXPECT_EQ(status.error_code(), code);
    EXPECT_THAT(status.error_message(), says);
    EXPECT_FALSE(FailureOf(status).has_value());
  }

  // The members of the line of the audit trail that has this id.
  std::map<std::string, std::string> AuditLine(const std::string& id) const {
    std::map<std::string, std::string> members;
    const auto found = [&] {
      std::ifstream file(files_.Path("audit.jsonl"));
      for (std::string line; std::getline(file, line);) {
        if (!absl::StrContains(line, absl::StrCat("\"id\":\"", id, "\""))) continue;
        const auto document = internal::JsonDocument::ParseObject(line);
        if (!document.ok()) continue;  // Half of it is written.
        for (const internal::JsonValue member : document->root()) {
          if (!member.is(internal::JsonValue::Kind::kString)) continue;
          members[std::string(member.name())] = std::string(member.string());
        }
        return true;
      }
      return false;
    };
    EXPECT_TRUE(Eventually(found)) << "no audit line has the id " << id;
    return members;
  }

  // The value of "name label label …", of the server or else the client; -1 if there is none.
  double MetricOf(const std::string& name) const {
    std::vector<Metric> all = auth_->Metrics();
    for (Metric& metric : client_->Metrics()) all.push_back(std::move(metric));
    for (const Metric& metric : all) {
      for (const Metric::Value& value : metric.values) {
        std::string full = metric.name;
        for (const auto& label : value.labels) absl::StrAppend(&full, " ", label.second);
        if (full == name) return value.value;
      }
    }
    return -1;
  }

  std::vector<std::string> Log() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return log_;
  }
  // Waits for a line like that.
  bool Logs(const Text& line) const {
    return Eventually([&] { return ::testing::Value(Log(), ::testing::Contains(line)); });
  }

  // What `lanyard doctor` says of the server's files; it must find something.
  std::string Doctor(const std::string& more = "") const {
    const char* const lanyard = std::getenv("LANYARD_BINARY");
    if (lanyard == nullptr) {
      ADD_FAILURE() << "LANYARD_BINARY is not set";
      return "";
    }
    return testing::Printed(absl::StrCat(lanyard, " doctor ", options_.config_files[0], " --with ",
                                         options_.config_files[1], " --tls-certificate ",
                                         options_.tls.certificate_chain, " --tls-key ",
                                         options_.tls.private_key, " ", more, "; test $? = 1"));
  }

  // The issuer's address as messages name it.
  std::string Issuer() const { return nginx_.origin(); }

  const std::vector<std::string> kServerNames = {"DNS:localhost", "IP:127.0.0.1"};
  const std::shared_ptr<testing::FakeClock> issuer_time_ = std::make_shared<testing::FakeClock>();
  const std::shared_ptr<testing::FakeClock> server_time_ = std::make_shared<testing::FakeClock>();
  const std::shared_ptr<testing::FakeClock> client_time_ = std::make_shared<testing::FakeClock>();
  testing::TestCertificates files_;
  const testing::TestIssuer issuer_{Algorithm::kEs256, "test", issuer_time_};
  NginxServer nginx_{files_};

  mutable std::mutex mutex_;
  std::vector<std::string> log_;  // Guarded by mutex_.

  const std::shared_ptr<const internal::HttpFetcher> https_ = std::make_shared<PatientFetcher>();
  ServerAuthOptions options_;
  std::shared_ptr<RemoteKeySource> keys_;
  std::unique_ptr<ServerAuth> auth_;
  std::unique_ptr<EchoServer> echo_;
  int port_ = 0;
  std::unique_ptr<ClientAuth> client_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_DRILL_DRILL_PAIR_H_
