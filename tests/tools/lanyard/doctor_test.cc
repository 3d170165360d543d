// SPDX-License-Identifier: Apache-2.0
// The doctor as a whole, and what it says of config and policy.
#include <cstdlib>

#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/tools/lanyard/doctor_fixture.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string DayFromNow(int days) {
  return absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(24 * days), absl::UTCTimeZone());
}

TEST_F(DoctorTest, FindsNothingWhereAllIsWell) {
  const Outcome outcome = DoctorOfTls("orders", {"--tls-roots", files_.Path("ca.pem")});
  EXPECT_THAT(outcome, FindsNothing());
  EXPECT_THAT(outcome.out,
              AllOf(StartsWith(absl::StrCat("ok   config: ", files_.Path("auth.textproto"))),
                    HasSubstr("reads it: 1 issuer, 1 rule\n"),
                    HasSubstr(", 1 method, without annotations\n"),
                    HasSubstr(absl::StrCat("ok   files: ", files_.Path("sso.jwks"),
                                           " (issuer sso: jwks_file)\n")),
                    HasSubstr(absl::StrCat("ok   issuers: issuer sso: 1 key: ", issuer_.key().id(),
                                           " (ES256)\n")),
                    HasSubstr(": belongs to the certificate\n"),
                    HasSubstr(": 1 certificate for DNS:orders.example.test\n")));
}

TEST_F(DoctorTest, AConfigThatDoesNotLoadIsNamedWithItsLineAndTheRestIsStillChecked) {
  const Outcome outcome =
      Doctor("issuers {\n  nam: \"x\" }", {"--token-file", files_.Path("missing")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding("auth.textproto:2:6: Message type \"lanyard.v1.Issuer\" has no "
                                  "field named \"nam\" (did you mean name?)",
                                  "correct it there; a server that runs goes on with its last"));
  EXPECT_THAT(outcome, HasFinding("missing: No such file or directory (--token-file)",
                                  "put it there, or correct the path"));
}

TEST_F(DoctorTest, AConfigForANewerLanyardIsAFailure) {
  EXPECT_THAT(Doctor("min_lanyard_version: \"99.0.0\" " + Issuer()).out,
              HasSubstr("FAIL config: " + files_.Path("auth.textproto") +
                        ": this config needs Lanyard 99.0.0 or newer"));
}

TEST_F(DoctorTest, APolicyThatDoesNotCompileIsAFailure) {
  const Outcome outcome = Doctor(Issuer() + "rules { method: \"/shop.Orders/Gte\" nobody: true }",
                                 {"--descriptors", DescriptorFile({OrdersService()})});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("ok   config: "), HasSubstr("FAIL policy: "),
                                 HasSubstr("did you mean Get?")));
}

TEST_F(DoctorTest, SeveralFilesAreOneConfig) {
  const std::string more =
      files_.Write("more.textproto", "rules { method: \"/a.B/C\" nobody: true }");
  EXPECT_THAT(Doctor(Issuer() + Rule(), {"--with", more}).out,
              AllOf(HasSubstr("1 issuer, 2 rules\n"), HasSubstr("nobody may call /a.B/C\n"),
                    HasSubstr(absl::StrCat("ok   files: ", more, " (config)\n"))));
}

TEST_F(DoctorTest, NamesMethodsThatNobodyMayCall) {
  const Outcome outcome = Doctor(Issuer(), {"--descriptors", DescriptorFile({OrdersService()})});
  EXPECT_THAT(outcome, FindsNothing());
  EXPECT_THAT(outcome.out, HasSubstr("ok   policy: nobody may call /shop.Orders/Purge\n"));
}

TEST_F(DoctorTest, AnswersAMachine) {
  const Outcome outcome = Doctor(Issuer("jwks_file: \"missing.jwks\"") + Rule(), {"--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, StartsWith("{\"ok\":false,\"checks\":[{\"check\":\"config\","
                                      "\"result\":\"ok\",\"text\":\""));
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  bool found = false;
  for (const internal::JsonValue check : *document->root().Find("checks")) {
    if (check.Find("result")->string() != "FAIL") continue;
    found = true;
    EXPECT_THAT(std::string(check.Find("text")->string()), HasSubstr("missing.jwks"));
    EXPECT_THAT(std::string(check.Find("do")->string()), Not(IsEmpty()));
  }
  EXPECT_TRUE(found) << outcome;
}

TEST_F(DoctorTest, HalfAPairIsAUsageError) {
  EXPECT_EQ(Doctor(Issuer() + Rule(), {"--tls-key", files_.Path("orders.key")}).code, 2);
  EXPECT_EQ(RunTool({"doctor"}).code, 2);
}

TEST_F(DoctorTest, ListsWhatWeakens) {
  const std::string config = Issuer("leeway { seconds: 60 } jwks_file: \"sso.jwks\"") +
                             "health: ANYONE\n" +
                             "rules { method: \"/shop.Orders/Get\" replaces_annotation: true "
                             "allow { anyone: true } }\n";
  const std::vector<std::string> services = {"--weakenings", "--descriptors",
                                             DescriptorFile({OrdersService()})};
  const Outcome outcome = Doctor(config, services);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            absl::StrCat("issuer sso  leeway: 1m\n"
                         "    tokens that expired, or begin, further from now than the default of "
                         "30 s\n",
                         files_.Path("auth.textproto"),
                         ":3  anyone of /shop.Orders/Get\n"
                         "    every caller, with or without a token\n"
                         "health  health: ANYONE\n"
                         "    health checks without a token; the names of the services become "
                         "public\n"
                         "annotation of /shop.Orders/List  anyone of /shop.Orders/List\n"
                         "    every caller, with or without a token\n"));
  EXPECT_EQ(Doctor(Issuer() + Rule(), {"--weakenings"}).out, "no word weakens a check\n");
  EXPECT_THAT(Doctor(Issuer() + "health: ANYONE", {"--weakenings", "--json"}).out,
              HasSubstr("{\"ok\":true,\"weakenings\":[{\"location\":\"health\",\"word\":\"health: "
                        "ANYONE\",\"what\":\"health checks"));
  EXPECT_EQ(Doctor("nonsense", {"--weakenings"}).code, 1);
  EXPECT_THAT(Doctor(config).out, HasSubstr("ok   policy: 3 words weaken a check; lanyard doctor "
                                            "--weakenings lists them\n"));
}

TEST_F(DoctorTest, ObservationThatEndsIsAWarning) {
  const auto observed = [this](int days) {
    return Doctor(Issuer() + Rule() +
                  absl::StrCat("settings { method: \"*\" enforcement: OBSERVE observe_until: \"",
                               DayFromNow(days), "\" }"));
  };
  EXPECT_THAT(observed(30),
              AllOf(FindsNothing(),
                    ::testing::Field(&Outcome::out,
                                     HasSubstr(absl::StrCat(":3: observation of * goes on until ",
                                                            DayFromNow(30))))));
  EXPECT_THAT(observed(5), HasFinding(absl::StrCat(":3: observation of * ends at ", DayFromNow(5),
                                                   ": it is enforced from then on"),
                                      "see that lanyard_decisions_total"));
  EXPECT_THAT(observed(-1), HasFinding(absl::StrCat(":3: observation of * is over since ",
                                                    DayFromNow(-1), ": it is enforced"),
                                       "take enforcement: OBSERVE out"));
}

TEST_F(DoctorTest, AnIssuerThatNoRuleLetsInIsAWarning) {
  const std::string config = Issuer("jwks_file: \"sso.jwks\" may_assert { anything: true }") +
                             Issuer("jwks_file: \"sso.jwks\" may_assert { anything: true }", "b") +
                             Rule(
                                 "replaces_annotation: true allow { issuers: \"sso\" "
                                 "subjects: \"svc:a\" }");
  EXPECT_THAT(Doctor(config).out, HasSubstr("issuer b: no rule lets its callers in, unless an "
                                            "annotation does (--descriptors)\n"));
  AnnotatedService service = OrdersService();
  service.methods.resize(1);
  EXPECT_THAT(
      Doctor(config + "annotation_issuers: \"sso\"", {"--descriptors", DescriptorFile({service})}),
      HasFinding("WARN policy: issuer b: no rule lets its callers in",
                 "take the issuer out, or write a rule that names it"));
}

TEST_F(DoctorTest, ARuleThatNoCallerCanMeetIsAWarning) {
  const auto warns = [this](const std::string& issuer, const std::string& callers,
                            const std::string& why, const std::string& more = "") {
    EXPECT_THAT(Doctor(Issuer("jwks_file: \"sso.jwks\" " + issuer) + Rule(callers) + more),
                HasFinding(absl::StrCat(" }: issuer sso: ", why), "correct the rule"));
  };
  const std::string may = "may_assert { subjects: \"svc:*\" scopes: \"orders.*\" roles: \"op\" }";
  warns(may, "allow { subjects: \"user:a\" }", "it may not assert these subjects");
  warns(may, "allow { subjects: \"svc:a\" all_scopes: \"orders.read\" all_scopes: \"pay\" }",
        "it may not assert these scopes");
  warns(may, "allow { any_scopes: \"pay\" }", "it may not assert these scopes");
  warns(may + " roles { path: \"r\" }", "allow { any_roles: \"admin\" }",
        "it may not assert these roles");
  warns("", "allow { any_authenticated: true token_types: \"JWT\" }",
        "its tokens are of other types");
  warns("", "allow { subjects: \"svc:a\" }", "deny has all its callers",
        "deny { issuers: \"sso\" }");

  EXPECT_THAT(Doctor(Issuer("jwks_file: \"sso.jwks\" " + may) +
                     Rule("allow { subjects: \"svc:a\" any_scopes: \"pay\" any_scopes: "
                          "\"orders.read\" } allow { subjects: \"svc:*\" token_types: "
                          "\"application/AT+JWT\" }")),
              FindsNothing());
}

TEST_F(DoctorTest, RulesForClientCertificatesNeedRoots) {
  const std::string config =
      Issuer() + Rule("allow { peers: \"spiffe://prod/web\" without_token: true }");
  const std::vector<std::string> tls = {"--tls-certificate", files_.Path("orders.crt"), "--tls-key",
                                        files_.Path("orders.key")};
  EXPECT_THAT(Doctor(config, tls),
              HasFinding("asks for a client certificate, and without --tls-roots the server has "
                         "none",
                         "correct the rule"));
  EXPECT_THAT(Doctor(config), FindsNothing());
}

// Sets an environment variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* const name_;
};

TEST_F(DoctorTest, TracesOfHeadersAreAFailure) {
  const Variable trace("GRPC_TRACE", "timer,http");
  const Outcome outcome = Doctor(Issuer() + Rule());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding("FAIL environment: GRPC_TRACE=http makes gRPC print headers, and "
                                  "tokens with them",
                                  "take it out of the environment"));
}

TEST_F(DoctorTest, ProxiesOfTheEnvironmentAreNamedAndNeverShown) {
  const Variable proxy("https_proxy", "http://user:hunter2@proxy.example.test");
  EXPECT_THAT(Doctor(Issuer() + Rule()), FindsNothing());
  const std::string url = "jwks_url: \"https://sso.example.test/jwks\" ";
  const Outcome outcome = Doctor(Issuer(url) + Rule(), {"--offline"});
  EXPECT_THAT(outcome, HasFinding("WARN environment: https_proxy set; keys are fetched without",
                                  "set fetch.proxy of the issuer"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("hunter2")));
  EXPECT_THAT(Doctor(Issuer(url + "fetch { proxy: \"http://proxy.example.test\" }") + Rule(),
                     {"--offline"}),
              FindsNothing());
}

TEST_F(DoctorTest, AClockThatWasNeverSetIsAFailure) {
  EXPECT_THAT(Doctor(Issuer() + Rule(), {"--at", "1767225599"}),
              HasFinding("FAIL clock: this machine's clock says 2025-12-31",
                         "set it (NTP); tokens are refused as NOT_YET_VALID"));
  EXPECT_THAT(Doctor(Issuer() + Rule(), {"--at", "1767225600"}), FindsNothing());
}

TEST_F(DoctorTest, ActsOnNoTerminal) {
  EXPECT_THAT(Doctor(Issuer("jwks_file: \"k\u202e.jwks\"") + Rule()).out,
              AllOf(HasSubstr("k?.jwks"), Not(HasSubstr("\u202e"))));
}

}  // namespace
}  // namespace lanyard::testing
