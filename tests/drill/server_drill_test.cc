// SPDX-License-Identifier: Apache-2.0
// A pair that runs, and then the server's config, its certificate or what stands around it breaks:
// whether what there is to see at three in the morning names the cause.
#include <sys/resource.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "tests/drill/drill_pair.h"
#include "tests/interop/proxy.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// As BoringSSL and OpenSSL say it. gRPC hands no more of it on: not which check failed.
constexpr char kNotTrusted[] = "CERTIFICATE_VERIFY_FAILED|certificate verify failed";

constexpr char kPolicyHint[] = "lanyard policy explain says what the rule asks for";

// While it lasts no file of this process grows beyond that, as on a disk that is full. Nothing may
// be printed meanwhile.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() { End(); }
  void End() const { EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0); }

 private:
  rlimit before_{};
};

class ServerDrillTest : public DrillTest {
 protected:
  std::string RuleAt(int line) const {
    return absl::StrCat(files_.Path("rules.textproto"), ":", line);
  }
};

// --- Policy and config.

TEST_F(ServerDrillTest, ANewPolicyAsksForAScopeThatTheTokenLacks) {
  WriteRules(
      "# Orders may be read by those who say so.\n"
      "rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true\n"
      "        allow { all_scopes: 'orders.read' } }\n");
  // Nobody has to call for it.
  ASSERT_TRUE(Eventually([this] { return auth_->Config().loads == 2; }));
  EXPECT_TRUE(Logs("the config has been read again"));
  const auto line =
      ExpectRefused(Call(), "permission denied", AuthFailure::kDeniedByPolicy,
                    "the token lacks the scope \"orders.read\"", StartsWith(kPolicyHint));
  EXPECT_EQ(line.at("rule"), RuleAt(2));
  EXPECT_EQ(line.at("subject"), "svc:test");
}

TEST_F(ServerDrillTest, NobodyWroteARuleForTheMethod) {
  const auto line = ExpectRefused(Call(kUnruled), "permission denied", AuthFailure::kDeniedByPolicy,
                                  "no rule covers that method", StartsWith(kPolicyHint), kUnruled);
  EXPECT_EQ(line.count("rule"), 0u);
  EXPECT_THAT(auth_->Describe().text,
              HasSubstr("  - method: /lanyard.test.Echo/Unruled\n    callers: nobody\n"));
}

TEST_F(ServerDrillTest, AChangedConfigHasATypingError) {
  WriteRules(
      "rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true\n"
      "        allow { all_scope: 'orders.read' } }\n");
  ASSERT_TRUE(Eventually([this] { return auth_->Config().failures > 0; }));
  const Text says =
      AllOf(HasSubstr(RuleAt(2)), HasSubstr("all_scope"), HasSubstr("(did you mean all_scopes?)"));
  EXPECT_THAT(auth_->Config().last_error, says);
  EXPECT_THAT(auth_->Describe().text, says);
  EXPECT_TRUE(Logs(AllOf(
      StartsWith("the config was NOT read again, the last good one goes on ruling: "), says)));
  EXPECT_EQ(MetricOf("lanyard_config_failing"), 1);
  EXPECT_GE(MetricOf("lanyard_config_loads_total failed"), 1);
  EXPECT_THAT(Doctor(),
              AllOf(HasSubstr("FAIL config: " + RuleAt(2)), HasSubstr("(did you mean all_scopes?)"),
                    HasSubstr("\n     correct it there; a server that runs goes on")));
  // What ruled goes on.
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  WriteRules("");
  ASSERT_TRUE(Eventually([this] { return MetricOf("lanyard_config_failing") == 0; }));
}

TEST_F(ServerDrillTest, AChangedConfigNamesAMethodThatIsNotThere) {
  WriteRules("rules { method: '/lanyard.test.Echo/Unray' allow { any_authenticated: true } }\n");
  ASSERT_TRUE(Eventually([this] { return auth_->Config().failures > 0; }));
  EXPECT_THAT(
      auth_->Config().last_error,
      AllOf(StartsWith(RuleAt(1)), HasSubstr("the service lanyard.test.Echo has no method Unray"),
            HasSubstr("(did you mean Unary?)")));
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
}

TEST_F(ServerDrillTest, TheDaysOfObservationAreOver) {
  const absl::Time end = server_time_->Now() + absl::Hours(48);
  const std::string day = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", end, absl::UTCTimeZone());
  WriteRules(absl::StrCat("settings { method: '", kScoped,
                          "' enforcement: OBSERVE observe_until: '", day, "' }\n"));
  ASSERT_TRUE(auth_->Reload().ok());
  EXPECT_TRUE(Logs(absl::StrCat("WARNING: ", RuleAt(1), ": ", kScoped, " will be enforced from ",
                                day, ", when observation ends")));
  EXPECT_TRUE(Call(kScoped).ok());
  const std::string would_deny =
      absl::StrCat("lanyard_decisions_total ", kScoped, " would_deny DENIED_BY_POLICY");
  EXPECT_EQ(MetricOf(would_deny), 1);
  EXPECT_EQ(MetricOf(absl::StrCat("lanyard_observe_until_timestamp_seconds ", kScoped)),
            static_cast<double>(absl::ToUnixSeconds(end)));
  PassTime(absl::Hours(49));
  GiveToken(issuer_.Token().Sign());
  ASSERT_NO_FATAL_FAILURE(FetchKeys());
  const auto line =
      ExpectRefused(Call(kScoped), "permission denied", AuthFailure::kDeniedByPolicy,
                    "the token lacks the scope \"write\"", StartsWith(kPolicyHint), kScoped);
  EXPECT_EQ(line.at("enforcement"), "ENFORCE");
  EXPECT_TRUE(auth_->Reload().ok());
  EXPECT_TRUE(Logs(absl::StrCat("WARNING: ", RuleAt(1), ": ", kScoped, " is enforced since ", day,
                                ", when observation ends")));
}

// --- TLS.

TEST_F(ServerDrillTest, TheNewCertificateAndKeyDoNotBelongTogether) {
  const std::string key = files_.Read("orders.key");
  files_.Issue("orders", kServerNames);
  files_.Write("orders.key", key);
  const std::string says =
      absl::StrCat(files_.Path("orders.crt"), " and ", files_.Path("orders.key"), ": ");
  ASSERT_TRUE(Logs(StartsWith("TLS files not reloaded, the last good ones stay: " + says)));
  EXPECT_THAT(auth_->Describe().text,
              AllOf(HasSubstr("  last_error: " + says),
                    HasSubstr("the private key does not belong to the first certificate")));
  EXPECT_THAT(Doctor(), AllOf(HasSubstr("FAIL tls: " + says),
                              HasSubstr("\n     put certificate and key of one issuance there")));
  // The old pair serves new connections.
  StartClient();
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
}

TEST_F(ServerDrillTest, TheServersCertificateHasExpired) {
  files_.Issue("orders", kServerNames, absl::Hours(-1));
  ASSERT_NO_FATAL_FAILURE(StartServer());
  StartClient();
  ExpectNotSent(Call(), grpc::StatusCode::UNAVAILABLE, ContainsRegex(kNotTrusted));
  EXPECT_TRUE(Logs(AllOf(StartsWith(absl::StrCat("ALARM: ", files_.Path("orders.crt"),
                                                 ": the certificate expired at ")),
                         EndsWith("Z, and whoever checks it refuses the connection"))));
  const double expiry = MetricOf("lanyard_tls_certificate_expiry_timestamp_seconds");
  EXPECT_LT(expiry, absl::ToUnixSeconds(absl::Now()));
  EXPECT_THAT(
      auth_->Describe().text,
      HasSubstr(absl::StrCat(
          "\n  expires: ",
          absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(static_cast<int64_t>(expiry)),
                           absl::UTCTimeZone()))));
  EXPECT_THAT(Doctor(), AllOf(HasSubstr(absl::StrCat("FAIL files: ", files_.Path("orders.crt"),
                                                     " (--tls-certificate): ")),
                              HasSubstr("certificate 1 expired at ")));
}

TEST_F(ServerDrillTest, TheClientDoesNotKnowTheServersCa) {
  const auto other = internal::ThrowAwayCa::Create("Another CA");
  ASSERT_TRUE(other.ok());
  TlsFiles tls;
  tls.root_certificates = files_.Write("other.pem", other->certificate_pem());
  StartClient(&tls);
  ExpectNotSent(Call(), grpc::StatusCode::UNAVAILABLE, ContainsRegex(kNotTrusted));
  // The server's side rules out that it has expired.
  EXPECT_GT(MetricOf("lanyard_tls_certificate_expiry_timestamp_seconds"),
            absl::ToUnixSeconds(absl::Now()));
}

TEST_F(ServerDrillTest, TheClientHasNoCertificateAndMustShowOne) {
  options_.tls.root_certificates = files_.Path("ca.pem");
  ASSERT_NO_FATAL_FAILURE(StartServer());
  StartClient();
  ExpectNotSent(Call(), grpc::StatusCode::UNAVAILABLE, Not(HasSubstr("lanyard")));
  EXPECT_THAT(auth_->Describe().text, HasSubstr("    client_certificates: required\n"));
}

// --- What stands around the server.

TEST_F(ServerDrillTest, AProxyDropsTheAuthorizationHeader) {
  testing::Proxy proxy(testing::ProxyKind::kNginx, files_);
  testing::ProxySettings settings;
  settings.server = absl::StrCat("localhost:", port_);
  ASSERT_NO_FATAL_FAILURE(proxy.Start(settings));
  ConnectTo(proxy.port());
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
  settings.directives = "grpc_set_header authorization '';";
  ASSERT_NO_FATAL_FAILURE(proxy.Start(settings));
  ConnectTo(proxy.port());
  ExpectRefused(Call(), "missing token", AuthFailure::kMissingToken,
                "the call has no authorization",
                HasSubstr("a proxy drops the authorization header"));
  // The client has sent one.
  EXPECT_THAT(client_->Describe().text, HasSubstr("    refused_by_servers: 1\n"));
}

TEST_F(ServerDrillTest, ACallerSendsBadSignaturesOverAConnectionThatOthersUse) {
  options_.bad_signatures_per_second = 1;
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ASSERT_TRUE(GetsReady()) << auth_->Ready();
  StartClient();
  const testing::TestIssuer other(Algorithm::kEs256, "test", issuer_time_);
  const auto connection = PlainTls(files_, port_);
  // Whose token is good pays for it. The budget comes back, so a bad one goes before each.
  grpc::Status status;
  ASSERT_TRUE(Eventually([&] {
    CallPath(connection, kUnary, Bearer(other.Token().KeyId(issuer_.key().id()).Sign()));
    status = CallPath(connection, kUnary, Bearer(issuer_.Token().Sign()));
    return !status.ok();
  }));
  ExpectRefused(status, "invalid token", AuthFailure::kTooManyBadTokens,
                "not checked: the connection has just sent too many bad signatures",
                AllOf(StartsWith("look for BAD_SIGNATURE just before"),
                      HasSubstr("bad_signatures_per_second")));
  EXPECT_GE(MetricOf(absl::StrCat("lanyard_decisions_total ", kUnary, " denied BAD_SIGNATURE")), 1);
  ASSERT_NO_FATAL_FAILURE(ExpectHealthy());
}

TEST_F(ServerDrillTest, TheDiskOfTheAuditTrailIsFull) {
  const FileSizeLimit full(1);
  const bool calls_go_on = Call().ok();
  const bool said =
      Eventually([this] { return !options_.audit_sink->Status().last_error.empty(); });
  const std::string described = auth_->Describe().text;
  const double dropped = MetricOf("lanyard_audit_events_total dropped");
  full.End();
  EXPECT_TRUE(calls_go_on);
  EXPECT_TRUE(said);
  EXPECT_THAT(described, HasSubstr(absl::StrCat("  last_error: ", files_.Path("audit.jsonl"),
                                                ": File too large")));
  EXPECT_EQ(dropped, 1);
  EXPECT_TRUE(Logs(absl::StrCat("ALARM: audit events are lost: ", files_.Path("audit.jsonl"),
                                ": File too large")));
}

// Where the trail matters more than the service.
TEST_F(ServerDrillTest, TheDiskIsFullAndNothingMayHappenWithoutATrail) {
  WriteRules("on_audit_failure: DENY\n");
  ASSERT_TRUE(auth_->Reload().ok());
  const FileSizeLimit full(1);
  grpc::Status status;
  const bool refused = Eventually([&] {
    status = Call();
    return !status.ok();
  });
  const double denied =
      MetricOf(absl::StrCat("lanyard_decisions_total ", kUnary, " denied AUDIT_FAILED"));
  full.End();
  ASSERT_TRUE(refused);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), StartsWith("server is overloaded [lanyard "));
  EXPECT_EQ(denied, 1);
  EXPECT_TRUE(Logs(StartsWith("ALARM: audit events are lost: ")));
}

TEST_F(ServerDrillTest, AWayIntoTheServerHasNoGate) {
  const auto inside = echo_->server().InProcessChannel(grpc::ChannelArguments());
  const grpc::Status status = CallPath(inside, kUnary, Bearer(issuer_.Token().Sign()));
  const auto line = ExpectRefused(
      status, "missing token", AuthFailure::kMissingToken,
      "the call came past the gate: a port, or an in-process channel, without it", ::testing::_);
  EXPECT_TRUE(Logs(absl::StrCat("ALARM: a call to ", kUnary,
                                " reached the server on a port or channel without Lanyard's gate, "
                                "and was refused [",
                                line.at("id"), "]")));
  EXPECT_EQ(MetricOf("lanyard_ungated_calls_total"), 1);
  EXPECT_THAT(auth_->Describe().text, HasSubstr("\nungated_calls: 1\n"));
  // Such a call keeps the server from shutting down, so it is left to the process.
  static auto* const kept = new std::vector<std::unique_ptr<EchoServer>>();
  kept->push_back(std::move(echo_));
}

}  // namespace
}  // namespace lanyard::test
