// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_DOCTOR_FIXTURE_H_
#define LANYARD_TESTS_TOOLS_LANYARD_DOCTOR_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::testing {

// A server's files in a folder, all good: the doctor finds nothing until a test breaks one.
class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    files_.Write("sso.jwks", issuer_.PublicJwks());
    files_.Issue("orders", {"DNS:orders.example.test"}, absl::Hours(24 * 90));
  }

  // One trusted issuer, with these fields beside the usual ones.
  static std::string Issuer(const std::string& keys = "jwks_file: \"sso.jwks\"",
                            const std::string& name = "sso") {
    return absl::StrCat("issuers { name: \"", name, "\" issuer: \"https://", name,
                        ".example.test\" audiences: \"orders\" algorithms: ES256 ", keys, " }\n");
  }
  static std::string Rule(const std::string& callers = "allow { subjects: \"svc:a\" }") {
    return absl::StrCat("rules { method: \"/shop.Orders/Get\" ", callers, " }\n");
  }

  // "lanyard doctor auth.textproto …".
  Outcome Doctor(const std::string& config, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"doctor", files_.Write("auth.textproto", config)};
    args.insert(args.end(), more.begin(), more.end());
    return RunTool(args);
  }
  // With the pair of a name in the folder.
  Outcome DoctorOfTls(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"--tls-certificate", files_.Path(name + ".crt"), "--tls-key",
                                     files_.Path(name + ".key")};
    args.insert(args.end(), more.begin(), more.end());
    return Doctor(Issuer() + Rule(), args);
  }

  TestCertificates files_;
  const TestIssuer issuer_;
};

// That there is such a finding, and what to do below it.
MATCHER_P2(HasFinding, text, remedy, "") {
  return ::testing::ExplainMatchResult(::testing::HasSubstr(absl::StrCat(text, "\n     ", remedy)),
                                       arg.out, result_listener);
}

// That nothing is wrong.
MATCHER(FindsNothing, "") {
  *result_listener << arg.out << arg.err;
  return arg.code == 0 && arg.err.empty() && arg.out.find("WARN") == std::string::npos &&
         arg.out.find("FAIL") == std::string::npos;
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_DOCTOR_FIXTURE_H_
